//! Laguna and Flint: gates and sinks.

use serde_json::{Value, json};

use super::super::config::Config;
use super::super::error::ModelError;
use super::super::operator::Block;
use super::layers::by_layer;
use super::names::SHARED_EXPERT;
use super::{
    Build, Correction, Decoder, Experts, Family, Flag, HeadNorm, MoeLayers, Pattern, Place, Shared, Windows, adjust,
};
use crate::units::Quantity;

/// Counts checked against transformers' classes.
pub const FAMILIES: &[Family] = &[
    Family {
        types: &["laguna"],
        title: "Laguna",
        build: Build::Decoder(Decoder {
            mlp_bias: Flag::No,
            head_norm: HeadNorm::PER_HEAD,
            experts: Some(Experts {
                layers: MoeLayers::After(&["first_k_dense_replace"]),
                shared: Shared::Width(&["shared_expert_intermediate_size"]),
                correction: Correction::Parameter("mlp.gate.e_score_correction_bias"),
                ..Experts::PLAIN
            }),
            changes: |config, windowed| {
                let Some(list) = config.numbers("num_attention_heads_per_layer")? else {
                    return Ok(Vec::new());
                };
                by_layer(
                    &list,
                    windowed.len(),
                    "num_attention_heads_per_layer",
                    "num_attention_heads",
                )
            },
            adjust_layer: laguna_gate,
            ..Decoder::LLAMA
        }),
    },
    Family {
        types: &["flint"],
        title: "Flint",
        build: Build::Decoder(FLINT),
    },
];

/// A gate for each head where `gating` is true or says so, else for each element.
fn laguna_gate(config: &Config, hidden: &Quantity, _: Place, blocks: Vec<Block>) -> Result<Vec<Block>, ModelError> {
    Ok(match config.get("gating").or_else(|| config.class_default("gating")) {
        Some(Value::Bool(true)) => adjust::head_gate(blocks, "self_attn.g_proj", hidden),
        Some(Value::String(form)) if form == "per-head" => adjust::head_gate(blocks, "self_attn.g_proj", hidden),
        _ => adjust::gate(blocks, "self_attn.g_proj", hidden),
    })
}

/// Full on the first two layers, every fourth and the last; the first two are dense.
const FLINT: Decoder = Decoder {
    sinks: [Flag::Yes, Flag::Yes],
    mlp_bias: Flag::No,
    head_norm: HeadNorm::PER_HEAD,
    windows: Windows {
        pattern: Pattern::FullWhere(|layer, layers| layer < 2 || layer % 4 == 1 || layer + 1 == layers),
        switch: None,
    },
    experts: Some(Experts {
        layers: MoeLayers::Sparse,
        shared: Shared::Width(&["shared_expert_intermediate_size"]),
        shared_module: SHARED_EXPERT,
        correction: Correction::Buffer("mlp.gate.e_score_correction_bias"),
        ..Experts::PLAIN
    }),
    translate: |config| {
        Ok(match config.get("mlp_only_layers") {
            None => vec![("mlp_only_layers", json!([0, 1]))],
            Some(_) => Vec::new(),
        })
    },
    ..Decoder::LLAMA
};
