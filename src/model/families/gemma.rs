//! Gemma 1 to 3.

use serde_json::json;

use super::super::config::Config;
use super::super::error::ModelError;
use super::names::FOUR_NORMS;
use super::{Build, Changes, Decoder, Family, Flag, HeadNorm, Names, Pattern, Windows};

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
            translate: half_windows,
            ..SANDWICH
        }),
    },
];

/// Where tokens see each other both ways, half of a window is on each side.
fn half_windows(config: &Config) -> Result<Changes, ModelError> {
    if !config.flag("use_bidirectional_attention", false)? {
        return Ok(Changes::new());
    }
    config.notice(
        "both_ways",
        "Tokens of this model see each other both ways (use_bidirectional_attention); it is counted as one that writes, whose tokens see those before them.",
    );
    half_window(config)
}

/// Half of a window and the token itself.
pub fn half_window(config: &Config) -> Result<Changes, ModelError> {
    let window = config.optional("window", &["sliding_window"])?;
    Ok(window
        .map(|window| ("sliding_window", json!(window.value / 2 + 1)))
        .into_iter()
        .collect())
}
