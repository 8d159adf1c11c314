//! Beam: norms before and after each mixer, gated attention, windows and experts. Counts checked against transformers'
//! class.

use super::super::blocks::with_vectors;
use super::super::component::Component;
use super::super::tensor::Tensor;
use super::names::FOUR_NORMS;
use super::{Build, Correction, Decoder, Experts, Family, Flag, HeadNorm, MoeLayers, Names, Pattern, Windows, adjust};

/// Every family of this file.
pub const FAMILIES: &[Family] = &[Family {
    types: &["beam"],
    title: "Beam",
    build: Build::Decoder(Decoder {
        mlp_bias: Flag::No,
        head_norm: HeadNorm::PER_HEAD,
        windows: Windows {
            pattern: Pattern::FullWhere(|layer, layers| (layer + 1) % 6 == 0 || layer + 1 == layers),
            switch: None,
        },
        names: Names {
            norms: FOUR_NORMS,
            ..Names::LLAMA
        },
        experts: Some(Experts {
            layers: MoeLayers::After(&[]),
            correction: Correction::Buffer("mlp.gate.e_score_correction_bias"),
            ..Experts::PLAIN
        }),
        adjust_layer: |_, hidden, _, blocks| {
            let blocks = adjust::mixer(blocks, |block| {
                let bias = Tensor::vector(
                    "self_attn.gate_bias",
                    Component::Projection,
                    &adjust::query_heads(&block),
                );
                with_vectors(block, "scores and values", [bias])
            });
            Ok(adjust::gate(blocks, "self_attn.gate_proj", hidden))
        },
        ..Decoder::LLAMA
    }),
}];
