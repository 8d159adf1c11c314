//! MiniMax M3: dense layers first, an indexer on the sparse ones.

use serde_json::{Value, json};

use super::super::blocks::{Indexer, Norm, indexed};
use super::super::config::Config;
use super::super::error::ModelError;
use super::super::operator::Block;
use super::layers::by_layer;
use super::names::MIXTRAL_EXPERTS;
use super::{Build, Changes, Correction, Decoder, Experts, Family, HeadNorm, MoeLayers, Place, Shared, adjust};
use crate::units::Quantity;

/// MiniMax M3: dense layers first, an indexer on the sparse layers.
const MINIMAX_M3: Decoder = Decoder {
    head_norm: HeadNorm::PER_HEAD,
    dense_width: &["dense_intermediate_size"],
    experts: Some(Experts {
        width: &["intermediate_size"],
        layers: MoeLayers::Listed("moe_layer_freq"),
        shared: Shared::Width(&["shared_intermediate_size"]),
        router: "block_sparse_moe.gate",
        shared_module: [
            "block_sparse_moe.shared_experts.gate_proj",
            "block_sparse_moe.shared_experts.up_proj",
            "block_sparse_moe.shared_experts.down_proj",
        ],
        correction: Correction::Buffer("block_sparse_moe.e_score_correction_bias"),
        modules: MIXTRAL_EXPERTS,
        ..Experts::PLAIN
    }),
    translate: nested,
    changes: |config, windowed| match config.numbers("sparse_layers")? {
        Some(list) => by_layer(&list, windowed.len(), "sparse_attention_freq", "indexer"),
        None => Ok(Vec::new()),
    },
    adjust_layer: minimax_indexer,
    ..Decoder::UNBIASED
};

/// Counts checked against transformers' classes.
pub const FAMILIES: &[Family] = &[Family {
    types: &["minimax_m3", "minimax_m3_vl_text"],
    title: "MiniMax M3",
    build: Build::Decoder(MINIMAX_M3),
}];

/// The indexer's sizes may lie in `sparse_attention_config`, and so may the list of its layers.
fn nested(config: &Config) -> Result<Changes, ModelError> {
    let mut changes: Changes = Vec::new();
    let nested = config.object("sparse_attention_config");
    for (key, nested_key) in [
        ("index_n_heads", "sparse_num_index_heads"),
        ("index_head_dim", "sparse_index_dim"),
        ("index_block_size", "sparse_block_size"),
        ("index_topk_blocks", "sparse_topk_blocks"),
        ("sparse_layers", "sparse_attention_freq"),
    ] {
        if let Some(value) = nested.and_then(|inner| inner.get(nested_key)) {
            changes.push((key, value.clone()));
        }
    }
    if let Some(types) = config.names("layer_types")? {
        let sparse: Vec<u64> = types
            .iter()
            .map(|&name| u64::from(name == "minimax_m3_sparse"))
            .collect();
        changes.push(("sparse_layers", json!(sparse)));
        changes.push(("layer_types", Value::Null));
    }
    Ok(changes)
}

fn minimax_indexer(config: &Config, hidden: &Quantity, _: Place, blocks: Vec<Block>) -> Result<Vec<Block>, ModelError> {
    if !config.flag("indexer", false)? {
        return Ok(blocks);
    }
    let block = config.size("index_block_size", &["index_block_size"])?;
    let most = config.size("index_topk_blocks", &["index_topk_blocks"])?;
    let style = Indexer {
        heads: config.size("index_heads", &["index_n_heads"])?,
        dim: config.size("index_dim", &["index_head_dim"])?,
        input: hidden.clone(),
        modules: ["self_attn.index_q_proj", "self_attn.index_k_proj"],
        norms: &[
            ("self_attn.index_q_norm", Norm::Rms),
            ("self_attn.index_k_norm", Norm::Rms),
        ],
        weights: None,
        chosen: Quantity::product("index_topk", &[&most, &block]),
    };
    Ok(adjust::mixer(blocks, |block| indexed(block, hidden, &style)))
}
