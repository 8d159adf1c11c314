//! `weighbridge fit`: the verdict on every device, in the format asked for or in several.

use std::sync::Arc;

use crate::analysis::Verdict;
use crate::ask::{DeviceRow, device_row, devices, formats_by_name};
use crate::export::{Field, Sheet};
use crate::report::likely_value;
use crate::units::UnitSystem;
use clap::ArgMatches;

use super::output::{Failure, Format, json_text, sheets};
use super::{arguments, runs_here, source};

const UNITS: UnitSystem = UnitSystem::Gib;

/// Runs the command.
pub fn run(matches: &ArgMatches) -> Result<String, Failure> {
    if let Some(models) = matches.get_one::<String>("models") {
        return runs_here::run(models, matches);
    }
    let model = matches.get_one::<String>("model").map_or("", String::as_str);
    let mut scenario = arguments::scenario(matches)?;
    let found = source::find(model, matches)?;
    scenario.model.source = found.source.clone();
    let mut blueprint = found.blueprint(&scenario)?;
    found.adopt(&mut blueprint);
    let formats = match matches.get_one::<String>("formats") {
        Some(list) => formats_by_name(list, &scenario)?,
        None => vec![scenario.precision.weights],
    };
    let rows = devices(&Arc::new(blueprint), &scenario, &formats)?;
    match arguments::format(matches) {
        Format::Json => json_text(&rows.iter().map(|row| device_row(row, &scenario)).collect::<Vec<_>>()),
        format => sheets(&[sheet(&rows)], format),
    }
}

fn sheet(rows: &[DeviceRow]) -> Sheet {
    let mut sheet = Sheet::new(
        "",
        &[
            "device",
            "format",
            "engine",
            "verdict",
            "needs",
            "of",
            "tokens/s",
            "price an hour",
        ],
    )
    .with_units(&[("needs", "bytes"), ("of", "bytes"), ("price an hour", "USD")]);
    for row in rows {
        let judged = &row.cell.judgement;
        let verdict = match (judged.verdict, &judged.offload) {
            (Verdict::Fits, _) => "fits".to_owned(),
            (Verdict::Offload, Some(plan)) => format!("offload: {}", plan.words(UNITS)),
            (Verdict::Unsupported, _) => format!("not supported: {}", judged.why),
            _ => format!("does not fit: {} missing", UNITS.bytes(judged.missing as f64)),
        };
        let speed = row.speed.as_ref();
        let price = row.price.as_ref().map(|price| price.usd_per_hour);
        sheet.push([
            Field::text(&row.device.id),
            Field::text(&row.format),
            Field::text(row.cell.engine.label()),
            Field::text(verdict),
            Field::bytes(row.cell.total, UNITS),
            Field::bytes(judged.capacity, UNITS),
            speed.map_or_else(Field::default, |one| {
                likely_value(one.tokens_per_second, one.tokens_per_second_between)
            }),
            price.map_or_else(Field::default, Field::usd),
        ]);
    }
    sheet
}
