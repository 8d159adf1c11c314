//! Early Chinese and Korean models: Qwen 1, ChatGLM, InternLM, EXAONE and the like.

use serde_json::json;

use super::super::blocks::Norm;
use super::super::config::Config;
use super::super::error::ModelError;
use super::{Build, Changes, Decoder, Family, Flag, Names};

const W_PACK: &str = "self_attn.W_pack";

const WQKV: &str = "attention.wqkv";

const QUERY_KEY_VALUE: &str = "self_attention.query_key_value";

const C_ATTN: &str = "attn.c_attn";

/// Counts checked against transformers' classes.
pub const FAMILIES: &[Family] = &[
    Family {
        types: &["qwen"],
        title: "Qwen",
        build: Build::Decoder(Decoder {
            qkv_bias: Flag::Yes,
            output_bias: Flag::No,
            mlp_bias: Flag::No,
            names: Names {
                embedding: "wte",
                attention: [C_ATTN, C_ATTN, C_ATTN, "attn.c_proj"],
                mlp: ["mlp.w1", "mlp.w2", "mlp.c_proj"],
                norms: ["ln_1", "", "ln_2", ""],
                final_norm: "ln_f",
                ..Names::LLAMA
            },
            translate: halved,
            ..Decoder::LLAMA
        }),
    },
    Family {
        types: &["chatglm"],
        title: "ChatGLM",
        build: Build::From(chatglm),
    },
    Family {
        types: &["internlm"],
        title: "InternLM",
        build: Build::Decoder(Decoder {
            qkv_bias: Flag::Key("bias", true),
            output_bias: Flag::Key("bias", true),
            mlp_bias: Flag::No,
            ..Decoder::LLAMA
        }),
    },
    Family {
        types: &["internlm2"],
        title: "InternLM 2",
        build: Build::Decoder(Decoder {
            qkv_bias: Flag::Key("bias", false),
            output_bias: Flag::Key("bias", false),
            mlp_bias: Flag::No,
            names: Names {
                embedding: "tok_embeddings",
                attention: [WQKV, WQKV, WQKV, "attention.wo"],
                mlp: ["feed_forward.w1", "feed_forward.w3", "feed_forward.w2"],
                norms: ["attention_norm", "", "ffn_norm", ""],
                head: "output",
                ..Names::LLAMA
            },
            ..Decoder::LLAMA
        }),
    },
    Family {
        types: &["baichuan"],
        title: "Baichuan",
        build: Build::Decoder(Decoder {
            names: Names {
                attention: [W_PACK, W_PACK, W_PACK, "self_attn.o_proj"],
                ..Names::LLAMA
            },
            ..Decoder::UNBIASED
        }),
    },
    Family {
        types: &["exaone"],
        title: "EXAONE 3",
        build: Build::Decoder(Decoder {
            names: Names {
                embedding: "wte",
                attention: [
                    "attn.attention.q_proj",
                    "attn.attention.k_proj",
                    "attn.attention.v_proj",
                    "attn.attention.out_proj",
                ],
                mlp: ["mlp.c_fc_0", "mlp.c_fc_1", "mlp.c_proj"],
                norms: ["ln_1", "", "ln_2", ""],
                final_norm: "ln_f",
                ..Names::LLAMA
            },
            ..Decoder::UNBIASED
        }),
    },
];

/// `intermediate_size` counts gate and up together; q, k and v have biases; keys are as many as queries.
fn halved(config: &Config) -> Result<Changes, ModelError> {
    let both = config.size("intermediate", &["intermediate_size"])?.value;
    config.notice(
        "halved_intermediate",
        format!(
            "intermediate_size counts both halves of the MLP; each is {} wide.",
            both / 2
        ),
    );
    let mut changes: Changes = vec![("intermediate_size", json!(both / 2))];
    if config.get("vocab_size").is_none() {
        // The class default of the published code; padded_vocab_size is not what the matrix has.
        changes.push(("vocab_size", json!(151_936)));
    }
    Ok(changes)
}

/// ChatGLM 2, 3 and GLM-4-9B: as many heads of keys as `multi_query_group_num`, if `multi_query_attention` is on.
fn chatglm(config: &Config) -> Result<Build, ModelError> {
    Ok(Build::Decoder(Decoder {
        translate: |config| {
            if config.flag("multi_query_attention", true)? {
                return Ok(Vec::new());
            }
            let heads = config.size("heads", super::keys::HEADS)?;
            Ok(vec![("num_key_value_heads", json!(heads.value))])
        },
        qkv_bias: if config.flag("add_bias_linear", false)? {
            Flag::Yes
        } else {
            Flag::Key("add_qkv_bias", true)
        },
        output_bias: Flag::Key("add_bias_linear", false),
        mlp_bias: Flag::Key("add_bias_linear", false),
        norm: if config.flag("rmsnorm", true)? {
            Norm::Rms
        } else {
            Norm::Layer
        },
        names: Names {
            embedding: "embedding.word_embeddings",
            attention: [
                QUERY_KEY_VALUE,
                QUERY_KEY_VALUE,
                QUERY_KEY_VALUE,
                "self_attention.dense",
            ],
            mlp: ["mlp.dense_h_to_4h", "mlp.dense_h_to_4h", "mlp.dense_4h_to_h"],
            final_norm: if config.flag("post_layer_norm", true)? {
                "encoder.final_layernorm"
            } else {
                ""
            },
            head: "output_layer",
            ..Names::LLAMA
        },
        ..Decoder::LLAMA
    }))
}
