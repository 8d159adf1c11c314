//! `weighbridge inspect`.

use std::sync::Arc;

use crate::analysis::anatomy::Anatomy;
use crate::analysis::time::Pass;
use crate::analysis::{HostShare, Setup};
use crate::ask::{self, Found};
use crate::chart::architecture::{Plan, Show, scene, svg, usually_open};
use crate::chart::{Caption, Theme};
use crate::export::{Field, Sheet, VERSION, inspection, tree};
use crate::model::Blueprint;
use crate::model::headers::Checkpoint;
use crate::scenario::Scenario;
use crate::units::{UnitSystem, grouped, percent, short_count};
use clap::ArgMatches;
use serde_json::json;

use super::output::{Failure, Format, json_text, sheets};
use super::{arguments, headers, source};

/// Width of the drawing in pixels.
const WIDTH: f64 = 760.0;

/// Runs the command.
pub fn run(matches: &ArgMatches) -> Result<String, Failure> {
    let model = matches.get_one::<String>("model").map_or("", String::as_str);
    let found = source::find(model, matches)?;
    let blueprint = found.blueprint(&Scenario::default());
    // A model type that is not known still has its headers.
    if let (Some(read), true) = (&found.headers, found.weights || blueprint.is_err()) {
        return from_headers(&found, read, &blueprint, arguments::format(matches));
    }
    let blueprint = blueprint?;
    let whole = inspection(&blueprint);
    let comparison = found.headers.as_ref().zip(found.compare(&blueprint));
    match arguments::format(matches) {
        Format::Json => {
            let mut whole =
                serde_json::to_value(&whole).map_err(|error| Failure::new("internal", error.to_string()))?;
            if let (Some((read, comparison)), Some(whole)) = (&comparison, whole.as_object_mut()) {
                whole.insert("headers".to_owned(), ask::headers(read, &found.files, comparison));
            }
            json_text(&whole)
        }
        Format::Tree => Ok(tree(&blueprint)),
        Format::Svg => drawing(blueprint, &found.facts.id),
        format => {
            let share = |part: u64| percent(part as f64 / whole.parameters.max(1) as f64);
            let mut components = Sheet::new("Components", &["component", "parameters", "share"]);
            for row in &whole.components {
                components.push([row.component.to_owned(), grouped(row.parameters), share(row.parameters)]);
            }
            let totals = [
                ("total", whole.parameters),
                ("used by a token", whole.active_parameters),
                ("trainable", whole.trainable_parameters),
            ];
            for (name, parameters) in totals {
                components.push([name.to_owned(), grouped(parameters), share(parameters)]);
            }
            let mut towers = Sheet::new("Towers and encoders", &["part", "how often", "parameters", "share"]);
            for group in whole.structure.iter().filter(|group| group.id.starts_with("tower")) {
                towers.push([
                    group.title.clone(),
                    grouped(group.count),
                    grouped(group.parameters),
                    share(group.parameters),
                ]);
            }
            let mut reads = Sheet::new("Reads beside text", &["what", "tokens", "crops", "patches of a crop"]);
            for row in &whole.reads {
                let number = |value: Option<u64>| value.map_or_else(|| "not known".to_owned(), grouped);
                reads.push([
                    row.what.clone(),
                    number(row.tokens),
                    number(row.crops),
                    number(row.patches),
                ]);
            }
            let mut layers = Sheet::new("Layers", &["layer", "in a row", "group repeats"]);
            for run in &whole.runs {
                for part in &run.layers {
                    layers.push([part.layer.clone(), part.count.to_string(), run.repeat.to_string()]);
                }
            }
            let mut tensors = Sheet::new(
                "Tensors",
                &[
                    "name",
                    "shape",
                    "dims",
                    "count",
                    "parameters",
                    "dtype",
                    "size",
                    "component",
                ],
            )
            .with_units(&[("size", "bytes")]);
            for row in &whole.tensors {
                let shape: Vec<_> = row.shape.iter().map(u64::to_string).collect();
                let name = if row.tied {
                    format!("{} (tied)", row.name)
                } else {
                    row.name.clone()
                };
                tensors.push([
                    Field::text(name),
                    Field::text(format!("[{}]", shape.join(", "))),
                    Field::text(row.dims.join(" × ")),
                    Field::text(row.count.to_string()),
                    Field::count(row.parameters),
                    Field::text(&row.dtype),
                    Field::bytes(row.bytes, UnitSystem::Gib),
                    Field::text(row.component),
                ]);
            }
            // One table a file where others read it.
            if format == Format::Csv {
                sheets(&[tensors], format)
            } else {
                let tables: Vec<Sheet> = [
                    Some(components),
                    Some(layers),
                    Some(reads).filter(|_| !whole.reads.is_empty()),
                    Some(towers).filter(|_| whole.tower_parameters > 0),
                    Some(tensors),
                ]
                .into_iter()
                .flatten()
                .collect();
                let tables = sheets(&tables, format)?;
                Ok(match comparison {
                    Some((_, comparison)) => format!("{}\n\n{tables}", comparison.line),
                    None => tables,
                })
            }
        }
    }
}

/// The architecture as a picture, its largest kind of layer open.
fn drawing(blueprint: Blueprint, name: &str) -> Result<String, Failure> {
    let blueprint = Arc::new(blueprint);
    let setup = Setup::new(&blueprint, &Scenario::default())?;
    let anatomy = Anatomy::of(&setup, &HostShare::default(), Pass::Decode);
    let open = usually_open(&blueprint, &anatomy);
    let plan = Plan {
        blueprint: &blueprint,
        anatomy: &anatomy,
        show: Show::Parameters,
        open: &open,
        width: WIDTH,
        units: UnitSystem::Gib,
    };
    let parameters = blueprint.parameters();
    let caption = Caption {
        title: format!("{name}: {} parameters", short_count(parameters as f64)),
        source: format!("Parameters of each part of one layer · Weighbridge {VERSION}"),
        link: String::new(),
    };
    Ok(svg(&scene(&plan), Theme::Light, &caption))
}

/// What the headers say, and how the config stands to them where there is one.
fn from_headers(
    found: &Found,
    read: &Checkpoint,
    blueprint: &Result<Blueprint, Failure>,
    format: Format,
) -> Result<String, Failure> {
    let summary = read.summary();
    let comparison = blueprint.as_ref().ok().and_then(|blueprint| found.compare(blueprint));
    let why_not = blueprint.as_ref().err().map(Failure::line);
    if format == Format::Json {
        let keys: serde_json::Map<_, _> = read
            .list
            .keys
            .iter()
            .map(|(key, value)| (key.clone(), value.to_json()))
            .collect();
        return json_text(&json!({
            "weighbridge": crate::export::VERSION,
            "model": found.facts.id,
            "headers": summary,
            "comparison": comparison,
            "no_blueprint": why_not,
            "config": found.config,
            "keys": keys,
            "tensors": read.tensors(),
        }));
    }
    let tables = headers::sheets(read, &summary);
    if format == Format::Csv {
        return sheets(tables.get(2..).unwrap_or_default(), format);
    }
    let mut out = headers::headline(&found.facts.id, read, &summary);
    if let Some(comparison) = &comparison {
        out.push_str(&format!("{}\n", comparison.line));
    }
    out.push('\n');
    out.push_str(&sheets(&tables, format)?);
    out.push_str("\nTo know\n");
    for line in why_not
        .iter()
        .chain(summary.notices.iter().map(|notice| &notice.message))
    {
        out.push_str(&format!("  {line}\n"));
    }
    Ok(out)
}
