//! `weighbridge fit --hardware ID --models all`: what runs on a device, each model in the format that is best there.

use std::cmp::Reverse;
use std::sync::Arc;

use crate::analysis::{RunsHere, Verdict, bits_per_weight};
use crate::export::Sheet;
use crate::model::catalogue;
use crate::scenario::{Scenario, to_query};
use crate::units::{UnitSystem, decimal, grouped, short_count, shown};
use clap::ArgMatches;
use serde_json::{Value, json};

use super::arguments;
use super::output::{Failure, Format, json_text, sheets, tell};
use super::source::{self, Found};

const UNITS: UnitSystem = UnitSystem::Gib;

/// A model and what comes of it.
struct Row {
    id: String,
    runs: Result<RunsHere, Failure>,
}

/// Runs the command for a list of models, or all that are built in.
pub fn run(models: &str, matches: &ArgMatches) -> Result<String, Failure> {
    let scenario = arguments::scenario(matches)?;
    let names: Vec<&str> = if models == "all" {
        catalogue::entries().iter().map(|entry| entry.id.as_str()).collect()
    } else {
        models
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .collect()
    };
    if names.is_empty() {
        return Err(Failure::new("bad_value", "--models: no model is named."));
    }
    let mut rows: Vec<Row> = names.into_iter().map(|name| row(name, &scenario, matches)).collect();
    // What runs best first: the verdict, then the largest.
    rows.sort_by_key(|row| match &row.runs {
        Ok(runs) => (runs.verdict() as u8, Reverse(runs.analysis.parameters.total.0)),
        Err(_) => (u8::MAX, Reverse(0)),
    });
    match arguments::format(matches) {
        Format::Json => json_text(&rows.iter().map(answer).collect::<Vec<_>>()),
        format => {
            let left: Vec<&str> = rows
                .iter()
                .filter(|row| row.runs.is_err())
                .map(|row| row.id.as_str())
                .collect();
            if !left.is_empty() {
                tell(&format!("Not asked this way: {}.", left.join(", ")));
            }
            sheets(&[sheet(&rows)], format)
        }
    }
}

fn row(name: &str, scenario: &Scenario, matches: &ArgMatches) -> Row {
    let of = |found: &Found| {
        let own = scenario.clone().with(|s| s.model.source = found.source.clone());
        let mut blueprint = source::blueprint(found, &own)?;
        found.adopt(&mut blueprint);
        RunsHere::of(&Arc::new(blueprint), &own).map_err(|error| Failure::new(error.code(), error.to_string()))
    };
    match source::find(name, matches) {
        Ok(found) => Row {
            runs: of(&found),
            id: found.facts.id,
        },
        Err(failure) => Row {
            id: shown(name).into_owned(),
            runs: Err(failure),
        },
    }
}

fn answer(row: &Row) -> Value {
    let runs = match &row.runs {
        Ok(runs) => runs,
        Err(failure) => return json!({"model": {"id": row.id}, "error": failure.json()["error"]}),
    };
    let analysis = &runs.analysis;
    let entry = catalogue::find(&row.id);
    let speed = analysis
        .speed
        .as_ref()
        .filter(|_| matches!(runs.verdict(), Verdict::Fits | Verdict::Offload));
    let between = speed.and_then(|speed| speed.tokens_per_second_between);
    let fit = analysis.fit.as_ref();
    json!({
        "model": {
            "id": row.id,
            "name": entry.map(|entry| entry.name.as_str()),
            "licence": entry.and_then(|entry| entry.licence.as_deref()),
            "released": entry.and_then(|entry| entry.released.as_deref()),
            "reads": analysis.setup.blueprint.reads(),
        },
        "parameters": {"total": analysis.parameters.total.0, "active": analysis.parameters.active.0},
        "hardware": runs.scenario.hardware.device,
        "devices": runs.scenario.hardware.devices,
        "format": analysis.setup.weights.format.id,
        "method": analysis.setup.weights.method,
        "bits_per_weight": bits_per_weight(&analysis.setup),
        "loss": runs.loss,
        "engine": analysis.setup.engine.key(),
        "verdict": runs.verdict(),
        "needed_bytes": analysis.held().total_bytes,
        "capacity_bytes": fit.map(|fit| fit.capacity_bytes),
        "missing_bytes": fit.map(|fit| fit.missing_bytes),
        "offload": fit.and_then(|fit| fit.offload.as_ref()),
        "tokens_per_second": speed.map(|speed| speed.tokens_per_second),
        "tokens_per_second_low": between.map(|(low, _)| low),
        "tokens_per_second_high": between.map(|(_, high)| high),
        "max_context": fit.map(|fit| fit.max_context),
        "max_batch": fit.map(|fit| fit.max_batch),
        "link": format!("?{}", to_query(&runs.scenario)),
    })
}

fn sheet(rows: &[Row]) -> Sheet {
    let mut sheet = Sheet::new(
        "",
        &[
            "model",
            "parameters",
            "best format",
            "loss",
            "verdict",
            "needs",
            "tokens/s",
            "longest context",
            "at once",
        ],
    );
    for row in rows {
        let Ok(runs) = &row.runs else { continue };
        let analysis = &runs.analysis;
        let fit = analysis.fit.as_ref();
        let runs_so = matches!(runs.verdict(), Verdict::Fits | Verdict::Offload);
        let speed = analysis.speed.as_ref().filter(|_| runs_so);
        let verdict = match (runs.verdict(), fit) {
            (Verdict::Offload, Some(fit)) if fit.offload.is_some() => {
                format!(
                    "offload: {}",
                    fit.offload.as_ref().map_or_else(String::new, |plan| plan.words(UNITS))
                )
            }
            (Verdict::DoesNotFit, Some(fit)) => {
                format!("does not fit: {} missing", UNITS.bytes(fit.missing_bytes as f64))
            }
            (Verdict::Unsupported, Some(fit)) => format!("not supported: {}", fit.why),
            _ => "fits".to_owned(),
        };
        let number = |value: u64| if runs_so { grouped(value) } else { String::new() };
        sheet.push([
            row.id.clone(),
            short_count(analysis.parameters.total.0 as f64),
            analysis.setup.weights.method.clone(),
            runs.loss.words().to_owned(),
            verdict,
            UNITS.bytes(analysis.held().total_bytes as f64),
            speed.map_or_else(String::new, |speed| match speed.tokens_per_second_between {
                Some((low, high)) => format!("{} – {}", decimal(low), decimal(high)),
                None => decimal(speed.tokens_per_second),
            }),
            fit.map_or_else(String::new, |fit| number(fit.max_context)),
            fit.map_or_else(String::new, |fit| number(fit.max_batch)),
        ]);
    }
    sheet
}
