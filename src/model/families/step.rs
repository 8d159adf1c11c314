//! Step 3.5: windows with more heads, a gate for each head, experts after the first layers.

use serde_json::{Value, json};

use super::super::config::Config;
use super::super::error::ModelError;
use super::encoder::not_built;
use super::{Build, Changes, Correction, Decoder, Experts, Family, HeadNorm, MoeLayers, Shared, adjust};

const STEP: Decoder = Decoder {
    head_norm: HeadNorm::PER_HEAD,
    experts: Some(Experts {
        layers: MoeLayers::After(&["first_k_dense_replace"]),
        shared: Shared::Width(&["share_expert_dim", "share_expert_dims"]),
        shared_module: [
            "share_expert.gate_proj",
            "share_expert.up_proj",
            "share_expert.down_proj",
        ],
        router: "moe.gate",
        correction: Correction::Buffer("moe.router_bias"),
        modules: ["moe.{e}.gate_proj", "moe.{e}.up_proj", "moe.{e}.down_proj"],
        ..Experts::PLAIN
    }),
    translate: own_keys,
    changes: windowed_heads,
    adjust_layer: |_, hidden, _, blocks| Ok(adjust::head_gate(blocks, "self_attn.g_proj", hidden)),
    ..Decoder::LLAMA
};

/// Source: transformers `modeling_step3p7.py`.
pub const FAMILIES: &[Family] = &[Family {
    types: &["step3p5"],
    title: "Step 3.5",
    build: Build::Decoder(STEP),
}];

/// `moe_layers_enum` lists layers with experts, as numbers or as a text with commas; without it, all from the fourth on.
fn own_keys(config: &Config) -> Result<Changes, ModelError> {
    if config.flag("mlp_bias", false)? {
        return not_built(config, "Biases of the MLP (mlp_bias)");
    }
    if config
        .get("gating")
        .is_some_and(|kind| *kind != true && *kind != "per-head")
    {
        return not_built(config, "A gate that is not one for each head (gating)");
    }
    let mut changes: Changes = Vec::new();
    // The class has a second name for some keys, which wins where a file has both.
    for (key, names) in [
        ("n_routed_experts", ["moe_num_experts", "n_routed_experts"]),
        ("num_experts_per_tok", ["moe_top_k", "num_experts_per_tok"]),
        ("num_key_value_heads", ["num_attention_groups", "num_key_value_heads"]),
        ("share_expert_dim", ["share_expert_dims", "share_expert_dim"]),
    ] {
        let given = names.iter().find_map(|name| config.get(name));
        let value = given.or_else(|| names.iter().find_map(|name| config.class_default(name)));
        changes.extend(value.map(|value| (key, value.clone())));
    }
    let listed: Option<Vec<u64>> = match config.get("moe_layers_enum") {
        Some(Value::String(text)) => Some(text.split(',').filter_map(|part| part.trim().parse().ok()).collect()),
        Some(_) => config.numbers("moe_layers_enum")?,
        None => None,
    };
    match listed {
        _ if config.get("mlp_layer_types").is_some() => {}
        Some(list) => {
            let layers = config
                .size("layers", super::keys::LAYERS)?
                .value
                .min(super::super::config::MOST_LAYERS);
            let list: std::collections::HashSet<u64> = list.into_iter().collect();
            let name = |layer| if list.contains(&layer) { "sparse" } else { "dense" };
            changes.push(("mlp_layer_types", json!((0..layers).map(name).collect::<Vec<_>>())));
        }
        None => changes.push(("first_k_dense_replace", json!(3))),
    }
    Ok(changes)
}

/// Heads of windowed layers: a key of their own, or an older object.
fn windowed_heads(config: &Config, windowed: &[bool]) -> Result<Vec<Changes>, ModelError> {
    let given = config
        .optional("heads", &["num_sliding_attention_heads"])?
        .map(|heads| json!(heads.value));
    let older = config
        .object("attention_other_setting")
        .and_then(|object| object.get("num_attention_heads"))
        .cloned();
    let Some(heads) = given.or(older) else {
        return Ok(Vec::new());
    };
    let of = |&windowed: &bool| {
        if windowed {
            vec![("num_attention_heads", heads.clone())]
        } else {
            Vec::new()
        }
    };
    Ok(windowed.iter().map(of).collect())
}
