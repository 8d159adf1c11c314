//! GLM-4, GLM-4-0414, GLM-4.5 to 4.7, and Sarvam, which is built like GLM-4.5.

use super::super::blocks::{Norm, QkNorm};
use super::{Build, Decoder, Experts, Family, Flag, HeadNorm, Names};

/// q, k and v may have biases, o never.
const GLM: Decoder = Decoder {
    qkv_bias: Flag::Key("attention_bias", true),
    output_bias: Flag::No,
    mlp_bias: Flag::No,
    ..Decoder::LLAMA
};
const GLM_MOE: Decoder = Decoder {
    qkv_bias: Flag::Key("attention_bias", false),
    head_norm: HeadNorm {
        form: QkNorm::PerHead(Norm::Rms),
        when: Flag::Key("use_qk_norm", false),
    },
    experts: Some(Experts::DEEPSEEK),
    ..GLM
};
const FOUR_NORMS: [&str; 4] = [
    "input_layernorm",
    "post_self_attn_layernorm",
    "post_attention_layernorm",
    "post_mlp_layernorm",
];

/// 0414 has a norm before and after each mixer; 4.5 has experts after the first dense layers.
pub const FAMILIES: &[Family] = &[
    Family {
        types: &["glm"],
        title: "GLM-4",
        build: Build::Decoder(GLM),
    },
    Family {
        types: &["glm4", "glm4v_text"],
        title: "GLM-4-0414",
        build: Build::Decoder(Decoder {
            names: Names {
                norms: FOUR_NORMS,
                ..Names::LLAMA
            },
            ..GLM
        }),
    },
    Family {
        types: &["glm_ocr_text"],
        title: "GLM-OCR",
        build: Build::Decoder(Decoder {
            qkv_bias: Flag::No,
            names: Names {
                norms: FOUR_NORMS,
                ..Names::LLAMA
            },
            ..GLM
        }),
    },
    Family {
        types: &["glm4_moe", "glm4v_moe_text"],
        title: "GLM-4.5",
        build: Build::Decoder(GLM_MOE),
    },
    Family {
        types: &["sarvam_moe"],
        title: "Sarvam",
        build: Build::Decoder(GLM_MOE),
    },
];
