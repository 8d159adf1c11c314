//! `weighbridge compare`: answers side by side, of models, devices, formats or whole cases.

use crate::analysis::in_best_format;
use crate::ask::{Estimate, asked_in, query_in};
use crate::export::{column_names, side_by_side, side_by_side_numbers};
use crate::report::compare::{Column, Plane, SideBySide, differences, frontier, points};
use crate::scenario::{KnobId, Scenario};
use crate::units::{UnitSystem, shown};
use clap::ArgMatches;

use super::output::{Failure, Format, json_text, sheets};
use super::{arguments, source};

const UNITS: UnitSystem = UnitSystem::Gib;

/// Runs the command.
pub fn run(matches: &ArgMatches) -> Result<String, Failure> {
    let mut all = Vec::new();
    let scenario = arguments::scenario(matches)?;
    for model in matches.get_many::<String>("models").into_iter().flatten() {
        all.extend(cases(model, &scenario, matches)?);
    }
    match arguments::format(matches) {
        Format::Json => json_text(&all.iter().map(|one| one.json(false)).collect::<Vec<_>>()),
        format => written(&all, format),
    }
}

/// The cases of an argument: those of a link, or a model under the flags.
pub fn cases(text: &str, scenario: &Scenario, matches: &ArgMatches) -> Result<Vec<Estimate>, Failure> {
    match query_in(text) {
        Some(query) => of_link(query, matches),
        None => of_flags(text, scenario, matches),
    }
}

/// The cases of a link, as it says them.
fn of_link(query: &str, matches: &ArgMatches) -> Result<Vec<Estimate>, Failure> {
    let best = matches
        .get_one::<String>("formats")
        .is_some_and(|formats| formats == "best");
    let mut all = Vec::new();
    for scenario in asked_in(query)? {
        let found = source::of_scenario(&scenario.model.source, matches)?;
        let estimate = Estimate::under(found, scenario)?;
        all.push(if best { in_best(estimate)? } else { estimate });
    }
    Ok(all)
}

/// A model under the flags: on each device, in each format.
fn of_flags(model: &str, scenario: &Scenario, matches: &ArgMatches) -> Result<Vec<Estimate>, Failure> {
    let mut scenario = scenario.clone();
    let others = std::mem::take(&mut scenario.hardware.beside);
    let first = Estimate::under(source::find(model, matches)?, scenario)?;
    let mut on_each = vec![(*first.analysis.setup.requested).clone()];
    for device in others {
        let mut other = (*first.analysis.setup.requested).clone();
        other.hardware.device = Some(device);
        on_each.push(other);
    }
    let formats = matches.get_one::<String>("formats").map(String::as_str);
    let mut all = Vec::new();
    for scenario in on_each {
        match formats {
            None => all.push(first.again(&scenario)?),
            Some("best") => all.push(in_best(first.again(&scenario)?)?),
            Some(list) => {
                for format in list.split(',') {
                    all.push(first.again(&in_format(&scenario, format.trim())?)?);
                }
            }
        }
    }
    Ok(all)
}

/// A scenario in a format by any of its names.
fn in_format(scenario: &Scenario, format: &str) -> Result<Scenario, Failure> {
    let mut other = scenario.clone();
    if let Some(knob) = KnobId::Weights.knob() {
        knob.read(&mut other, format)
            .map_err(|error| Failure::new("bad_value", format!("--formats: {error}")))?;
    }
    Ok(other)
}

/// The same in its best format that fits; as it is where none does.
fn in_best(estimate: Estimate) -> Result<Estimate, Failure> {
    match in_best_format(&estimate.analysis.setup) {
        Some(scenario) => estimate.again(&scenario),
        None => Ok(estimate),
    }
}

fn written(all: &[Estimate], format: Format) -> Result<String, Failure> {
    let columns: Vec<Column<'_>> = all
        .iter()
        .map(|one| Column {
            name: &one.found.facts.id,
            analysis: &one.analysis,
        })
        .collect();
    let beside = SideBySide::of(&columns, 0, UNITS);
    let names = column_names(&beside);
    if format == Format::Csv {
        return sheets(&[side_by_side_numbers(&beside)], format);
    }
    let table = sheets(&[side_by_side(&beside)], format)?;
    let mut out = String::new();
    if all.len() > 1 {
        out.push_str(format!("{} {}", shown(&beside.main), shown(&beside.rest)).trim_end());
        out.push('\n');
        let same = beside.same_in_words();
        if !same.is_empty() {
            out.push_str(&format!("\nThe same in all: {}\n", shown(&same)));
        }
        out.push('\n');
    }
    out.push_str(&table);
    for (plane, what) in [
        (Plane::MemorySpeed, "less memory and more tokens a second"),
        (Plane::CostLatency, "less cost and a sooner first token"),
    ] {
        let found = points(&columns, plane);
        let places: Vec<(f64, f64)> = found.iter().map(|point| (point.x, point.y)).collect();
        let best: Vec<&str> = frontier(&places, plane.better())
            .into_iter()
            .filter_map(|at| names.get(found.get(at)?.column).map(String::as_str))
            .collect();
        if found.len() > 1 {
            out.push_str(&format!("\nNo other has {what} than: {}.\n", shown(&best.join(", "))));
        }
    }
    out.push_str(&architectures(all, &names, format));
    Ok(out)
}

/// What each architecture does otherwise than the first, and what that costs.
fn architectures(all: &[Estimate], names: &[String], format: Format) -> String {
    let (Some((first, rest)), Some(base)) = (all.split_first(), names.first()) else {
        return String::new();
    };
    let mut out = String::new();
    let mut told = Vec::new();
    for (one, name) in rest.iter().zip(names.iter().skip(1)) {
        let blueprint = &one.analysis.setup.blueprint;
        let found = differences(blueprint, &first.analysis.setup.blueprint, UNITS);
        // The same model on another device is said once.
        if found.is_empty() || told.contains(&blueprint) {
            continue;
        }
        told.push(blueprint);
        let (open, item) = if format == Format::Markdown {
            ("\n### ", "* ")
        } else {
            ("\n", "  ")
        };
        out.push_str(&format!("{open}{} beside {}\n", shown(name), shown(base)));
        if format == Format::Markdown {
            out.push('\n');
        }
        for one in found {
            out.push_str(&format!("{item}{}: {}\n", one.part, shown(&one.words())));
        }
    }
    out
}
