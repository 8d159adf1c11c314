//! Mistral and Mixtral.

use super::super::component::Component;
use super::super::operator::{Block, Operator, Role, Rows};
use super::super::tensor::Tensor;
use super::names::MIXTRAL_EXPERTS;
use super::{Build, Decoder, Experts, Family, Pattern, Windows};
use crate::units::Quantity;

const MISTRAL: Decoder = Decoder {
    windows: Windows {
        pattern: Pattern::Always,
        switch: None,
    },
    ..Decoder::UNBIASED
};

/// No biases at all; a window on every layer where `sliding_window` is a number (only 7B v0.1 in practice).
pub const FAMILIES: &[Family] = &[
    Family {
        types: &["mistral", "ministral", "ministral3"],
        title: "Mistral",
        build: Build::Decoder(MISTRAL),
    },
    Family {
        types: &["voxtral_realtime_text"],
        title: "Voxtral Realtime",
        build: Build::Decoder(Decoder {
            adjust_layer: |_, hidden, _, mut blocks| {
                blocks.push(delayed(hidden));
                Ok(blocks)
            },
            ..MISTRAL
        }),
    },
    Family {
        types: &["mixtral"],
        title: "Mixtral",
        build: Build::Decoder(Decoder {
            // The file's intermediate_size is the width of one expert.
            experts: Some(Experts {
                width: &["intermediate_size"],
                router: "block_sparse_moe.gate",
                modules: MIXTRAL_EXPERTS,
                ..Experts::PLAIN
            }),
            ..MISTRAL
        }),
    },
];

/// What scales a layer's norm by how long the model waits before it writes: one vector for all tokens.
fn delayed(hidden: &Quantity) -> Block {
    let narrow = Quantity::architecture("rank", 32, "the same in every such model");
    let part = Component::Norm;
    let one = |module: &str, out: &Quantity, input: &Quantity| {
        let weight = Tensor::matrix(format!("ada_rms_norm.{module}.weight"), part, out, input);
        Operator::linear("delay", weight, None, Rows::Given(1), out, input)
    };
    Block {
        operators: vec![one("linear1", &narrow, hidden), one("linear2", hidden, &narrow)],
        ..Block::new("Delay", Role::Norm)
    }
}
