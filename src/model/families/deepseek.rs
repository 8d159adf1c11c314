//! DeepSeek V2, V3, R1, Kimi K2 and Sarvam 105B: latent attention, dense layers first, then routed and shared experts.

use super::{AttentionForm, Build, Correction, Decoder, Experts, Family, Flag};

const DEEPSEEK: Decoder = Decoder {
    attention: AttentionForm::Latent,
    mlp_bias: Flag::No,
    experts: Some(Experts::DEEPSEEK),
    ..Decoder::LLAMA
};

/// V2 has no correction bias in its router. `attention_bias` adds biases to q_a, kv_a and o.
pub const FAMILIES: &[Family] = &[
    Family {
        types: &["deepseek_v2"],
        title: "DeepSeek V2",
        build: Build::Decoder(Decoder {
            experts: Some(Experts {
                correction: Correction::None,
                ..Experts::DEEPSEEK
            }),
            ..DEEPSEEK
        }),
    },
    Family {
        types: &["deepseek_v3", "kimi_k2"],
        title: "DeepSeek V3",
        build: Build::Decoder(DEEPSEEK),
    },
    Family {
        types: &["sarvam_mla"],
        title: "Sarvam with latent attention",
        build: Build::Decoder(DEEPSEEK),
    },
];
