//! Decoders that follow Llama with a touch of their own.

use super::super::blocks::{Norm, QkNorm, with_vectors};
use super::super::component::Component;
use super::super::config::Config;
use super::super::error::ModelError;
use super::super::tensor::Tensor;
use super::{Build, Correction, Decoder, Experts, Family, Flag, Gate, HeadNorm, Names, Pattern, Windows, adjust};
use crate::units::Quantity;

/// Counts checked against transformers' classes.
pub const FAMILIES: &[Family] = &[
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
        types: &["iquestcoder"],
        title: "IQuest Coder",
        build: Build::Decoder(Decoder::LLAMA),
    },
    Family {
        types: &["nanochat"],
        title: "nanochat",
        build: Build::Decoder(Decoder {
            mlp_bias: Flag::No,
            norm: Norm::Plain,
            gate: Gate::Plain,
            head_norm: HeadNorm {
                form: QkNorm::PerHead(Norm::Plain),
                when: Flag::Yes,
            },
            names: Names {
                mlp: ["", "mlp.fc1", "mlp.fc2"],
                stem_norm: "norm",
                ..Names::LLAMA
            },
            ..Decoder::LLAMA
        }),
    },
    Family {
        types: &["minicpm"],
        title: "MiniCPM",
        build: Build::From(minicpm),
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
        build: Build::From(hyperclovax),
    },
    Family {
        types: &["bitnet"],
        title: "BitNet",
        build: Build::Decoder(Decoder {
            mlp_bias: Flag::No,
            adjust_layer: |config, hidden, place, blocks| {
                let blocks = adjust::filled(config, hidden, place, blocks)?;
                let blocks = adjust::mixer(blocks, |block| {
                    let width = adjust::output_width(&block);
                    adjust::inner_norm(block, "o_proj", "self_attn.attn_sub_norm", Norm::Rms, &width)
                });
                Ok(adjust::channel(blocks, |block| {
                    let width = block
                        .live
                        .last()
                        .map_or_else(|| Quantity::architecture("width", 0, "none"), |live| live.width.clone());
                    adjust::inner_norm(block, "down_proj", "mlp.ffn_sub_norm", Norm::Rms, &width)
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
            adjust_layer: |config, hidden, _, blocks| {
                let heads = config.size("heads", super::keys::HEADS)?;
                let dim = config.size_or("head_dim", &["head_dim"], || {
                    Quantity::quotient("head_dim", hidden, &heads)
                })?;
                let vectors = ["lambda_q1", "lambda_k1", "lambda_q2", "lambda_k2"]
                    .map(|name| Tensor::vector(format!("self_attn.{name}"), Component::Attention, &dim));
                Ok(adjust::mixer(blocks, |block| {
                    adjust::twice(with_vectors(block, "scores and values", vectors.clone()))
                }))
            },
            ..Decoder::LLAMA
        }),
    },
];

/// Dense, or with eight experts of the dense width (arXiv 2404.06395, section 6.4).
fn minicpm(config: &Config) -> Result<Build, ModelError> {
    let experts = Experts {
        width: &["intermediate_size"],
        modules: ["mlp.experts.{e}.w1", "mlp.experts.{e}.w3", "mlp.experts.{e}.w2"],
        ..Experts::PLAIN
    };
    Ok(Build::Decoder(Decoder {
        tied: true,
        mlp_bias: Flag::No,
        experts: config
            .optional("experts", &["num_experts"])?
            .filter(|count| count.value > 0)
            .map(|_| experts),
        ..Decoder::LLAMA
    }))
}

/// With `use_post_norm` a norm follows each mixer as well.
fn hyperclovax(config: &Config) -> Result<Build, ModelError> {
    let after = config.flag("use_post_norm", true)?;
    let [one, two] = if after { ["post_norm1", "post_norm2"] } else { ["", ""] };
    Ok(Build::Decoder(Decoder {
        names: Names {
            norms: ["input_layernorm", one, "post_attention_layernorm", two],
            ..Names::LLAMA
        },
        ..Decoder::LLAMA
    }))
}
