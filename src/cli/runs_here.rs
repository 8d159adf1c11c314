//! `weighbridge fit --hardware ID --models all`: what runs on a device, each model in the format that is best there.

use std::sync::Arc;

use crate::analysis::RunsHere;
use crate::model::catalogue;
use crate::report::model_rows::{ModelRow, RowFilter, SortBy, arranged, sentence, sheet};
use crate::scenario::{Scenario, to_query};
use crate::units::{UnitSystem, shown};
use clap::ArgMatches;
use serde_json::{Value, json};

use super::arguments;
use super::output::{Failure, Format, json_text, sheets, tell};
use super::source::{self, Found};

const UNITS: UnitSystem = UnitSystem::Gib;

/// Runs the command for a list of models, or all that are built in.
pub fn run(models: &str, matches: &ArgMatches) -> Result<String, Failure> {
    let scenario = arguments::scenario(matches)?;
    let names: Vec<&str> = if models == "all" {
        catalogue::entries().iter().map(|entry| entry.id.as_str()).collect()
    } else {
        let names = models.split(',').map(str::trim);
        names.filter(|name| !name.is_empty()).collect()
    };
    if names.is_empty() {
        return Err(Failure::new("bad_value", "--models: no model is named."));
    }
    let (mut rows, mut failed) = (Vec::new(), Vec::new());
    for name in names {
        match row(name, &scenario, matches) {
            Ok(row) => rows.push(row),
            Err(failure) => failed.push((shown(name).into_owned(), failure)),
        }
    }
    let order = arranged(&rows, &RowFilter::default(), SortBy::Verdict, false);
    let ordered = || order.iter().filter_map(|at| rows.get(*at));
    if arguments::format(matches) == Format::Json {
        let left = failed.iter().map(|(name, failure)| {
            let mut answer = failure.json();
            if let Some(answer) = answer.as_object_mut() {
                answer.insert("model".to_owned(), json!({"id": name}));
            }
            answer
        });
        return json_text(&ordered().map(answer).chain(left).collect::<Vec<_>>());
    }
    for (name, failure) in &failed {
        tell(&format!("{name}: {}", failure.line()));
    }
    let table = sheets(&[sheet(ordered(), UNITS)], arguments::format(matches))?;
    if arguments::format(matches) == Format::Table {
        return Ok(format!("{}\n\n{table}", sentence(&rows)));
    }
    Ok(table)
}

fn row(name: &str, scenario: &Scenario, matches: &ArgMatches) -> Result<ModelRow, Failure> {
    let found: Found = source::find(name, matches)?;
    let own = scenario.clone().with(|s| s.model.source = found.source.clone());
    let mut blueprint = source::blueprint(&found, &own)?;
    found.adopt(&mut blueprint);
    let runs =
        RunsHere::of(&Arc::new(blueprint), &own).map_err(|error| Failure::new(error.code(), error.to_string()))?;
    let id = &found.facts.id;
    Ok(ModelRow::of(id, id, catalogue::find(id), &runs))
}

fn answer(row: &ModelRow) -> Value {
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
