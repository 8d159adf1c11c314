//! MiMo V2: windows with heads of their own, sinks on windowed layers, experts after the first layer.

use serde_json::{Value, json};

use super::super::config::Config;
use super::super::error::ModelError;
use super::{Build, Changes, Decoder, Experts, Family, Flag, MoeLayers, Pattern, Windows};

const MIMO: Decoder = Decoder {
    output_bias: Flag::No,
    mlp_bias: Flag::No,
    value_dim: &["v_head_dim"],
    sinks: [
        Flag::Key("add_full_attention_sink_bias", false),
        Flag::Key("add_swa_attention_sink_bias", true),
    ],
    windows: Windows {
        pattern: Pattern::FullWhere(|layer, _| layer == 0 || (layer + 1) % 6 == 0),
        switch: None,
    },
    experts: Some(Experts {
        layers: MoeLayers::Listed("moe_layer_freq"),
        ..Experts::DEEPSEEK
    }),
    translate: windows,
    changes: windowed_heads,
    ..Decoder::LLAMA
};

/// Source: transformers `modeling_mimo_v2_flash.py`; its layers, not the keys that begin with `swa_`, decide.
pub const FAMILIES: &[Family] = &[Family {
    types: &["mimo_v2_flash"],
    title: "MiMo V2",
    build: Build::Decoder(MIMO),
}];

/// A window counts the tokens before the query, so one more is seen; lists of zeros and ones name the windowed layers.
fn windows(config: &Config) -> Result<Changes, ModelError> {
    let mut changes: Changes = Vec::new();
    if let Some(size) = config.optional("window", &["sliding_window_size"])? {
        changes.push(("sliding_window", json!(size.value.saturating_add(1))));
    }
    if let (None, Some(list)) = (config.get("layer_types"), config.numbers("hybrid_layer_pattern")?) {
        let name = |&windowed: &u64| {
            if windowed == 0 {
                "full_attention"
            } else {
                "sliding_attention"
            }
        };
        changes.push(("layer_types", json!(list.iter().map(name).collect::<Vec<_>>())));
    }
    let listed = matches!(config.get("moe_layer_freq"), Some(serde_json::Value::Array(_)));
    if !listed && config.get("first_k_dense_replace").is_none() {
        changes.push(("first_k_dense_replace", json!(1)));
    }
    Ok(changes)
}

/// Windowed layers have twice the key heads of full ones and are else alike; keys that begin with `swa_` repeat this in
/// published configs, and the class does not read them.
fn windowed_heads(config: &Config, windowed: &[bool]) -> Result<Vec<Changes>, ModelError> {
    let full = config.size("kv_heads", &["num_key_value_heads"])?.value;
    let of = |&windowed: &bool| match windowed {
        true => vec![("num_key_value_heads", Value::from(full.saturating_mul(2)))],
        false => Changes::new(),
    };
    Ok(windowed.iter().map(of).collect())
}
