//! Falcon: one description with three forms of layers.

use serde_json::json;

use super::super::blocks::Norm;
use super::super::config::Config;
use super::super::error::ModelError;
use super::super::operator::{Block, CacheWidth};
use super::keys::HEADS;
use super::{Build, Changes, Decoder, Family, Flag, Gate, Names, adjust};
use crate::units::Quantity;

const FUSED: &str = "self_attention.query_key_value";

/// 7B: one norm, one head of keys. 40B and 180B (`new_decoder_architecture`): a norm for each mixer, grouped queries.
/// RW: one mixer after the other, ALiBi, biases. Source: Almazrouei 2023 (arXiv 2311.16867).
pub const FAMILIES: &[Family] = &[Family {
    types: &["falcon", "RefinedWeb", "RefinedWebModel"],
    title: "Falcon",
    build: Build::From(falcon),
}];

fn falcon(config: &Config) -> Result<Build, ModelError> {
    let grouped = config.flag("new_decoder_architecture", false)?;
    let parallel = grouped || config.flag("parallel_attn", true)?;
    let norms = config
        .optional("norms", &["num_ln_in_parallel_attn"])?
        .map_or(if grouped { 2 } else { 1 }, |found| found.value);
    Ok(Build::Decoder(Decoder {
        tied: true,
        qkv_bias: Flag::Key("bias", false),
        output_bias: Flag::Key("bias", false),
        mlp_bias: Flag::Key("bias", false),
        rotary: !config.flag("alibi", false)?,
        norm: Norm::Layer,
        gate: Gate::Plain,
        parallel: if parallel && norms != 2 { Flag::Yes } else { Flag::No },
        names: Names {
            embedding: "word_embeddings",
            attention: [FUSED, FUSED, FUSED, "self_attention.dense"],
            mlp: ["", "mlp.dense_h_to_4h", "mlp.dense_4h_to_h"],
            norms: if parallel && norms == 2 {
                ["ln_attn", "", "ln_mlp", ""]
            } else {
                ["input_layernorm", "", "post_attention_layernorm", ""]
            },
            final_norm: "ln_f",
            ..Names::LLAMA
        },
        translate: kv_heads,
        adjust_layer: if grouped {
            |_, _, _, blocks| Ok(adjust::mixer(blocks, repeated))
        } else {
            |_, _, _, blocks| Ok(blocks)
        },
        ..Decoder::LLAMA
    }))
}

fn kv_heads(config: &Config) -> Result<Changes, ModelError> {
    let grouped = config.flag("new_decoder_architecture", false)?;
    let heads = config.size("heads", HEADS)?.value;
    let kv = if !grouped && config.flag("multi_query", true)? {
        1
    } else {
        config
            .optional("kv_heads", &["num_kv_heads", "n_head_kv"])?
            .map_or(heads, |found| found.value)
    };
    Ok(vec![("num_key_value_heads", json!(kv))])
}

/// Keys and values are repeated to all query heads before transformers stores them.
fn repeated(mut block: Block) -> Block {
    let all = adjust::output_width(&block);
    for cache in &mut block.caches {
        if let CacheWidth::Plain(once) = &cache.width {
            cache.width = CacheWidth::Copied {
                once: once.clone(),
                copies: Quantity::clone(&all),
            };
        }
    }
    block
}
