//! Inkling: short convolutions over keys, values and what each mixer gives, a bias by distance that each token makes for itself
//! in place of rotations, windows with heads of their own, a router that weighs the shared experts too.
//!
//! Source: `modeling_inkling.py` of transformers 5.23, on which its counts were checked.

use std::collections::HashSet;

use serde_json::json;

use super::super::blocks::{Norm, QkNorm, convolution};
use super::super::component::Component;
use super::super::config::{Config, MOST_LAYERS};
use super::super::error::ModelError;
use super::super::operator::{Block, Kind, Operator, Rows, State, Step};
use super::super::tensor::{Tensor, TensorKind};
use super::keys::EXPERTS;
use super::{Build, Changes, Decoder, Experts, Family, HeadNorm, MoeLayers, Names, Pattern, Place, Windows, adjust};
use crate::units::Quantity;

/// The class default of layers without a window: each of so many.
pub const EVERY: u64 = 6;
/// Keys of the convolutions' width, as checkpoints and the class call it.
pub const KERNEL: &[&str] = &["conv_kernel_size", "sconv_kernel_size"];
pub const WINDOW: &[&str] = &["sliding_window_size", "sliding_window"];

/// Every family of this file.
pub const FAMILIES: &[Family] = &[Family {
    types: &["inkling_text"],
    title: "Inkling",
    build: Build::Decoder(Decoder {
        rotary: false,
        head_norm: HeadNorm {
            form: QkNorm::PerHead(Norm::Rms),
            ..HeadNorm::PER_HEAD
        },
        windows: Windows {
            pattern: Pattern::FullWhere(|layer, _| (layer + 1).is_multiple_of(EVERY)),
            switch: None,
        },
        window_keys: WINDOW,
        experts: Some(Experts {
            layers: MoeLayers::All,
            ..Experts::DEEPSEEK
        }),
        names: Names {
            stem_norm: "embed_tokens.embed_norm",
            ..Names::LLAMA
        },
        // Both tables are in its checkpoints, whatever a config says.
        tie: |_, _| Ok(false),
        translate,
        changes: windowed_heads,
        adjust_layer: |config, hidden, place, blocks| {
            let reach = reach(config, place)?;
            let kernel = config.size("conv_kernel", KERNEL)?;
            let states = config.size("relative_width", &["d_rel"])?;
            let all = match place.sparse {
                true => Some(scored(config)?),
                false => None,
            };
            let blocks = adjust::mixer(blocks, |block| {
                let block = relative(keys_convolved(block, &kernel), hidden, &states, &reach);
                convolved(block, "attn_sconv.conv1d", hidden, &kernel)
            });
            Ok(adjust::channel(blocks, |block| {
                let block = match &all {
                    Some(all) => weighed(block, hidden, all),
                    None => scaled(block, "mlp.global_scale"),
                };
                convolved(block, "mlp_sconv.conv1d", hidden, &kernel)
            }))
        },
        ..Decoder::UNBIASED
    }),
}];

/// Its own words for windows and dense layers; a width of dense layers makes the other one that of the experts.
fn translate(config: &Config) -> Result<Changes, ModelError> {
    let mut changes = Changes::new();
    // More are refused later.
    let layers = config.size("layers", &["num_hidden_layers"])?.value.min(MOST_LAYERS);
    if config.names("layer_types")?.is_some() {
        changes.extend(plain_layers(config)?);
    } else if let Some(local) = config.numbers("local_layer_ids")? {
        let local: HashSet<u64> = local.into_iter().collect();
        let name = |layer| match local.contains(&layer) {
            true => "sliding_attention",
            false => "full_attention",
        };
        changes.push(("layer_types", json!((0..layers).map(name).collect::<Vec<_>>())));
    }
    if let Some(dense) = config.optional("dense_layers", &["dense_mlp_idx"])?
        && config.names("mlp_layer_types")?.is_none()
    {
        let name = |layer| if layer < dense.value { "dense" } else { "sparse" };
        changes.push(("mlp_layer_types", json!((0..layers).map(name).collect::<Vec<_>>())));
    }
    if let Some(dense) = config.optional("dense_width", &["dense_intermediate_size"])? {
        let routed = config.size("intermediate", &["intermediate_size"])?;
        changes.push(("moe_intermediate_size", json!(routed.value)));
        changes.push(("intermediate_size", json!(dense.value)));
    }
    Ok(changes)
}

/// Its own words for layers with windows and without.
pub fn plain_layers(config: &Config) -> Result<Changes, ModelError> {
    let plain = |names: Vec<&str>| {
        let plain = names.into_iter().map(|name| match name {
            "hybrid_sliding" => "sliding_attention",
            "hybrid" => "full_attention",
            other => other,
        });
        ("layer_types", json!(plain.collect::<Vec<_>>()))
    };
    Ok(config.names("layer_types")?.map(plain).into_iter().collect())
}

/// Layers with windows have heads of their own.
pub fn windowed_heads(config: &Config, windowed: &[bool]) -> Result<Vec<Changes>, ModelError> {
    let mut own = Changes::new();
    for (name, key) in [
        ("num_attention_heads", "swa_num_attention_heads"),
        ("num_key_value_heads", "swa_num_key_value_heads"),
        ("head_dim", "swa_head_dim"),
    ] {
        let found = config.optional(key, std::slice::from_ref(&key))?;
        if found.as_ref().is_some_and(|found| found.value == 0) {
            return Err(ModelError::Inconsistent(format!(
                "{key} is 0; layers with windows need one at least."
            )));
        }
        own.extend(found.map(|found| (name, json!(found.value))));
    }
    let of = |&windowed: &bool| if windowed { own.clone() } else { Changes::new() };
    Ok(windowed.iter().map(of).collect())
}

/// Distances that a layer has a bias for: all that a window shows, else as many as the config says.
pub fn reach(config: &Config, place: Place) -> Result<Quantity, ModelError> {
    match place.windowed() {
        true => config.size("window", WINDOW),
        false => config.size("relative_extent", &["rel_extent"]),
    }
}

/// A convolution of each channel after a block, with the tokens it remembers.
pub fn convolved(mut block: Block, module: &str, hidden: &Quantity, kernel: &Quantity) -> Block {
    block
        .operators
        .push(convolution(&[(module.to_owned(), hidden)], hidden, kernel, false));
    block.states.push(State::Conv {
        channels: hidden.clone(),
        kernel: kernel.clone(),
    });
    block
}

/// Keys and values are convolved before the norm of the keys.
pub fn keys_convolved(mut block: Block, kernel: &Quantity) -> Block {
    for (made, module) in [
        ("k_proj", "self_attn.k_sconv.conv1d"),
        ("v_proj", "self_attn.v_sconv.conv1d"),
    ] {
        let Some((at, width)) = adjust::made(&block, made) else {
            continue;
        };
        let parts = [(module.to_owned(), &width)];
        block
            .operators
            .insert(at.saturating_add(1), convolution(&parts, &width, kernel, false));
        block.states.push(State::Conv {
            channels: width,
            kernel: kernel.clone(),
        });
    }
    block
}

/// States of each head `[heads·d_rel, hidden]`, and the bank `[d_rel, reach]` that turns them into a bias for each distance.
pub fn relative(block: Block, hidden: &Quantity, states: &Quantity, reach: &Quantity) -> Block {
    let heads = adjust::query_heads(&block);
    let part = Component::Projection;
    let width = Quantity::product("relative_states", &[&heads, states]);
    let weight = Tensor::matrix("self_attn.r_proj.weight", part, &width, hidden);
    let made = Operator::linear("r_proj", weight, None, Rows::Tokens, &width, hidden);
    let bank = Operator {
        name: "relative logits",
        component: Component::Attention,
        kind: Kind::Linear {
            rows: Rows::Tokens,
            input: states.clone(),
            output: Quantity::product("relative_logits", &[&heads, reach]),
            routing: None,
        },
        tensors: vec![Tensor::new(
            "self_attn.rel_logits_proj.proj",
            TensorKind::Vector,
            Component::Attention,
            &[states, reach],
        )],
    };
    adjust::before(
        adjust::before(block, "scores and values", made),
        "scores and values",
        bank,
    )
}

/// What the router scores: routed and shared experts.
fn scored(config: &Config) -> Result<Quantity, ModelError> {
    let experts = config.size("experts", EXPERTS)?;
    let shared = config.size("shared_experts", &["n_shared_experts"])?;
    Ok(Quantity::sum("scored_experts", &[&experts, &shared]))
}

/// A router with rows for the shared experts as well, `[experts + shared, hidden]`, and a scale.
fn weighed(mut block: Block, hidden: &Quantity, all: &Quantity) -> Block {
    let found = block.operators.iter_mut().find(|operator| operator.name == "router");
    if let Some(router) = found {
        if let Kind::Linear { output, .. } = &mut router.kind {
            *output = all.clone();
        }
        if let Some(weight) = router.tensors.first_mut() {
            *weight = Tensor::new(
                weight.name.clone(),
                TensorKind::Router,
                Component::Router,
                &[all, hidden],
            );
        }
    }
    scaled(block, "mlp.gate.global_scale")
}

/// One learned factor for the block.
fn scaled(mut block: Block, name: &'static str) -> Block {
    let one = Quantity::architecture("scale", 1, "one learned factor");
    let mut scale = Operator::elementwise("scale", Component::Norm, &one, Step::Plain(1), 1);
    scale.tensors = vec![Tensor::vector(name, Component::Norm, &one)];
    block.operators.push(scale);
    block
}
