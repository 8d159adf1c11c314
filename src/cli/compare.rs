//! `weighbridge compare`: models side by side, under one scenario.

use crate::export::Sheet;
use crate::units::{UnitSystem, count, decimal, grouped, seconds};
use clap::ArgMatches;

use super::arguments;
use super::estimate::Estimate;
use super::output::{Failure, Format, json_text, sheets};

/// Runs the command.
pub fn run(matches: &ArgMatches) -> Result<String, Failure> {
    let models = matches.get_many::<String>("models").into_iter().flatten();
    let all = models
        .map(|model| Estimate::of(model, matches))
        .collect::<Result<Vec<_>, _>>()?;
    match arguments::format(matches) {
        Format::Json => json_text(&all.iter().map(Estimate::json).collect::<Result<Vec<_>, _>>()?),
        format => sheets(&[sheet(&all)?], format),
    }
}

fn sheet(all: &[Estimate]) -> Result<Sheet, Failure> {
    let mut sheet = Sheet {
        title: String::new(),
        columns: vec![String::new()],
        rows: Vec::new(),
    };
    sheet.columns.extend(all.iter().map(|one| one.found.facts.id.clone()));
    let mut row = |name: &str, cell: &dyn Fn(&Estimate) -> String| {
        sheet.push(std::iter::once(name.to_owned()).chain(all.iter().map(cell)))
    };
    let bytes = |value: u64| UnitSystem::Gib.bytes(value as f64);
    row("parameters", &|one| grouped(one.analysis.parameters.total.0));
    row("active parameters", &|one| grouped(one.analysis.parameters.active.0));
    row("layers", &|one| one.analysis.setup.blueprint.layers.value.to_string());
    row("attention", &|one| one.analysis.setup.blueprint.attention.clone());
    row("experts", &|one| {
        one.analysis
            .setup
            .blueprint
            .experts
            .clone()
            .unwrap_or_else(|| "none".to_owned())
    });
    row("longest context", &|one| {
        one.analysis
            .setup
            .blueprint
            .max_context
            .as_ref()
            .map_or_else(|| "not said".to_owned(), |most| grouped(most.value))
    });
    row("weights", &|one| bytes(one.analysis.memory.weights.0));
    row("KV cache", &|one| bytes(one.analysis.memory.kv_cache.0));
    row("KV cache per token", &|one| {
        bytes(one.analysis.memory.kv_cache_per_token.0)
    });
    row("activations", &|one| bytes(one.analysis.memory.activations.0));
    row("memory", &|one| bytes(one.analysis.memory.total.0));
    row("operations", &|one| count(one.analysis.flops, "FLOP"));
    row("bytes moved", &|one| UnitSystem::Gib.bytes(one.analysis.bytes));
    row("intensity, FLOP/byte", &|one| decimal(one.analysis.intensity()));
    if all.iter().any(|one| one.analysis.fit.is_some()) {
        row("verdict", &|one| {
            one.analysis
                .fit
                .as_ref()
                .map_or("", |fit| <&'static str>::from(fit.verdict))
                .replace('_', " ")
        });
        row("longest context that fits", &|one| {
            one.analysis
                .fit
                .as_ref()
                .map_or_else(String::new, |fit| grouped(fit.max_context))
        });
        row("largest batch that fits", &|one| {
            one.analysis
                .fit
                .as_ref()
                .map_or_else(String::new, |fit| grouped(fit.max_batch))
        });
        row("least time", &|one| {
            one.analysis
                .speed
                .as_ref()
                .map_or_else(String::new, |speed| seconds(speed.roof.seconds))
        });
    }
    Ok(sheet)
}
