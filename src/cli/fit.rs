//! `weighbridge fit`: the verdict on every device, in the format asked for or in several.

use std::borrow::Cow;
use std::sync::Arc;

use crate::analysis::matrix::{self, Cell};
use crate::analysis::{AnalysisError, Matrix, Speed, Verdict, analyse};
use crate::export::Sheet;
use crate::hardware::{Device, Price, devices_as_owned};
use crate::model::Blueprint;
use crate::scenario::{Scenario, weight_key};
use crate::units::{UnitSystem, decimal};
use clap::ArgMatches;
use serde_json::{Value, json};

use super::output::{Failure, Format, json_text, sheets};
use super::{arguments, runs_here, source};

const UNITS: UnitSystem = UnitSystem::Gib;

/// A row: a device, a format, and what comes of them.
struct Row {
    device: Cow<'static, Device>,
    format: String,
    cell: Cell,
    speed: Option<Speed>,
    price: Option<Price>,
}

/// Runs the command.
pub fn run(matches: &ArgMatches) -> Result<String, Failure> {
    if let Some(models) = matches.get_one::<String>("models") {
        return runs_here::run(models, matches);
    }
    let model = matches.get_one::<String>("model").map_or("", String::as_str);
    let mut scenario = arguments::scenario(matches)?;
    let found = source::find(model, matches)?;
    scenario.model.source = found.source.clone();
    let mut blueprint = source::blueprint(&found, &scenario)?;
    found.adopt(&mut blueprint);
    let rows = rows(&Arc::new(blueprint), &scenario, &formats(matches, &scenario)?)?;
    match arguments::format(matches) {
        Format::Json => json_text(&rows.iter().map(|row| answer(row, &scenario)).collect::<Vec<_>>()),
        format => sheets(&[sheet(&rows)], format),
    }
}

/// Formats asked for: a list, all of the usual ones, or the scenario's own.
fn formats(matches: &ArgMatches, scenario: &Scenario) -> Result<Vec<Option<&'static str>>, Failure> {
    let Some(list) = matches.get_one::<String>("formats") else {
        return Ok(vec![scenario.precision.weights]);
    };
    if list == "all" {
        return Ok(matrix::formats(scenario.workload.mode)
            .iter()
            .map(|format| weight_key(format))
            .collect());
    }
    let one = |name: &str| {
        weight_key(name.trim())
            .map(Some)
            .ok_or_else(|| Failure::new("bad_value", format!("--formats: \"{}\" is no format.", name.trim())))
    };
    list.split(',').map(one).collect()
}

fn rows(
    blueprint: &Arc<Blueprint>,
    scenario: &Scenario,
    formats: &[Option<&'static str>],
) -> Result<Vec<Row>, Failure> {
    let fail = |error: AnalysisError| Failure::new(error.code(), error.to_string());
    // A layout that cannot be is refused once, not for each device.
    analyse(
        blueprint,
        &scenario.clone().with(|s| {
            s.hardware.device = None;
        }),
    )
    .map_err(fail)?;
    let mut all = Vec::new();
    for &format in formats {
        let mut matrix = match format {
            Some(format) => Matrix::new(blueprint, scenario, &[format]),
            None => Matrix::published(blueprint, scenario),
        };
        for device in devices_as_owned(scenario.hardware.device.iter().chain(&scenario.hardware.beside)) {
            let Some(cell) = matrix.cell(&device, format.unwrap_or("")) else {
                continue;
            };
            let runs = matches!(cell.judgement.verdict, Verdict::Fits | Verdict::Offload);
            let here = scenario.clone().with(|s| {
                s.hardware.device = Some(device.id.clone());
                s.hardware.mixed = Vec::new();
                s.precision.weights = format;
                s.serving.engine = Some(cell.engine);
            });
            let speed = if runs {
                analyse(blueprint, &here).map_err(fail)?.speed
            } else {
                None
            };
            all.push(Row {
                format: format.map_or_else(|| blueprint.published.format.id.to_string(), str::to_owned),
                price: price(&device, scenario),
                device,
                cell,
                speed,
            });
        }
    }
    // What runs best first: the verdict, then the least memory that carries it.
    all.sort_by_key(|row| (row.cell.judgement.verdict, row.device.memory_bytes));
    Ok(all)
}

/// The price that was given, else the least that somebody asks.
fn price(device: &Device, scenario: &Scenario) -> Option<Price> {
    let own = scenario
        .hardware
        .price
        .map(|each| Price::own(each, scenario.hardware.devices));
    own.or_else(|| Price::least(device, scenario.hardware.devices))
}

fn answer(row: &Row, scenario: &Scenario) -> Value {
    let judged = &row.cell.judgement;
    let between = row.speed.as_ref().and_then(|speed| speed.tokens_per_second_between);
    json!({
        "hardware": row.device.id,
        "name": row.device.name,
        "devices": scenario.hardware.devices,
        "format": row.format,
        "engine": row.cell.engine,
        "verdict": judged.verdict,
        "support": judged.support.support,
        "why": judged.why,
        "needed_bytes": row.cell.total,
        "capacity_bytes": judged.capacity,
        "headroom_bytes": i128::from(judged.capacity).saturating_sub(i128::from(row.cell.total)) as i64,
        "missing_bytes": judged.missing,
        "offload": judged.offload,
        "tokens_per_second": row.speed.as_ref().map(|speed| speed.tokens_per_second),
        "tokens_per_second_low": between.map(|(low, _)| low),
        "tokens_per_second_high": between.map(|(_, high)| high),
        "prefill_seconds": row.speed.as_ref().and_then(Speed::prefill_seconds),
        "price_usd_per_hour": row.price.as_ref().map(|price| price.usd_per_hour),
        "price_source": row.price.as_ref().map(|price| price.basis.as_str()),
    })
}

fn sheet(rows: &[Row]) -> Sheet {
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
    );
    for row in rows {
        let judged = &row.cell.judgement;
        let verdict = match (judged.verdict, &judged.offload) {
            (Verdict::Fits, _) => "fits".to_owned(),
            (Verdict::Offload, Some(plan)) => format!("offload: {}", plan.words(UNITS)),
            (Verdict::Unsupported, _) => format!("not supported: {}", judged.why),
            _ => format!("does not fit: {} missing", UNITS.bytes(judged.missing as f64)),
        };
        let speed = row
            .speed
            .as_ref()
            .map_or_else(String::new, |speed| match speed.tokens_per_second_between {
                Some((low, high)) => format!("{} – {}", decimal(low), decimal(high)),
                None => decimal(speed.tokens_per_second),
            });
        sheet.push([
            row.device.id.clone(),
            row.format.clone(),
            row.cell.engine.label().to_owned(),
            verdict,
            UNITS.bytes(row.cell.total as f64),
            UNITS.bytes(judged.capacity as f64),
            speed,
            row.price
                .as_ref()
                .map_or_else(String::new, |price| format!("${:.2}", price.usd_per_hour)),
        ]);
    }
    sheet
}
