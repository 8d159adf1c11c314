//! Defaults of transformers' configuration classes, for keys a file leaves out.

use serde_json::{Map, Value};

/// One model type a line; see `_source` in the file.
const TABLE: &str = include_str!("../../../data/defaults.json");

/// The class defaults of a model type; empty where none are known.
pub fn of(model_type: &str) -> Map<String, Value> {
    // Only the line that matters is parsed: the table is long and this runs for each model.
    let start = format!("\"{model_type}\":");
    TABLE
        .lines()
        .find_map(|line| line.trim_start().strip_prefix(start.as_str()))
        .and_then(|rest| serde_json::from_str(rest.trim().trim_end_matches(',')).ok())
        .unwrap_or_default()
}
