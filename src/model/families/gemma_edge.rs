//! Gemma 3n and Gemma 4: caches shared by layers, embeddings for each layer, full layers with heads of their own.

use serde_json::{Map, Value, json};

use super::super::blocks::{
    Norm, QkNorm, altup_correct, altup_predict, altup_streams, laurel, norm, per_layer_input, per_layer_stem, routed,
};
use super::super::component::Component;
use super::super::config::{Config, MOST_DIMENSION, whole};
use super::super::error::ModelError;
use super::super::operator::{Block, Role};
use super::super::tensor::Tensor;
use super::assembly::Assembly;
use super::channel::routed_style;
use super::names::FOUR_NORMS;
use super::{Build, Changes, Decoder, Experts, Family, Flag, HeadNorm, Names, Pattern, Place, Windows, adjust};
use crate::units::{Quantity, grouped as thousands};

const EDGE: Decoder = Decoder {
    tied: true,
    mlp_bias: Flag::No,
    head_norm: HeadNorm {
        form: QkNorm::PerHead(Norm::Rms),
        when: Flag::Yes,
    },
    names: Names {
        norms: FOUR_NORMS,
        ..Names::LLAMA
    },
    ..Decoder::LLAMA
};
const GEMMA3N: Decoder = Decoder {
    windows: Windows {
        pattern: Pattern::FullEvery(&[], 5),
        switch: None,
    },
    changes: |config, windowed| {
        let mut all = shared_caches(config, windowed.len() as u64)?;
        if let Some(Value::Array(_)) = config.get("intermediate_size") {
            let list = config.numbers("intermediate_size")?.unwrap_or_default();
            if list.len() < windowed.len() {
                return Err(ModelError::Inconsistent(format!(
                    "intermediate_size has {} entries for {} layers.",
                    list.len(),
                    windowed.len()
                )));
            }
            for (own, width) in all.iter_mut().zip(list) {
                own.push(("intermediate_size", json!(width)));
            }
        }
        Ok(all)
    },
    adjust_layer: gemma3n_layer,
    adjust_ends: |config, all| {
        per_layer_embeddings(config, all)?;
        let streams = config.size("altup_streams", &["altup_num_inputs"])?;
        let table = altup_streams("altup_projections", Role::Embedding, &streams, &all.hidden);
        all.stem.push(table);
        let back = altup_streams("altup_unembed_projections", Role::Head, &streams, &all.hidden);
        all.tail.insert(0, back);
        Ok(())
    },
    ..EDGE
};
const GEMMA4: Decoder = Decoder {
    windows: Windows {
        pattern: Pattern::FullWhere(|layer, layers| (layer + 1) % 6 == 0 || layer + 1 == layers),
        switch: None,
    },
    translate: last_full,
    changes: gemma4_layers,
    adjust_layer: gemma4_layer,
    adjust_ends: |config, all| {
        if config.flag("enable_moe_block", false)? {
            let style = routed_style(config, &GEMMA4_EXPERTS)?;
            all.experts = Some(format!(
                "{} of {} experts beside an MLP",
                style.routing.top_k.value,
                thousands(style.routing.experts.value)
            ));
        }
        per_layer_embeddings(config, all)
    },
    ..EDGE
};
const GEMMA4_EXPERTS: Experts = Experts {
    router: "router.proj",
    modules: ["experts.{e}.gate_proj", "experts.{e}.up_proj", "experts.{e}.down_proj"],
    ..Experts::PLAIN
};

/// Counts checked against transformers' classes.
pub const FAMILIES: &[Family] = &[
    Family {
        types: &["gemma3n_text"],
        title: "Gemma 3n",
        build: Build::Decoder(GEMMA3N),
    },
    Family {
        types: &["gemma4_text", "gemma4_unified_text"],
        title: "Gemma 4",
        build: Build::Decoder(GEMMA4),
    },
];

/// The last `num_kv_shared_layers` layers read the cache of an earlier layer of their own type.
fn shared_caches(config: &Config, layers: u64) -> Result<Vec<Changes>, ModelError> {
    let shared = config
        .optional("shared_layers", &["num_kv_shared_layers"])?
        .map_or(0, |found| found.value);
    if shared >= layers && shared > 0 {
        return Err(ModelError::Inconsistent(format!(
            "num_kv_shared_layers is {shared}, but of {layers} layers some must keep a cache."
        )));
    }
    let first = layers - shared;
    let change = |layer| {
        if layer >= first {
            vec![("shared_cache", json!(true))]
        } else {
            Vec::new()
        }
    };
    Ok((0..layers).map(change).collect())
}

/// The table of per-layer embeddings, if there is one.
fn per_layer_embeddings(config: &Config, all: &mut Assembly<'_>) -> Result<(), ModelError> {
    let Some(width) = per_layer_width(config)? else {
        return Ok(());
    };
    let rows = config.size_or("per_layer_vocabulary", &["vocab_size_per_layer_input"], || {
        all.vocabulary.clone()
    })?;
    let block = per_layer_stem(&rows, &all.layers, &width, &all.hidden);
    all.stem.push(block);
    Ok(())
}

fn per_layer_width(config: &Config) -> Result<Option<Quantity>, ModelError> {
    let width = config.optional("per_layer_width", &["hidden_size_per_layer_input"])?;
    Ok(width.filter(|width| width.value > 0))
}

/// No keys of its own where the layer reads an earlier cache.
fn own_cache(config: &Config, blocks: Vec<Block>) -> Result<Vec<Block>, ModelError> {
    Ok(if config.flag("shared_cache", false)? {
        adjust::mixer(blocks, adjust::without_keys)
    } else {
        blocks
    })
}

fn gemma3n_layer(config: &Config, hidden: &Quantity, _: Place, blocks: Vec<Block>) -> Result<Vec<Block>, ModelError> {
    let mut blocks = own_cache(config, blocks)?;
    let streams = config.size("altup_streams", &["altup_num_inputs"])?;
    let rank = config.size("laurel_rank", &["laurel_rank"])?;
    blocks.insert(0, altup_predict(&streams, hidden));
    // After the norm before attention, beside attention itself.
    blocks.insert(blocks.len().min(2), laurel(&rank, hidden));
    blocks.push(altup_correct(&streams, hidden));
    if let Some(width) = per_layer_width(config)? {
        blocks.push(per_layer_input(&width, hidden));
    }
    Ok(blocks)
}

/// The last layer is always full, whatever the list says.
fn last_full(config: &Config) -> Result<Changes, ModelError> {
    let mut changes: Changes = Vec::new();
    if let Some(types) = config.names("layer_types")? {
        let layers = config.size("layers", super::keys::LAYERS)?.value;
        let mut types: Vec<&str> = types.into_iter().take(layers as usize).collect();
        if let Some(last) = types.last_mut() {
            *last = "full_attention";
        }
        changes.push(("layer_types", json!(types)));
    }
    if config.text("use_bidirectional_attention") == Some("all") {
        changes.extend(super::gemma::half_window(config)?);
    }
    Ok(changes)
}

/// Heads of full layers, wider MLPs of layers without a cache, and whatever `per_layer_config` says.
fn gemma4_layers(config: &Config, windowed: &[bool]) -> Result<Vec<Changes>, ModelError> {
    let mut all = shared_caches(config, windowed.len() as u64)?;
    let one_projection = config.flag("attention_k_eq_v", false)?;
    let mut full: Changes = Vec::new();
    if one_projection {
        full.push(("values_are_keys", json!(true)));
    }
    let listed = config.get("per_layer_config").and_then(Value::as_object);
    if listed.is_none() {
        let dim = config
            .optional("head_dim", &["global_head_dim"])?
            .map_or(512, |found| found.value);
        full.push(("head_dim", json!(dim)));
        let heads = config.optional("kv_heads", &["num_global_key_value_heads"])?;
        if let Some(heads) = heads.filter(|_| one_projection) {
            full.push(("num_key_value_heads", json!(heads.value)));
        }
    }
    let wide = config.flag("use_double_wide_mlp", false)?;
    let width = config.size("intermediate", &["intermediate_size"])?.value;
    for (own, &windowed) in all.iter_mut().zip(windowed) {
        if wide && !own.is_empty() {
            own.push(("intermediate_size", json!(width.saturating_mul(2))));
        }
        if !windowed {
            own.extend(full.clone());
        }
    }
    if let Some(listed) = listed {
        by_index(config, listed, &mut all)?;
    }
    Ok(all)
}

/// `per_layer_config`: an object for each layer that differs, under its index.
fn by_index(config: &Config, listed: &Map<String, Value>, all: &mut [Changes]) -> Result<(), ModelError> {
    const KEYS: [&str; 4] = [
        "head_dim",
        "num_key_value_heads",
        "num_attention_heads",
        "intermediate_size",
    ];
    for (index, object) in listed {
        let place = index.parse::<usize>().ok().and_then(|layer| all.get_mut(layer));
        let (Some(own), Some(object)) = (place, object.as_object()) else {
            return Err(ModelError::Inconsistent(
                "per_layer_config must hold an object for the index of a layer.".to_owned(),
            ));
        };
        for (key, value) in object {
            let Some(&known) = KEYS.iter().find(|&&known| known == key) else {
                return Err(ModelError::NotBuilt {
                    model_type: config.model_type().to_owned(),
                    what: format!(
                        "The key \"{}\" of per_layer_config",
                        key.chars().take(40).collect::<String>()
                    ),
                });
            };
            own.push((known, json!(whole(known, value, 1, MOST_DIMENSION)?)));
        }
    }
    Ok(())
}

fn gemma4_layer(config: &Config, hidden: &Quantity, _: Place, blocks: Vec<Block>) -> Result<Vec<Block>, ModelError> {
    let mut blocks = own_cache(config, blocks)?;
    if config.flag("values_are_keys", false)? {
        blocks = adjust::mixer(blocks, adjust::without_values);
    }
    if config.flag("enable_moe_block", false)? {
        let style = routed_style(config, &GEMMA4_EXPERTS)?;
        let mut experts = routed(hidden, &style);
        if let Some(router) = experts.operators.first_mut() {
            router.tensors.extend([
                Tensor::vector("router.scale", Component::Router, hidden),
                Tensor::vector("router.per_expert_scale", Component::Router, &style.routing.experts),
            ]);
        }
        let rms = |module| norm(Norm::Rms, module, hidden);
        // The MLP has a norm of its own, the experts one before and one after; both sums share the last norm.
        let last = blocks.len().saturating_sub(1);
        blocks.splice(
            last..last,
            [
                rms("post_feedforward_layernorm_1"),
                rms("pre_feedforward_layernorm_2"),
                experts,
                rms("post_feedforward_layernorm_2"),
            ],
        );
    }
    if let Some(width) = per_layer_width(config)? {
        blocks.push(per_layer_input(&width, hidden));
    }
    Ok(blocks)
}
