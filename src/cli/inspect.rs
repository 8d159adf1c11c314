//! `weighbridge inspect`.

use clap::ArgMatches;
use weighbridge::export::{Sheet, inspection, tree};
use weighbridge::scenario::Scenario;
use weighbridge::units::{UnitSystem, grouped};

use super::output::{Failure, Format, json_text, sheets};
use super::{arguments, source};

/// Runs the command.
pub fn run(matches: &ArgMatches) -> Result<String, Failure> {
    let model = matches.get_one::<String>("model").map_or("", String::as_str);
    let found = source::find(model, matches)?;
    let blueprint = source::blueprint(&found, &Scenario::default())?;
    let whole = inspection(&blueprint);
    match arguments::format(matches) {
        Format::Json => json_text(&whole),
        Format::Tree => Ok(tree(&blueprint)),
        format => {
            let mut components = Sheet::new("Components", &["component", "parameters"]);
            for row in &whole.components {
                components.push([row.component.to_owned(), grouped(row.parameters)]);
            }
            components.push(["total".to_owned(), grouped(whole.parameters)]);
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
            );
            for row in &whole.tensors {
                let shape: Vec<_> = row.shape.iter().map(u64::to_string).collect();
                let name = if row.tied {
                    format!("{} (tied)", row.name)
                } else {
                    row.name.clone()
                };
                tensors.push([
                    name,
                    format!("[{}]", shape.join(", ")),
                    row.dims.join(" × "),
                    row.count.to_string(),
                    grouped(row.parameters),
                    row.dtype.clone(),
                    UnitSystem::Gib.bytes(row.bytes as f64),
                    row.component.to_owned(),
                ]);
            }
            // One table a file where others read it.
            if format == Format::Csv {
                sheets(&[tensors], format)
            } else {
                sheets(&[components, layers, tensors], format)
            }
        }
    }
}
