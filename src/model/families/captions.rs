//! Decoders that write about what towers beside them see: GIT (Wang 2022, arXiv 2205.14100), Kosmos-2 (Peng 2023, arXiv
//! 2306.14824), Chameleon (arXiv 2405.09818). Counts checked against transformers' classes.

use serde_json::{Value, json};

use super::super::blocks::{Norm, QkNorm};
use super::super::component::Component;
use super::super::config::Config;
use super::super::error::ModelError;
use super::super::tensor::{Tensor, TensorKind};
use super::encoder::not_built;
use super::names::OUT_PROJ;
use super::{Build, Changes, Decoder, Family, Flag, Gate, HeadNorm, Names, Table, adjust};

/// Every family of this file.
pub const FAMILIES: &[Family] = &[
    Family {
        types: &["git"],
        title: "GIT",
        build: Build::Decoder(GIT),
    },
    Family {
        types: &["kosmos_2_text_model"],
        title: "Kosmos-2",
        build: Build::Decoder(KOSMOS),
    },
    Family {
        types: &["chameleon"],
        title: "Chameleon",
        build: Build::Decoder(CHAMELEON),
    },
];

/// Heads that divide the stream, whatever else is said of them.
const PLAIN_HEADS: [(&str, Value); 2] = [("head_dim", Value::Null), ("num_key_value_heads", Value::Null)];

/// Biases everywhere, LayerNorm, a plain MLP, nothing rotated.
const PLAIN: Decoder = Decoder {
    qkv_bias: Flag::Yes,
    output_bias: Flag::Yes,
    rotary: false,
    norm: Norm::Layer,
    gate: Gate::Plain,
    mlp_bias: Flag::Yes,
    ..Decoder::LLAMA
};

/// BERT's layers, each of which sees what is before it.
const GIT: Decoder = Decoder {
    tables: &[Table::positions("git.embeddings.position_embeddings", 0)],
    head_bias: Flag::Yes,
    names: Names {
        embedding: "git.embeddings.word_embeddings",
        attention: [
            "attention.self.query",
            "attention.self.key",
            "attention.self.value",
            "attention.output.dense",
        ],
        mlp: ["", "intermediate.dense", "output.dense"],
        norms: ["", "attention.output.LayerNorm", "", "output.LayerNorm"],
        stem_norm: "git.embeddings.LayerNorm",
        final_norm: "",
        head: "output",
        ..Names::LLAMA
    },
    translate: |_| Ok(PLAIN_HEADS.into()),
    ..PLAIN
};

/// Norms inside both halves of a layer; positions are computed.
const KOSMOS: Decoder = Decoder {
    tied: true,
    names: Names {
        attention: OUT_PROJ,
        mlp: ["", "ffn.fc1", "ffn.fc2"],
        norms: ["self_attn_layer_norm", "", "final_layer_norm", ""],
        final_norm: "layer_norm",
        ..Names::LLAMA
    },
    translate: kosmos,
    adjust_layer: |config, _, _, blocks| {
        let width = config.size("intermediate", &["intermediate_size"])?;
        let blocks = adjust::mixer(blocks, |block| {
            let width = adjust::output_width(&block);
            adjust::inner_norm(block, "o_proj", "self_attn.inner_attn_ln", Norm::Layer, &width)
        });
        Ok(adjust::channel(blocks, |block| {
            adjust::inner_norm(block, "down_proj", "ffn.ffn_layernorm", Norm::Layer, &width)
        }))
    },
    ..PLAIN
};

/// Keys of its own.
fn kosmos(config: &Config) -> Result<Changes, ModelError> {
    if config.flag("add_cross_attention", false)? {
        return not_built(config, "Attention to another input (add_cross_attention)");
    }
    let read = |keys: &'static [&'static str]| Ok::<_, ModelError>(json!(config.size("size", keys)?.value));
    let mut changes: Changes = vec![
        ("hidden_size", read(&["hidden_size", "embed_dim"])?),
        ("num_hidden_layers", read(&["num_hidden_layers", "layers"])?),
        (
            "num_attention_heads",
            read(&["num_attention_heads", "attention_heads"])?,
        ),
        ("intermediate_size", read(&["ffn_dim"])?),
    ];
    changes.extend(PLAIN_HEADS);
    Ok(changes)
}

/// A Llama with a norm for each head of queries and keys.
const CHAMELEON: Decoder = Decoder {
    head_norm: HeadNorm {
        form: QkNorm::EachHead,
        when: Flag::Yes,
    },
    translate: |_| Ok(vec![("head_dim", Value::Null)]),
    adjust_layer: |config, _, _, blocks| {
        // With swin_norm the norms stand behind what they would stand before.
        config.flag("swin_norm", false)?;
        Ok(adjust::mixer(blocks, |mut block| {
            for operator in &mut block.operators {
                if !matches!(operator.name, "q_norm" | "k_norm") {
                    continue;
                }
                let Some(weight) = operator.tensors.first() else {
                    continue;
                };
                let name = weight.name.replace(".weight", ".bias");
                let dims: Vec<_> = weight.dims.iter().collect();
                let bias = Tensor::new(name, TensorKind::Vector, Component::Norm, &dims);
                operator.tensors.push(bias);
            }
            block
        }))
    },
    ..Decoder::LLAMA
};
