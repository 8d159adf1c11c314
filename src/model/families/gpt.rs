//! GPT and its early followers: LayerNorm, learned positions or none, plain MLPs with biases, one matrix for q, k and v.

use serde_json::json;

use super::super::blocks::{Norm, QkNorm, embedding, head};
use super::super::component::Component;
use super::super::config::Config;
use super::super::error::ModelError;
use super::super::operator::{Block, Operator, Role, Rows, Step};
use super::super::tensor::Tensor;
use super::assembly::Assembly;
use super::names::OUT_PROJ;
use super::{Build, Changes, Decoder, Family, Flag, Gate, HeadNorm, Names, Table};
use crate::units::Quantity;

/// GPT-2: learned positions, biases everywhere, tied.
const GPT2: Decoder = Decoder {
    tied: true,
    qkv_bias: Flag::Yes,
    output_bias: Flag::Yes,
    rotary: false,
    tables: &[Table::positions("wpe", 0)],
    norm: Norm::Layer,
    gate: Gate::Plain,
    mlp_bias: Flag::Yes,
    names: Names {
        embedding: "wte",
        attention: ["attn.c_attn", "attn.c_attn", "attn.c_attn", "attn.c_proj"],
        mlp: ["", "mlp.c_fc", "mlp.c_proj"],
        norms: ["ln_1", "", "ln_2", ""],
        final_norm: "ln_f",
        ..Names::LLAMA
    },
    ..Decoder::LLAMA
};
/// CTRL: computed positions, and a bias of the head (Keskar 2019, arXiv 1909.05858).
const CTRL: Decoder = Decoder {
    tables: &[],
    dense_width: &["dff"],
    head_bias: Flag::Yes,
    names: Names {
        embedding: "w",
        attention: [
            "multi_head_attention.Wq",
            "multi_head_attention.Wk",
            "multi_head_attention.Wv",
            "multi_head_attention.dense",
        ],
        mlp: ["", "ffn.0", "ffn.2"],
        norms: ["layernorm1", "", "layernorm2", ""],
        final_norm: "layernorm",
        ..Names::LLAMA
    },
    ..GPT2
};
/// GPT-J: attention and MLP side by side, no biases in attention, one in the head.
const GPTJ: Decoder = Decoder {
    tied: false,
    qkv_bias: Flag::No,
    output_bias: Flag::No,
    rotary: true,
    tables: &[],
    parallel: Flag::Yes,
    head_bias: Flag::Yes,
    names: Names {
        attention: ["attn.q_proj", "attn.k_proj", "attn.v_proj", "attn.out_proj"],
        mlp: ["", "mlp.fc_in", "mlp.fc_out"],
        norms: ["ln_1", "", "", ""],
        ..GPT2.names
    },
    ..GPT2
};
/// GPT-NeoX: rotary, an input norm for each mixer, untied.
const NEOX: Decoder = Decoder {
    tied: false,
    qkv_bias: Flag::Key("attention_bias", true),
    output_bias: Flag::Key("attention_bias", true),
    rotary: true,
    tables: &[],
    names: Names {
        embedding: "embed_in",
        attention: [
            "attention.query_key_value",
            "attention.query_key_value",
            "attention.query_key_value",
            "attention.dense",
        ],
        mlp: ["", "mlp.dense_h_to_4h", "mlp.dense_4h_to_h"],
        norms: ["input_layernorm", "", "post_attention_layernorm", ""],
        final_norm: "final_layer_norm",
        head: "embed_out",
        ..Names::LLAMA
    },
    ..GPT2
};
/// OPT and its like: separate q, k and v; two rows of the position table stay free.
const OPT: Decoder = Decoder {
    tables: &[Table::positions("embed_positions", 2)],
    qkv_bias: Flag::Key("enable_bias", true),
    output_bias: Flag::Key("enable_bias", true),
    mlp_bias: Flag::Key("enable_bias", true),
    names: Names {
        embedding: "embed_tokens",
        attention: OUT_PROJ,
        mlp: ["", "fc1", "fc2"],
        norms: ["self_attn_layer_norm", "", "final_layer_norm", ""],
        final_norm: "final_layer_norm",
        ..Names::LLAMA
    },
    ..GPT2
};
/// BLOOM: ALiBi, a norm after the token table.
const BLOOM: Decoder = Decoder {
    tables: &[],
    names: Names {
        embedding: "word_embeddings",
        stem_norm: "word_embeddings_layernorm",
        attention: [
            "self_attention.query_key_value",
            "self_attention.query_key_value",
            "self_attention.query_key_value",
            "self_attention.dense",
        ],
        mlp: NEOX.names.mlp,
        norms: NEOX.names.norms,
        ..GPT2.names
    },
    ..GPT2
};
/// Persimmon: norms on each head, untied.
const PERSIMMON: Decoder = Decoder {
    tied: false,
    rotary: true,
    tables: &[],
    head_norm: HeadNorm {
        form: QkNorm::PerHead(Norm::Layer),
        when: Flag::Key("qk_layernorm", true),
    },
    names: Names {
        embedding: "embed_tokens",
        attention: [
            "self_attn.query_key_value",
            "self_attn.query_key_value",
            "self_attn.query_key_value",
            "self_attn.dense",
        ],
        qk_norm: ["self_attn.q_layernorm", "self_attn.k_layernorm"],
        mlp: NEOX.names.mlp,
        norms: NEOX.names.norms,
        final_norm: "final_layernorm",
        ..Names::LLAMA
    },
    ..GPT2
};

/// Sources: Radford 2018 and 2019; Black 2022 (arXiv 2204.06745); Zhang 2022 (arXiv 2205.01068); Le Scao 2022 (arXiv
/// 2211.05100); counts checked against transformers' classes.
pub const FAMILIES: &[Family] = &[
    Family {
        types: &["gpt2", "gpt-sw3"],
        title: "GPT-2",
        build: Build::Decoder(GPT2),
    },
    Family {
        types: &["openai-gpt"],
        title: "GPT",
        build: Build::Decoder(Decoder {
            tables: &[Table::positions("positions_embed", 0)],
            names: Names {
                embedding: "tokens_embed",
                norms: ["", "ln_1", "", "ln_2"],
                final_norm: "",
                ..GPT2.names
            },
            ..GPT2
        }),
    },
    Family {
        types: &["ctrl"],
        title: "CTRL",
        build: Build::Decoder(CTRL),
    },
    Family {
        types: &["gpt_bigcode"],
        title: "StarCoder",
        build: Build::Decoder(Decoder {
            // One head of keys and values where `multi_query` says so.
            translate: |config| {
                Ok(if config.flag("multi_query", true)? {
                    vec![("num_key_value_heads", json!(1))]
                } else {
                    Vec::new()
                })
            },
            ..GPT2
        }),
    },
    Family {
        types: &["gpt_neo"],
        title: "GPT-Neo",
        build: Build::Decoder(Decoder {
            qkv_bias: Flag::No,
            names: Names {
                attention: [
                    "attn.attention.q_proj",
                    "attn.attention.k_proj",
                    "attn.attention.v_proj",
                    "attn.attention.out_proj",
                ],
                ..GPT2.names
            },
            ..GPT2
        }),
    },
    Family {
        types: &["gptj"],
        title: "GPT-J",
        build: Build::Decoder(GPTJ),
    },
    Family {
        types: &["codegen"],
        title: "CodeGen",
        build: Build::Decoder(Decoder {
            names: Names {
                attention: ["attn.qkv_proj", "attn.qkv_proj", "attn.qkv_proj", "attn.out_proj"],
                ..GPTJ.names
            },
            ..GPTJ
        }),
    },
    Family {
        types: &["gpt_neox"],
        title: "GPT-NeoX",
        build: Build::Decoder(NEOX),
    },
    Family {
        types: &["gpt_neox_japanese"],
        title: "GPT-NeoX Japanese",
        build: Build::Decoder(Decoder {
            translate: |config| {
                let hidden = config.size("hidden", &["hidden_size"])?.value;
                let times = config.size("times", &["intermediate_multiple_size"])?.value;
                Ok(vec![("intermediate_size", json!(hidden.saturating_mul(times)))])
            },
            tied: true,
            qkv_bias: Flag::No,
            output_bias: Flag::No,
            mlp_bias: Flag::No,
            adjust_ends: |_, all| {
                // Of all layers only the last has a bias behind its attention.
                let bias = Tensor::vector("layers.last.attention.dense_bias", Component::Projection, &all.hidden);
                let mut operator = Operator::elementwise(
                    "bias of the last attention",
                    Component::Projection,
                    &all.hidden,
                    Step::Plain(1),
                    1,
                );
                operator.tensors.push(bias);
                if let Some(block) = all.tail.first_mut() {
                    block.operators.insert(0, operator);
                }
                Ok(())
            },
            ..NEOX
        }),
    },
    Family {
        types: &["opt"],
        title: "OPT",
        build: Build::From(opt),
    },
    Family {
        types: &["biogpt"],
        title: "BioGPT",
        build: Build::Decoder(BIOGPT),
    },
    Family {
        types: &["xglm"],
        title: "XGLM",
        // Positions are a fixed sinusoid.
        build: Build::Decoder(Decoder {
            tables: &[],
            names: Names {
                head: "lm_head",
                ..BIOGPT.names
            },
            ..BIOGPT
        }),
    },
    Family {
        types: &["bloom"],
        title: "BLOOM",
        build: Build::Decoder(BLOOM),
    },
    Family {
        types: &["mpt"],
        title: "MPT",
        build: Build::Decoder(MPT),
    },
    Family {
        types: &["persimmon"],
        title: "Persimmon",
        build: Build::Decoder(PERSIMMON),
    },
];

/// Norms after each mixer and no last one without `do_layer_norm_before`; a narrower token table needs two projections.
fn opt(config: &Config) -> Result<Build, ModelError> {
    let last = config.flag("do_layer_norm_before", true)? && !config.flag("_remove_final_layer_norm", false)?;
    let norm = if config.flag("layer_norm_elementwise_affine", true)? {
        Norm::Layer
    } else {
        Norm::Plain
    };
    Ok(Build::Decoder(Decoder {
        norm,
        names: Names {
            final_norm: if last { OPT.names.final_norm } else { "" },
            ..OPT.names
        },
        adjust_ends: projected,
        ..OPT
    }))
}

/// The projections between a token table of its own width and the residual stream.
fn projected(config: &Config, all: &mut Assembly<'_>) -> Result<(), ModelError> {
    let hidden = all.hidden.clone();
    let width = config.size_or("word_width", &["word_embed_proj_dim"], || hidden.clone())?;
    if width.value == hidden.value {
        return Ok(());
    }
    let project = |title, name: &'static str, out: &Quantity, input: &Quantity| {
        let weight = Tensor::matrix(format!("{name}.weight"), Component::Projection, out, input);
        Block {
            operators: vec![Operator::linear(name, weight, None, Rows::Tokens, out, input)],
            ..Block::new(title, Role::Embedding)
        }
    };
    if let Some(table) = all.stem.first_mut() {
        *table = embedding(OPT.names.embedding, &all.vocabulary, &width);
    }
    all.stem
        .insert(1, project("Input projection", "project_in", &hidden, &width));
    all.tail.pop();
    all.tail
        .push(project("Output projection", "project_out", &width, &hidden));
    let lm_head = head("lm_head", &all.vocabulary, &width, all.tied, false);
    all.tail.push(lm_head);
    Ok(())
}

/// OPT's form.
const BIOGPT: Decoder = Decoder {
    qkv_bias: Flag::Yes,
    output_bias: Flag::Yes,
    mlp_bias: Flag::Yes,
    names: Names {
        final_norm: "layer_norm",
        head: "output_projection",
        ..OPT.names
    },
    ..OPT
};

/// ALiBi, LayerNorm without bias, no biases.
const MPT: Decoder = Decoder {
    qkv_bias: Flag::No,
    output_bias: Flag::No,
    mlp_bias: Flag::No,
    norm: Norm::LayerWithoutBias,
    tables: &[],
    names: Names {
        attention: ["attn.Wqkv", "attn.Wqkv", "attn.Wqkv", "attn.out_proj"],
        mlp: ["", "ffn.up_proj", "ffn.down_proj"],
        norms: ["norm_1", "", "norm_2", ""],
        final_norm: "norm_f",
        ..GPT2.names
    },
    translate: expanded,
    ..GPT2
};

/// The MLP is `expansion_ratio` times as wide as the residual stream.
fn expanded(config: &Config) -> Result<Changes, ModelError> {
    let nested = config.object("attn_config");
    let set = |key: &str| {
        nested
            .and_then(|inner| inner.get(key))
            .and_then(serde_json::Value::as_bool)
    };
    if set("qk_ln") == Some(true) || config.get("no_bias").is_some_and(|value| value == false) {
        return Err(ModelError::NotBuilt {
            model_type: "mpt".to_owned(),
            what: "A variant with biases or norms of queries and keys".to_owned(),
        });
    }
    let ratio = config.size("expansion_ratio", &["expansion_ratio"])?;
    let hidden = config.size("hidden", super::keys::HIDDEN)?;
    let width = ratio.value.saturating_mul(hidden.value);
    Ok(vec![("intermediate_size", json!(width))])
}
