//! Gemma 1 to 3.

use super::names::FOUR_NORMS;
use super::{Build, Decoder, Family, Flag, HeadNorm, Names, Pattern, Windows};

const GEMMA: Decoder = Decoder {
    tied: true,
    mlp_bias: Flag::No,
    ..Decoder::LLAMA
};
const SANDWICH: Decoder = Decoder {
    names: Names {
        norms: FOUR_NORMS,
        ..Names::LLAMA
    },
    ..GEMMA
};

/// Tied heads; from Gemma 2 on a norm before and after each mixer and interleaved windows; Gemma 3 adds q and k norms.
pub const FAMILIES: &[Family] = &[
    Family {
        types: &["gemma"],
        title: "Gemma",
        build: Build::Decoder(GEMMA),
    },
    Family {
        types: &["gemma2"],
        title: "Gemma 2",
        build: Build::Decoder(Decoder {
            windows: Windows {
                pattern: Pattern::Even,
                switch: None,
            },
            ..SANDWICH
        }),
    },
    Family {
        types: &["gemma3_text"],
        title: "Gemma 3",
        build: Build::Decoder(Decoder {
            head_norm: HeadNorm::PER_HEAD,
            windows: Windows {
                pattern: Pattern::FullEvery(&["sliding_window_pattern", "_sliding_window_pattern"], 6),
                switch: None,
            },
            ..SANDWICH
        }),
    },
];
