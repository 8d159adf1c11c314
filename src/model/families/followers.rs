//! Dense decoders in Llama's image whose files use names of their own, and a few with small additions.

use serde_json::json;

use super::super::blocks::{Norm, norm, with_vectors};
use super::super::blueprint::Blueprint;
use super::super::component::Component;
use super::super::config::Config;
use super::super::error::ModelError;
use super::super::operator::{Block, Operator, Role, Rows};
use super::super::tensor::Tensor;
use super::assemble::assemble;
use super::assembly::Assembly;
use super::{
    Build, Changes, Correction, Decoder, Experts, Family, Flag, Gate, HeadNorm, Names, Pattern, Windows, touch,
};
use crate::units::Quantity;

const W_PACK: &str = "self_attn.W_pack";
const WQKV: &str = "attention.wqkv";
const QUERY_KEY_VALUE: &str = "self_attention.query_key_value";
const C_ATTN: &str = "attn.c_attn";

/// Counts checked against the Llama, Qwen 2 or GLM class with the same blocks, or the class of their own.
pub const FAMILIES: &[Family] = &[
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
        types: &["orion"],
        title: "Orion",
        build: Build::Decoder(Decoder {
            norm: Norm::Layer,
            ..Decoder::UNBIASED
        }),
    },
    Family {
        types: &["xverse", "aquila"],
        title: "Llama",
        build: Build::Decoder(Decoder::UNBIASED),
    },
    Family {
        types: &["minicpm"],
        title: "MiniCPM",
        build: Build::Own(minicpm),
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
    Family {
        types: &["qwen"],
        title: "Qwen",
        build: Build::Own(qwen),
    },
    Family {
        types: &["chatglm"],
        title: "ChatGLM",
        build: Build::Own(chatglm),
    },
    Family {
        types: &["deepseek"],
        title: "DeepSeek MoE",
        build: Build::Decoder(Decoder {
            mlp_bias: Flag::No,
            experts: Some(Experts {
                correction: Correction::None,
                ..Experts::DEEPSEEK
            }),
            ..Decoder::LLAMA
        }),
    },
    Family {
        types: &["bailing_moe"],
        title: "Ling",
        build: Build::Decoder(Decoder {
            qkv_bias: Flag::Key("use_qkv_bias", false),
            output_bias: Flag::Key("use_bias", false),
            mlp_bias: Flag::No,
            head_norm: HeadNorm {
                when: Flag::Key("use_qk_norm", false),
                ..HeadNorm::PER_HEAD
            },
            names: Names {
                embedding: "word_embeddings",
                attention: [
                    "attention.query_key_value",
                    "attention.query_key_value",
                    "attention.query_key_value",
                    "attention.dense",
                ],
                qk_norm: ["attention.query_layernorm", "attention.key_layernorm"],
                ..Names::LLAMA
            },
            experts: Some(Experts {
                correction: Correction::None,
                ..Experts::DEEPSEEK
            }),
            ..Decoder::LLAMA
        }),
    },
    Family {
        types: &["jais2"],
        title: "Jais 2",
        build: Build::Decoder(Decoder {
            qkv_bias: Flag::Key("attention_bias", true),
            output_bias: Flag::Key("attention_bias", true),
            mlp_bias: Flag::Key("mlp_bias", true),
            norm: Norm::Layer,
            gate: Gate::Plain,
            ..Decoder::LLAMA
        }),
    },
    Family {
        types: &["vaultgemma"],
        title: "VaultGemma",
        build: Build::Decoder(Decoder {
            tied: true,
            mlp_bias: Flag::No,
            windows: Windows {
                pattern: Pattern::Even,
                switch: None,
            },
            names: Names {
                norms: ["input_layernorm", "", "pre_feedforward_layernorm", ""],
                ..Names::LLAMA
            },
            ..Decoder::LLAMA
        }),
    },
    Family {
        types: &["hyperclovax"],
        title: "HyperCLOVA X",
        build: Build::Own(hyperclovax),
    },
    Family {
        types: &["bitnet"],
        title: "BitNet",
        build: Build::Decoder(Decoder {
            mlp_bias: Flag::No,
            touch: |_, _, _, blocks| {
                let blocks = touch::mixer(blocks, |block| {
                    let width = touch::output_width(&block);
                    inner_norm(block, "o_proj", "self_attn.attn_sub_norm", &width)
                });
                Ok(touch::channel(blocks, |block| {
                    let width = block
                        .live
                        .last()
                        .map_or_else(|| Quantity::architecture("width", 0, "none"), |live| live.width.clone());
                    inner_norm(block, "down_proj", "mlp.ffn_sub_norm", &width)
                }))
            },
            ..Decoder::LLAMA
        }),
    },
    Family {
        types: &["diffllama"],
        title: "DiffLlama",
        build: Build::Decoder(Decoder {
            mlp_bias: Flag::No,
            touch: |config, hidden, _, blocks| {
                let heads = config.size("heads", super::keys::HEADS)?;
                let dim = config.size_or("head_dim", &["head_dim"], || {
                    Quantity::quotient("head_dim", hidden, &heads)
                })?;
                let vectors = ["lambda_q1", "lambda_k1", "lambda_q2", "lambda_k2"]
                    .map(|name| Tensor::vector(format!("self_attn.{name}"), Component::Attention, &dim));
                Ok(touch::mixer(blocks, |block| {
                    touch::twice(with_vectors(block, "scores and values", vectors.clone()))
                }))
            },
            ..Decoder::LLAMA
        }),
    },
    Family {
        types: &["modernbert-decoder"],
        title: "ModernBERT decoder",
        build: Build::Own(modernbert),
    },
];

/// A norm inside a mixer, before the operator of the given name.
fn inner_norm(block: Block, name: &str, module: &'static str, width: &Quantity) -> Block {
    let mut operator = Operator::elementwise("inner norm", Component::Norm, width, Norm::Rms.flops(), 1);
    operator.tensors = Norm::Rms.tensors(module, Component::Norm, &[width]);
    touch::before(block, name, operator)
}

/// Dense, or with eight experts of the dense width (arXiv 2404.06395, section 6.4).
fn minicpm(config: &Config, title: &'static str) -> Result<Blueprint, ModelError> {
    let experts = Experts {
        width: &["intermediate_size"],
        modules: ["mlp.experts.{e}.w1", "mlp.experts.{e}.w3", "mlp.experts.{e}.w2"],
        ..Experts::PLAIN
    };
    let decoder = Decoder {
        tied: true,
        mlp_bias: Flag::No,
        experts: config
            .optional("experts", &["num_experts"])?
            .filter(|count| count.value > 0)
            .map(|_| experts),
        ..Decoder::LLAMA
    };
    assemble(config, title, &decoder)
}

/// `intermediate_size` counts gate and up together; q, k and v have biases; keys are as many as queries.
fn qwen(config: &Config, title: &'static str) -> Result<Blueprint, ModelError> {
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
    let decoder = Decoder {
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
        ..Decoder::LLAMA
    };
    assemble(&config.changed(&changes), title, &decoder)
}

/// ChatGLM 2, 3 and GLM-4-9B: as many heads of keys as `multi_query_group_num`, if `multi_query_attention` is on.
fn chatglm(config: &Config, title: &'static str) -> Result<Blueprint, ModelError> {
    let mut changes: Changes = Vec::new();
    if !config.flag("multi_query_attention", true)? {
        changes.push((
            "num_key_value_heads",
            json!(config.size("heads", super::keys::HEADS)?.value),
        ));
    }
    let decoder = Decoder {
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
    };
    assemble(&config.changed(&changes), title, &decoder)
}

/// With `use_post_norm` a norm follows each mixer as well.
fn hyperclovax(config: &Config, title: &'static str) -> Result<Blueprint, ModelError> {
    let after = config.flag("use_post_norm", true)?;
    let [one, two] = if after { ["post_norm1", "post_norm2"] } else { ["", ""] };
    let decoder = Decoder {
        names: Names {
            norms: ["input_layernorm", one, "post_attention_layernorm", two],
            ..Names::LLAMA
        },
        ..Decoder::LLAMA
    };
    assemble(config, title, &decoder)
}

/// The first layer has no norm before its attention; a dense layer and a norm stand before the tied head.
fn modernbert(config: &Config, title: &'static str) -> Result<Blueprint, ModelError> {
    let mut changes: Changes = Vec::new();
    if let (None, Some(both)) = (
        config.get("sliding_window"),
        config.optional("window", &["local_attention"])?,
    ) {
        changes.push(("sliding_window", json!(both.value / 2)));
    }
    if config.flag("norm_bias", false)? {
        return Err(ModelError::NotBuilt {
            model_type: config.model_type().to_owned(),
            what: "A norm with bias".to_owned(),
        });
    }
    let decoder = Decoder {
        tied: true,
        mlp_bias: Flag::Key("mlp_bias", false),
        norm: Norm::LayerWithoutBias,
        head_bias: Flag::Key("decoder_bias", true),
        windows: Windows {
            pattern: Pattern::FullWhere(|layer, _| layer % 3 == 0),
            switch: None,
        },
        names: Names {
            embedding: "embeddings.tok_embeddings",
            attention: ["attn.q_proj", "attn.k_proj", "attn.v_proj", "attn.Wo"],
            mlp: ["mlp.Wi", "mlp.Wi", "mlp.Wo"],
            norms: ["attn_norm", "", "mlp_norm", ""],
            final_norm: "final_norm",
            head: "decoder",
            ..Names::LLAMA
        },
        changes: |_, windowed| {
            let first = |layer: usize| {
                if layer == 0 {
                    vec![("first", json!(true))]
                } else {
                    Vec::new()
                }
            };
            Ok((0..windowed.len()).map(first).collect())
        },
        touch: |config, _, _, mut blocks| {
            if config.get("first").is_some() && !blocks.is_empty() {
                blocks.remove(0);
            }
            Ok(blocks)
        },
        around: modernbert_ends,
        ..Decoder::LLAMA
    };
    assemble(&config.changed(&changes), title, &decoder)
}

fn modernbert_ends(config: &Config, all: &mut Assembly<'_>) -> Result<(), ModelError> {
    let hidden = all.hidden.clone();
    all.stem.push(norm(Norm::LayerWithoutBias, "embeddings.norm", &hidden));
    let weight = Tensor::matrix("lm_head.dense.weight", Component::LmHead, &hidden, &hidden);
    let bias = config
        .flag("classifier_bias", false)?
        .then(|| Tensor::vector("lm_head.dense.bias", Component::LmHead, &hidden));
    let dense = Operator::linear("head dense", weight, bias, Rows::Logits, &hidden, &hidden);
    let block = Block {
        operators: vec![dense],
        ..Block::new("Head transform", Role::Head)
    };
    let at = all.tail.len().saturating_sub(1);
    all.tail
        .splice(at..at, [block, norm(Norm::LayerWithoutBias, "lm_head.norm", &hidden)]);
    Ok(())
}
