//! Mistral and Mixtral.

use super::{Build, Decoder, Experts, Family, Pattern, Windows};

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
        types: &["mixtral"],
        title: "Mixtral",
        build: Build::Decoder(Decoder {
            // The file's intermediate_size is the width of one expert.
            experts: Some(Experts {
                width: &["intermediate_size"],
                router: "block_sparse_moe.gate",
                modules: [
                    "block_sparse_moe.experts.{e}.w1",
                    "block_sparse_moe.experts.{e}.w3",
                    "block_sparse_moe.experts.{e}.w2",
                ],
                ..Experts::PLAIN
            }),
            ..MISTRAL
        }),
    },
];
