//! Defaults of transformers' configuration classes, for keys a file leaves out.

use serde_json::{Map, Value};

use crate::model::library;

/// One model type a line; see `_source` in the file. Part of the [library].
pub const TABLE: &str = include_str!("../../../data/defaults.json");

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

/// The row that is always at hand.
const FIRST: &str = include_str!(concat!(env!("OUT_DIR"), "/first_defaults.json"));

/// The class whose defaults a model type follows.
fn class(model_type: &str) -> &str {
    let alias = ALIASES.iter().find(|(alias, _)| *alias == model_type);
    alias.map_or(model_type, |(_, class)| class)
}

/// Whether the class defaults of a model type are at hand.
pub fn at_hand(model_type: &str) -> bool {
    library::at_hand().is_some() || FIRST.starts_with(&format!("\"{}\":", class(model_type)))
}

/// The class defaults of a model type; empty where none are known.
pub fn of(model_type: &str) -> Map<String, Value> {
    let table = library::at_hand().map_or(FIRST, |library| library.defaults);
    in_table(table, model_type)
}

fn in_table(table: &str, model_type: &str) -> Map<String, Value> {
    // Only the line that matters is parsed: the table is long and this runs for each model.
    let start = format!("\"{}\":", class(model_type));
    table
        .lines()
        .find_map(|line| line.trim_start().strip_prefix(start.as_str()))
        .and_then(|rest| serde_json::from_str(rest.trim().trim_end_matches(',')).ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_always_at_hand_says_the_same() {
        assert_eq!(in_table(FIRST, "llama"), in_table(TABLE, "llama"));
        assert!(!in_table(FIRST, "llama").is_empty());
    }
}
