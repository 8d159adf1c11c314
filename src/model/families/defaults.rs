//! Defaults of transformers' configuration classes, for keys a file leaves out.

use serde_json::{Map, Value};

/// One model type a line; see `_source` in the file.
const TABLE: &str = include_str!("../../../data/defaults.json");

/// Model types without a class of their own in transformers, and the class whose defaults they follow.
const ALIASES: &[(&str, &str)] = &[
    ("kimi_k2", "deepseek_v3"),
    ("mimo", "qwen2"),
    ("Yi", "llama"),
    ("internlm3", "llama"),
    ("qwen2_5_omni", "qwen2_5_omni_thinker"),
    ("qwen3_omni_moe", "qwen3_omni_moe_thinker"),
    ("deepseek_ref", "deepseek_v4"),
    ("minimax_m3", "minimax_m3_vl_text"),
];

/// The class defaults of a model type; empty where none are known.
pub fn of(model_type: &str) -> Map<String, Value> {
    // Only the line that matters is parsed: the table is long and this runs for each model.
    let class = ALIASES
        .iter()
        .find(|(alias, _)| *alias == model_type)
        .map_or(model_type, |(_, class)| class);
    let start = format!("\"{class}\":");
    TABLE
        .lines()
        .find_map(|line| line.trim_start().strip_prefix(start.as_str()))
        .and_then(|rest| serde_json::from_str(rest.trim().trim_end_matches(',')).ok())
        .unwrap_or_default()
}
