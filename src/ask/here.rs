//! What runs on a device: each model in the format that is best there, as JSON.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Failure, Found};
use crate::analysis::RunsHere;
use crate::model::catalogue;
use crate::report::model_rows::ModelRow;
use crate::scenario::{Scenario, to_query};

/// A model at its best on the scenario's devices.
///
/// # Errors
/// What the config or the analysis is refused for.
pub fn here(found: &Found, scenario: &Scenario) -> Result<ModelRow, Failure> {
    let own = scenario.clone().with(|s| s.model.source = found.source.clone());
    let mut blueprint = found.blueprint(&own)?;
    found.adopt(&mut blueprint);
    let runs = RunsHere::of(&Arc::new(blueprint), &own)?;
    let id = &found.facts.id;
    Ok(ModelRow::of(id, id, catalogue::find(id), &runs))
}

/// A row as JSON.
pub fn here_row(row: &ModelRow) -> Value {
    let speed = |of: fn((f64, f64, f64)) -> f64| row.tokens_per_second.map(of);
    let known = |value: u64| row.runs().then_some(value);
    json!({
        "model": {"id": row.id, "name": row.name, "licence": row.licence, "released": row.released, "reads": row.reads},
        "parameters": {"total": row.parameters, "active": row.active},
        "hardware": row.scenario.hardware.device,
        "devices": row.scenario.hardware.devices,
        "format": row.format,
        "method": row.method,
        "bits_per_weight": row.bits_per_weight,
        "loss": row.loss,
        "engine": row.engine.key(),
        "verdict": row.verdict,
        "why": row.why,
        "needed_bytes": row.needed_bytes,
        "capacity_bytes": row.capacity_bytes,
        "missing_bytes": row.missing_bytes,
        "offload": row.offload,
        "tokens_per_second": speed(|all| all.0),
        "tokens_per_second_low": speed(|all| all.1),
        "tokens_per_second_high": speed(|all| all.2),
        "max_context": known(row.max_context),
        "max_batch": known(row.max_batch),
        "link": format!("?{}", to_query(&row.scenario)),
    })
}

/// The row of a model that cannot be answered.
pub fn refused_row(name: &str, failure: &Failure) -> Value {
    let mut answer = failure.json();
    if let Some(answer) = answer.as_object_mut() {
        answer.insert("model".to_owned(), json!({"id": name}));
    }
    answer
}
