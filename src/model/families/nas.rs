//! Nemotron models found by architecture search: each layer may lack its attention or its MLP, or have narrower ones.

use serde_json::{Value, json};

use super::super::component::Component;
use super::super::config::{Config, MOST_DIMENSION, wrong};
use super::super::error::ModelError;
use super::super::operator::{Block, Live, Operator, Role, Rows};
use super::super::tensor::Tensor;
use super::keys::{HEADS, HIDDEN};
use super::{Build, Changes, Decoder, Family, Place};
use crate::units::Quantity;

/// `block_configs` has one entry a layer. Source: Bercovich 2024 (arXiv 2411.19146) and the published `modeling_decilm.py`.
pub const FAMILIES: &[Family] = &[Family {
    types: &["nemotron-nas"],
    title: "Nemotron NAS",
    build: Build::Decoder(Decoder {
        changes: block_configs,
        adjust_layer: replaced,
        ..Decoder::LLAMA
    }),
}];

/// Heads and widths of each layer.
fn block_configs(config: &Config, windowed: &[bool]) -> Result<Vec<Changes>, ModelError> {
    let Some(Value::Array(blocks)) = config.get("block_configs") else {
        return Err(ModelError::Missing {
            key: "block_configs".to_owned(),
            model_type: config.model_type().to_owned(),
        });
    };
    if blocks.len() < windowed.len() {
        return Err(ModelError::Inconsistent(format!(
            "block_configs has {} entries for {} layers.",
            blocks.len(),
            windowed.len()
        )));
    }
    let heads = config.size("heads", HEADS)?.value;
    let hidden = config.size("hidden", HIDDEN)?.value;
    blocks
        .iter()
        .take(windowed.len())
        .map(|block| one(config, block, heads, hidden))
        .collect()
}

fn one(config: &Config, block: &Value, heads: u64, hidden: u64) -> Result<Changes, ModelError> {
    let mut own: Changes = Vec::new();
    for (part, none, linear) in [
        ("attention", "no_attention", "linear_attention"),
        ("ffn", "no_mlp", "linear_mlp"),
    ] {
        let yes = |key: &str| block.get(part).and_then(|inner| inner.get(key)) == Some(&Value::Bool(true));
        if yes("no_op") {
            own.push((none, json!(true)));
        } else if yes("replace_with_linear") {
            own.push((linear, json!(true)));
        }
    }
    let number = |part: &str, key: &str| {
        block
            .get(part)
            .and_then(|inner| inner.get(key))
            .filter(|v| !v.is_null())
    };
    if number("attention", "window_length").is_some() || number("attention", "num_sink_tokens").is_some() {
        return Err(ModelError::NotBuilt {
            model_type: config.model_type().to_owned(),
            what: "Attention with a window or with sink tokens".to_owned(),
        });
    }
    if let Some(group) = number("attention", "n_heads_in_group") {
        let found = group.as_u64().filter(|&group| group > 0);
        let group = found.ok_or_else(|| wrong("n_heads_in_group", group, "a whole number of at least one"))?;
        own.push(("num_key_value_heads", json!((heads / group).max(1))));
    }
    if let Some(multiple) = number("ffn", "ffn_mult") {
        let found = multiple.as_f64().filter(|&multiple| multiple > 0.0);
        let multiple = found.ok_or_else(|| wrong("ffn_mult", multiple, "a number above zero"))?;
        // Two thirds of the multiple, rounded up to a multiple of 256.
        let width = (2.0 * multiple * hidden as f64 / 3.0) as u64;
        own.push((
            "intermediate_size",
            json!(width.min(MOST_DIMENSION - 256).next_multiple_of(256)),
        ));
    } else if let Some(width) = number("ffn", "intermediate_size") {
        own.push(("intermediate_size", width.clone()));
    }
    Ok(own)
}

/// Takes out what a layer lacks, its norm included, or puts one matrix in its place.
fn replaced(config: &Config, hidden: &Quantity, _: Place, blocks: Vec<Block>) -> Result<Vec<Block>, ModelError> {
    let mut kept = Vec::with_capacity(blocks.len());
    let mut blocks = blocks.into_iter();
    for (none, linear, module) in [
        ("no_attention", "linear_attention", "self_attn.linear_attn"),
        ("no_mlp", "linear_mlp", "mlp.linear_mlp"),
    ] {
        let pair = blocks.by_ref().take(2).collect::<Vec<_>>();
        if config.flag(none, false)? {
            continue;
        }
        let one = config.flag(linear, false)?;
        kept.extend(pair.into_iter().map(|block| {
            if one && block.role != Role::Norm {
                matrix(module, hidden, block.role)
            } else {
                block
            }
        }));
    }
    Ok(kept)
}

/// One matrix `[hidden, hidden]` in place of a mixer.
fn matrix(module: &'static str, hidden: &Quantity, role: Role) -> Block {
    let weight = Tensor::matrix(format!("{module}.weight"), Component::Projection, hidden, hidden);
    Block {
        operators: vec![Operator::linear(module, weight, None, Rows::Tokens, hidden, hidden)],
        live: vec![Live::new("input", hidden)],
        saved: vec![Live::new("input", hidden)],
        ..Block::new("Linear", role)
    }
}
