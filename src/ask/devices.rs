//! The verdict on every device, in the format asked for or in several.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::{Value, json};

use super::Failure;
use crate::analysis::matrix::{self, Cell};
use crate::analysis::{Matrix, Speed, Verdict, analyse};
use crate::hardware::{Device, Price, devices_as_owned};
use crate::model::Blueprint;
use crate::scenario::{Scenario, weight_key};

/// A device, a format, and what comes of them.
#[derive(Debug)]
pub struct DeviceRow {
    /// The device.
    pub device: Cow<'static, Device>,
    /// Key of the format.
    pub format: String,
    /// The verdict.
    pub cell: Cell,
    /// How fast, where it runs.
    pub speed: Option<Speed>,
    /// What it costs, where that is known.
    pub price: Option<Price>,
}

/// Formats by name: a list by commas, or `all` of the usual ones.
///
/// # Errors
/// A name that is no format.
pub fn formats_by_name(list: &str, scenario: &Scenario) -> Result<Vec<Option<&'static str>>, Failure> {
    if list == "all" {
        let all = matrix::formats(scenario.workload.mode).iter();
        return Ok(all.map(|format| weight_key(format)).collect());
    }
    let one = |name: &str| {
        weight_key(name.trim())
            .map(Some)
            .ok_or_else(|| Failure::new("bad_value", format!("--formats: \"{}\" is no format.", name.trim())))
    };
    list.split(',').map(one).collect()
}

/// The verdict on every device, in each format; `None` is the published one.
///
/// # Errors
/// A layout or a workload that cannot be, or a device that cannot be read.
pub fn devices(
    blueprint: &Arc<Blueprint>,
    scenario: &Scenario,
    formats: &[Option<&'static str>],
) -> Result<Vec<DeviceRow>, Failure> {
    // A layout that cannot be is refused once, not for each device.
    analyse(
        blueprint,
        &scenario.clone().with(|s| {
            s.hardware.device = None;
        }),
    )?;
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
            let speed = if runs { analyse(blueprint, &here)?.speed } else { None };
            all.push(DeviceRow {
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

/// A row as JSON.
pub fn device_row(row: &DeviceRow, scenario: &Scenario) -> Value {
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
