//! OLMo 1 to 3 and OLMoE.

use super::super::blocks::Norm;
use super::{Build, Decoder, Experts, Family, Flag, HeadNorm, Names, Pattern, Windows, adjust};

const OLMO2: Decoder = Decoder {
    head_norm: HeadNorm::FULL_WIDTH,
    mlp_bias: Flag::No,
    names: Names::POST,
    ..Decoder::LLAMA
};

/// OLMo 1 has norms without weights. From OLMo 2 on norms come after each mixer, and q and k are normed over all heads.
pub const FAMILIES: &[Family] = &[
    Family {
        types: &["olmo"],
        title: "OLMo",
        build: Build::Decoder(Decoder {
            norm: Norm::Plain,
            mlp_bias: Flag::No,
            ..Decoder::LLAMA
        }),
    },
    Family {
        types: &["olmo2"],
        title: "OLMo 2",
        build: Build::Decoder(OLMO2),
    },
    Family {
        types: &["olmo3"],
        title: "OLMo 3",
        build: Build::Decoder(Decoder {
            windows: Windows {
                pattern: Pattern::FullEvery(&[], 4),
                switch: None,
            },
            ..OLMO2
        }),
    },
    Family {
        types: &["olmoe"],
        title: "OLMoE",
        build: Build::Decoder(Decoder {
            adjust_layer: adjust::filled,
            head_norm: HeadNorm::FULL_WIDTH,
            experts: Some(Experts {
                width: &["intermediate_size"],
                ..Experts::PLAIN
            }),
            ..Decoder::LLAMA
        }),
    },
    Family {
        types: &["flex_olmo"],
        title: "FlexOlmo",
        build: Build::Decoder(Decoder {
            experts: Some(Experts {
                width: &["intermediate_size"],
                ..Experts::PLAIN
            }),
            ..OLMO2
        }),
    },
];
