//! GLM-5.3 Flash: Kimi Delta Attention in most layers, latent attention to chosen tokens without positions in the others,
//! hyper-connections around both.

use super::super::blocks::{kimi_delta, pooled, streams_mean, without_positions};
use super::super::config::Config;
use super::super::error::ModelError;
use super::super::operator::Block;
use super::decoder::{Hybrid, Place};
use super::hybrid::every;
use super::keys::{HEADS, KV_HEADS};
use super::kimi_linear::plain_delta;
use super::sparse::{LATENT, connected, indexer, own_indexers, streams};
use super::{Build, Changes, Decoder, Family, adjust};
use crate::units::Quantity;

/// Layers with attention come every so often where `layer_types` is silent.
const EVERY: u64 = 4;

/// Counts checked against transformers' class.
pub const FAMILIES: &[Family] = &[Family {
    types: &["glm5_next_text"],
    title: "GLM-5.3 Flash",
    build: Build::Decoder(Decoder {
        hybrid: Hybrid::of(
            |config, layers| every(config, layers, &[], EVERY),
            |config, hidden| Ok(kimi_delta(hidden, &plain_delta(config)?)),
        ),
        changes,
        adjust_layer: |config, hidden, place, mut blocks| {
            if place.attends() {
                blocks = attention(config, hidden, place, blocks)?;
            }
            connected(config, hidden, blocks, ["hc_attn_", "hc_ffn_"], true)
        },
        adjust_ends: |config, all| {
            all.tail.insert(0, streams_mean(&all.hidden, &streams(config)?));
            Ok(())
        },
        ..LATENT
    }),
}];

/// Layers with attention that use the choice of an earlier one.
fn changes(config: &Config, windowed: &[bool]) -> Result<Vec<Changes>, ModelError> {
    let mixers = every(config, windowed.len() as u64, &[], EVERY)?;
    let mut all = own_indexers(config, windowed.len())?;
    for (change, mixer) in all.iter_mut().zip(mixers) {
        if !(Place { mixer, sparse: false }).attends() {
            change.clear();
        }
    }
    Ok(all)
}

/// Latent attention without positions, whose indexer scores pools of tokens.
fn attention(config: &Config, hidden: &Quantity, place: Place, blocks: Vec<Block>) -> Result<Vec<Block>, ModelError> {
    let (heads, kv_heads) = (config.size("heads", HEADS)?, config.optional("kv_heads", KV_HEADS)?);
    let pool = config.size("index_pool", &["index_kpool"])?;
    let chosen = config.size("index_topk", &["index_topk"])?;
    let set = |key: &'static str| -> Result<bool, ModelError> {
        Ok(config
            .optional(key, std::slice::from_ref(&key))?
            .is_some_and(|found| found.value > 0))
    };
    // Its class has no other form.
    let refused = if set("qk_rope_head_dim")? {
        Some("qk_rope_head_dim must be 0: its attention has no positions.")
    } else if !set("q_lora_rank")? {
        Some("q_lora_rank must be above 0: its indexer reads the queries' latent.")
    } else if kv_heads.is_some_and(|kv| kv.value != heads.value) {
        Some("num_key_value_heads must be num_attention_heads.")
    } else if chosen.value % pool.value.max(1) != 0 {
        Some("index_topk must be a multiple of index_kpool.")
    } else {
        None
    };
    if let Some(words) = refused {
        return Err(ModelError::Inconsistent(words.to_owned()));
    }
    let blocks = adjust::mixer(indexer(config, hidden, place, blocks)?, without_positions);
    Ok(adjust::mixer(blocks, |block| {
        pooled(block, hidden, "self_attn.indexer.index_kpool_compress", &pool)
    }))
}
