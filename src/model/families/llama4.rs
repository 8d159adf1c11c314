//! Llama 4: experts on every n-th layer, attention within chunks but for every fourth layer.

use serde_json::json;

use super::super::config::Config;
use super::super::error::ModelError;
use super::names::FEED_FORWARD;
use super::{Build, Changes, Decoder, Experts, Family, Flag, MoeLayers, Names, Pattern, Shared, Windows};

/// `intermediate_size` is the width of an expert; dense layers have `intermediate_size_mlp`. Norms of q and k have no
/// weights.
const LLAMA4: Decoder = Decoder {
    mlp_bias: Flag::No,
    windows: Windows {
        pattern: Pattern::FullEvery(&["no_rope_layer_interval"], 4),
        switch: None,
    },
    window_keys: &["attention_chunk_size"],
    chunked: true,
    dense_width: &["intermediate_size_mlp"],
    experts: Some(Experts {
        width: &["intermediate_size"],
        layers: MoeLayers::Step,
        shared: Shared::One,
        shared_module: [
            "feed_forward.shared_expert.gate_proj",
            "feed_forward.shared_expert.up_proj",
            "feed_forward.shared_expert.down_proj",
        ],
        router: "feed_forward.router",
        modules: [
            "feed_forward.experts.{e}.gate_proj",
            "feed_forward.experts.{e}.up_proj",
            "feed_forward.experts.{e}.down_proj",
        ],
        ..Experts::PLAIN
    }),
    names: Names {
        mlp: FEED_FORWARD,
        ..Names::LLAMA
    },
    translate: full_layers,
    ..Decoder::LLAMA
};

/// Source: transformers `modeling_llama4.py`.
pub const FAMILIES: &[Family] = &[Family {
    types: &["llama4_text"],
    title: "Llama 4",
    build: Build::Decoder(LLAMA4),
}];

/// Older files say by `no_rope_layers` which layers are full: those without rotary positions, written as zero.
fn full_layers(config: &Config) -> Result<Changes, ModelError> {
    let given = config.numbers("no_rope_layers")?.filter(|list| !list.is_empty());
    let Some(list) = given.filter(|_| config.get("layer_types").is_none()) else {
        return Ok(Vec::new());
    };
    let types: Vec<&str> = list
        .iter()
        .map(|&rotary| {
            if rotary == 0 {
                "full_attention"
            } else {
                "chunked_attention"
            }
        })
        .collect();
    Ok(vec![("layer_types", json!(types))])
}
