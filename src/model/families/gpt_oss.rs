//! gpt-oss: biases everywhere, a sink on each head, windows on every other layer, experts with biases.

use super::{Build, Decoder, Experts, Family, Flag, Pattern, Windows};

/// Layers 0, 2, 4 … see a window of 128.
pub const FAMILIES: &[Family] = &[Family {
    types: &["gpt_oss"],
    title: "gpt-oss",
    build: Build::Decoder(Decoder {
        qkv_bias: Flag::Key("attention_bias", true),
        output_bias: Flag::Key("attention_bias", true),
        sinks: [Flag::Yes, Flag::Yes],
        windows: Windows {
            pattern: Pattern::Even,
            switch: None,
        },
        experts: Some(Experts {
            width: &["intermediate_size"],
            router: "mlp.router",
            bias: true,
            ..Experts::PLAIN
        }),
        ..Decoder::LLAMA
    }),
}];
