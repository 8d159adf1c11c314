//! T5's layers over other things than words: UDOP over pages (Tang 2022, arXiv 2212.02623), Pop2Piano over sound (Choi
//! 2022, arXiv 2211.00895). Counts checked against transformers' classes.

use serde_json::{Value, json};

use super::Family;
use super::bart::row;
use super::encoder::not_built;
use super::luke::waiting;
use super::pair::{Pair, Ties};
use super::pairing::relative;
use super::t5::{HEADS, T5};
use crate::model::component::Component;
use crate::model::config::Config;
use crate::model::error::ModelError;
use crate::model::operator::{Block, Role};
use crate::model::tensor::{Tensor, TensorKind};
use crate::model::towers::{channels, pair};

/// Every family of this file.
pub const FAMILIES: &[Family] = &[row(&["udop"], "UDOP", UDOP), row(&["pop2piano"], "Pop2Piano", POP)];

/// A head of its own, and a row for each composer.
const POP: Pair = Pair {
    class: "Pop2Piano",
    ties: Ties::Tables,
    stem: |config, hidden, _| {
        let composers = config.size("composers", &["composer_vocab_size"])?;
        let table = Tensor::new(
            "mel_conditioner.embedding.weight",
            TensorKind::Table,
            Component::Embedding,
            &[&composers, hidden],
        );
        Ok(vec![waiting("Composers", vec![table])])
    },
    ..T5
};

/// Patches of a page, places on it, and distances on both sides that all layers share.
const UDOP: Pair = Pair {
    class: "Udop",
    ties: Ties::Always,
    stem: |config, hidden, _| {
        let names = config.get_anywhere("architectures").and_then(Value::as_array);
        if names.into_iter().flatten().any(|name| name == "UdopModel") {
            return not_built(config, "The class UdopModel");
        }
        let part = Component::Embedding;
        let (down, across) = pair(config, "patch_size")?;
        let rows = config.size("places", &["max_2d_position_embeddings"])?;
        let dims = [hidden, &channels(config)?, &down, &across];
        let table = |side: &str| {
            let name = format!("cell_2d_embedding.{side}_position_embeddings.weight");
            Tensor::new(name, TensorKind::Table, part, &[&rows, hidden])
        };
        let mut tensors = vec![table("x"), table("y")];
        // The decoder has patches of its own, which nothing reads.
        for side in ["", "decoder."] {
            let name = format!("{side}embed_patches.proj");
            tensors.push(Tensor::new(format!("{name}.weight"), TensorKind::Vector, part, &dims));
            tensors.push(Tensor::vector(format!("{name}.bias"), part, hidden));
        }
        Ok(vec![waiting("Patches and places of a page", tensors)])
    },
    adjust_layer: |config, hidden, reads, layer, blocks| {
        let mut blocks = (T5.adjust_layer)(config, hidden, reads, layer, blocks)?;
        if layer == 0 {
            blocks.push(distances(config)?);
        }
        Ok(blocks)
    },
    ..T5
};

/// Distances across and down a page; those along the line are the first layer's.
fn distances(config: &Config) -> Result<Block, ModelError> {
    const KEY: &str = "relative_bias_args";
    let usual = ["1d", "horizontal", "vertical"];
    if let Some(given) = config.get(KEY) {
        let kinds = given.as_array().map(Vec::as_slice).unwrap_or_default();
        let plain = |one: &Value, kind: &str| *one == json!({ "type": kind });
        if kinds.len() != usual.len() || !kinds.iter().zip(usual).all(|(one, kind)| plain(one, kind)) {
            return not_built(config, format!("Other distances than the usual three ({KEY})"));
        }
    }
    // Tables of the page have so many rows whatever is said of those along the line.
    const ROWS: u64 = 32;
    if config.size("buckets", &["relative_attention_num_buckets"])?.value != ROWS {
        return not_built(config, "Another number of distances (relative_attention_num_buckets)");
    }
    let across = relative(config, "relative_bias.biases.1.relative_attention_bias", HEADS)?;
    let down = relative(config, "relative_bias.biases.2.relative_attention_bias", HEADS)?;
    let operators = across.operators.into_iter().chain(down.operators).collect();
    Ok(Block {
        operators,
        ..Block::new("Distances on the page", Role::Embedding)
    })
}
