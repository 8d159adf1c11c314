//! NeoMME: an encoder of texts and pages with narrow tables, windows of two widths and gated attention. Counts checked
//! against transformers' class.

use serde_json::Value;

use super::Family;
use super::bert::row;
use super::decoder::Flag;
use super::encoder::{Encoder, Masked, Pretraining, Purpose, Sorting, not_built};
use super::encoding::dense;
use super::luke::waiting;
use super::{Decoder, Names, adjust, assembly::Assembly};
use crate::model::blocks::{Norm, norm, positions};
use crate::model::component::Component;
use crate::model::config::{Config, MOST_DIMENSION, whole};
use crate::model::error::ModelError;
use crate::model::operator::{Rows, Span};
use crate::model::tensor::Tensor;
use crate::units::Quantity;

/// Every family of this file.
pub const FAMILIES: &[Family] = &[row(&["neomme"], "NeoMME", NEO)];

const PROJECTION: &str = "embed_tokens.embedding_projection";

/// Norms have no weights.
const NEO: Encoder = Encoder {
    class: "NeoMME",
    stack: Decoder {
        names: Names {
            attention: [
                "self_attn.q_proj",
                "self_attn.k_proj",
                "self_attn.v_proj",
                "self_attn.output_projection.o_proj",
            ],
            mlp: ["", "mlp.up_proj", "mlp.down_proj"],
            ..Names::LLAMA
        },
        kv_heads: &["num_key_value_heads"],
        head_dim: &["head_dim"],
        norm: Norm::Plain,
        ..Decoder::READER.with_biases(Flag::Key("attention_bias", false), Flag::Key("mlp_bias", false))
    },
    tokens: "embed_tokens.word_embeddings",
    tables: &[],
    stem_norm: "",
    narrow: Some(("embedding_rank", PROJECTION, true)),
    final_norm: "final_norm",
    pooler: "",
    masked: Masked {
        dense: "unembedding_projection",
        dense_bias: Flag::No,
        width: &[],
        norm: "",
        decoder: "lm_head",
        bias: Flag::No,
        twin: "",
    },
    sorting: Sorting::Unknown,
    pretraining: Pretraining::Unknown,
    span: seen,
    adjust_layer: |_, hidden, _, blocks| {
        let two = Quantity::architecture("two", 2, "the stream and the words");
        let blocks = adjust::gate(blocks, "self_attn.output_projection.gate_proj", hidden);
        let mut blocks = adjust::mixer(blocks, |block| {
            let heads = adjust::query_heads(&block);
            let own = "self_attn.exclusive_self_attention.alpha";
            let own = vec![Tensor::vector(own, Component::Attention, &heads)];
            adjust::before(
                block,
                "o_proj",
                adjust::vectors("own value", Component::Attention, &heads, own),
            )
        });
        let mixed = vec![Tensor::vector("lambdas", Component::Norm, &two)];
        let mixed = adjust::vectors("stream and words", Component::Norm, hidden, mixed);
        if let Some(first) = blocks.first_mut() {
            first.operators.insert(0, mixed);
        }
        Ok(blocks)
    },
    adjust_ends: ends,
    ..Encoder::BERT
};

/// A list of layers is looked through for each of them.
const MOST_NAMED: u64 = 1 << 14;

/// Windows reach so far on each side; most files give some layers a wider one.
fn seen(config: &Config, layer: u64) -> Result<Span, ModelError> {
    let layers = config.size("layers", &["num_hidden_layers"])?.value;
    let named = config.name_at("layer_types", layer)?;
    if named.is_some() && layer >= MOST_NAMED {
        return not_built(config, "A list of more than 16,384 layers (layer_types)");
    }
    let full = match named {
        Some(own) => match own {
            Some("full_attention") => true,
            Some("sliding_attention") => false,
            _ => return not_built(config, "A layer without a known layer type"),
        },
        None => (layer + 1).is_multiple_of(6) || layer + 1 == layers,
    };
    if full {
        return Ok(Span::Both);
    }
    let usual = config.size("window", &["sliding_window"])?;
    let half = match config.object("per_layer_config") {
        Some(each) => {
            let own = each
                .iter()
                .find(|(key, _)| key.parse::<u64>().is_ok_and(|index| index == layer));
            let own = own.and_then(|(_, values)| values.get("sliding_window"));
            match own.filter(|value| !value.is_null()) {
                Some(value) => {
                    let value = whole("sliding_window", value, 1, MOST_DIMENSION)?;
                    Quantity::config("window", "per_layer_config", value)
                }
                None => usual,
            }
        }
        // Every second one of the windowed layers sees further, whatever is said.
        None => {
            let before = match config.get("layer_types").and_then(Value::as_array) {
                Some(names) => {
                    let earlier = names.iter().take(layer as usize);
                    earlier.filter(|name| name.as_str() != Some("full_attention")).count() as u64
                }
                None => layer - layer / 6,
            };
            if before.is_multiple_of(2) {
                usual
            } else {
                Quantity::assumed("window", 1024, "the class's own wider window")
            }
        }
    };
    Ok(Span::Around(half.times("window on both sides", 2)))
}

fn ends(config: &Config, purpose: Purpose, all: &mut Assembly<'_>) -> Result<(), ModelError> {
    let hidden = all.hidden.clone();
    let tied = all.tied;
    for tensor in all
        .stem
        .iter_mut()
        .chain(&mut all.tail)
        .flat_map(|block| &mut block.operators)
    {
        tensor
            .tensors
            .retain(|one| one.module() != PROJECTION || one.name.ends_with(".weight"));
        for one in &mut tensor.tensors {
            one.tied |= tied && purpose == Purpose::Masked && one.module() == NEO.masked.dense;
        }
    }
    let heads = NEO.stack.read_heads(config, &hidden)?;
    let values = Quantity::product("kv_width", &[&heads.kv, &heads.key_dim]);
    all.stem.push(positions("value_embeddings", &all.vocabulary, &values));
    all.stem.push(norm(Norm::Plain, "embedding_norm", &hidden));
    let patch = config.size("patch", &["patch_size"])?;
    let colours = Quantity::architecture("colours", 3, "red, green and blue");
    let flat = Quantity::product("patch_values", &[&patch, &patch, &colours]);
    let wide = hidden.times("twice", 2);
    let part = Component::Vision;
    let mut tensors = Norm::Layer.tensors("patch_embeddings.norm", part, &[&flat]);
    tensors.extend([
        Tensor::matrix("patch_embeddings.up_proj.weight", part, &wide, &flat),
        Tensor::matrix("patch_embeddings.down_proj.weight", part, &hidden, &wide),
        Tensor::vector("patch_embeddings.down_proj.bias", part, &hidden),
    ]);
    all.stem.push(waiting("Patches", tensors));
    if config.get_anywhere("architectures").is_some_and(|names| {
        names
            .as_array()
            .is_some_and(|names| names.contains(&Value::from("NeoMMEForRetrieval")))
    }) {
        let width = config.size("vector", &["embedding_dim"])?;
        all.tail.push(dense(
            "multi_vector_head.proj",
            &width,
            &hidden,
            false,
            Rows::Tokens,
            Component::LmHead,
        ));
    }
    Ok(())
}
