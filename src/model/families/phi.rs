//! Phi 1 to 4 and Phi-MoE.

use super::super::blocks::{Norm, QkNorm};
use super::names::MIXTRAL_EXPERTS;
use super::{Build, Decoder, Experts, Family, Flag, Gate, HeadNorm, Names, Pattern, Windows};

const PHI3: Decoder = Decoder {
    windows: Windows {
        pattern: Pattern::Always,
        switch: None,
    },
    ..Decoder::UNBIASED
};

/// Phi 1 and 2 are of the older kind: LayerNorm, attention and a plain MLP side by side, biases everywhere.
/// Phi 3 and 4 are Llamas with fused matrices (the same count).
pub const FAMILIES: &[Family] = &[
    Family {
        types: &["phi"],
        title: "Phi",
        build: Build::Decoder(Decoder {
            qkv_bias: Flag::Yes,
            output_bias: Flag::Yes,
            head_norm: HeadNorm {
                form: QkNorm::PerHead(Norm::Layer),
                when: Flag::Key("qk_layernorm", false),
            },
            norm: Norm::Layer,
            parallel: Flag::Yes,
            gate: Gate::Plain,
            mlp_bias: Flag::Yes,
            head_bias: Flag::Yes,
            names: Names {
                attention: [
                    "self_attn.q_proj",
                    "self_attn.k_proj",
                    "self_attn.v_proj",
                    "self_attn.dense",
                ],
                qk_norm: ["self_attn.q_layernorm", "self_attn.k_layernorm"],
                mlp: ["", "mlp.fc1", "mlp.fc2"],
                norms: ["input_layernorm", "", "", ""],
                final_norm: "final_layernorm",
                ..Names::LLAMA
            },
            ..Decoder::LLAMA
        }),
    },
    Family {
        types: &["phi3", "phi4_multimodal"],
        title: "Phi 3",
        build: Build::Decoder(PHI3),
    },
    Family {
        types: &["phimoe"],
        title: "Phi MoE",
        build: Build::Decoder(Decoder {
            qkv_bias: Flag::Key("attention_bias", false),
            output_bias: Flag::Key("attention_bias", false),
            norm: Norm::Layer,
            head_bias: Flag::Key("lm_head_bias", false),
            experts: Some(Experts {
                width: &["intermediate_size"],
                router: "block_sparse_moe.gate",
                modules: MIXTRAL_EXPERTS,
                ..Experts::PLAIN
            }),
            ..PHI3
        }),
    },
];
