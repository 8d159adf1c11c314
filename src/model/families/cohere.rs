//! Command R and Aya.

use super::super::blocks::{Norm, QkNorm};
use super::{Build, Decoder, Family, Flag, HeadNorm, Names, Pattern, Windows};

const COHERE: Decoder = Decoder {
    tied: true,
    head_norm: HeadNorm {
        form: QkNorm::EachHead,
        when: Flag::Key("use_qk_norm", false),
    },
    norm: Norm::LayerWithoutBias,
    parallel: Flag::Yes,
    mlp_bias: Flag::No,
    names: Names {
        norms: ["input_layernorm", "", "", ""],
        ..Names::LLAMA
    },
    ..Decoder::LLAMA
};

/// One LayerNorm without bias a layer; attention and MLP side by side; tied.
pub const FAMILIES: &[Family] = &[
    Family {
        types: &["cohere"],
        title: "Command R",
        build: Build::Decoder(COHERE),
    },
    Family {
        types: &["cohere2"],
        title: "Command A",
        build: Build::Decoder(Decoder {
            head_norm: HeadNorm::NONE,
            windows: Windows {
                pattern: Pattern::FullEvery(&["sliding_window_pattern"], 4),
                switch: None,
            },
            ..COHERE
        }),
    },
    Family {
        types: &["cohere_compass_text"],
        title: "Command, seeing",
        build: Build::Decoder(Decoder {
            head_norm: HeadNorm::NONE,
            ..COHERE
        }),
    },
];
