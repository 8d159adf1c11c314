//! Llama and what was built in its image.

use super::{Build, Decoder, Family, Flag};

/// Biases only where a key asks; q, k, v and o alike. `internlm3` calls the keys `qkv_bias` and `bias`.
pub const FAMILIES: &[Family] = &[
    Family {
        types: &["llama", "Yi"],
        title: "Llama",
        build: Build::Decoder(Decoder::LLAMA),
    },
    Family {
        types: &["internlm3"],
        title: "InternLM 3",
        build: Build::Decoder(Decoder {
            qkv_bias: Flag::Key("qkv_bias", false),
            output_bias: Flag::Key("bias", false),
            mlp_bias: Flag::Key("bias", false),
            ..Decoder::LLAMA
        }),
    },
];
