//! Granite, dense and with experts.

use super::bamba::GRANITE_EXPERTS;
use super::{Build, Decoder, Experts, Family, Flag, Shared};

/// A Llama whose multipliers are constants, not parameters.
pub const FAMILIES: &[Family] = &[
    Family {
        types: &["granite", "granite_docling_text", "granite4_vision_text"],
        title: "Granite",
        build: Build::Decoder(Decoder::LLAMA),
    },
    Family {
        types: &["granitemoe"],
        title: "Granite MoE",
        build: Build::Decoder(Decoder {
            mlp_bias: Flag::No,
            experts: Some(Experts {
                shared: Shared::None,
                ..GRANITE_EXPERTS
            }),
            ..Decoder::LLAMA
        }),
    },
    Family {
        types: &["granitemoeshared"],
        title: "Granite MoE",
        build: Build::Decoder(Decoder {
            mlp_bias: Flag::No,
            experts: Some(GRANITE_EXPERTS),
            ..Decoder::LLAMA
        }),
    },
];
