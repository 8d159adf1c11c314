//! `weighbridge models` and `weighbridge hardware`.

use crate::export::Sheet;
use crate::hardware::{devices, hosts};
use crate::model::{Blueprint, catalogue, families};
use crate::units::{UnitSystem, count, grouped, rate};
use clap::ArgMatches;
use serde_json::json;

use super::arguments;
use super::output::{Failure, Format, json_text, sheets};

/// The built-in models.
pub fn models(matches: &ArgMatches) -> Result<String, Failure> {
    let format = arguments::format(matches);
    if matches.get_flag("types") {
        return types(format);
    }
    let rows = catalogue::entries().iter().map(|entry| {
        (
            entry,
            Blueprint::from_value(entry.config.clone())
                .map(|blueprint| blueprint.parameters())
                .ok(),
        )
    });
    if format == Format::Json {
        let all: Vec<_> = rows
            .map(|(entry, parameters)| {
                json!({"id": entry.id, "name": entry.name, "family": entry.family, "parameters": parameters, "licence": entry.licence, "gated": entry.gated,
                       "released": entry.released, "source": entry.source})
            })
            .collect();
        return json_text(&all);
    }
    let mut sheet = Sheet::new("", &["id", "name", "family", "parameters", "licence"]);
    for (entry, parameters) in rows {
        let licence = entry.licence.clone().unwrap_or_default();
        sheet.push([
            entry.id.clone(),
            entry.name.clone(),
            entry.family.clone(),
            parameters.map_or_else(String::new, grouped),
            licence,
        ]);
    }
    sheets(&[sheet], format)
}

/// The model types that are known.
fn types(format: Format) -> Result<String, Failure> {
    let mut all: Vec<_> = families::known().collect();
    all.sort_by_key(|(name, _)| *name);
    if format == Format::Json {
        let rows: Vec<_> = all
            .iter()
            .map(|(name, family)| json!({"model_type": name, "family": family.title}))
            .collect();
        return json_text(&rows);
    }
    let mut sheet = Sheet::new("", &["model_type", "family"]);
    for (name, family) in all {
        sheet.push([name.to_owned(), family.title.to_owned()]);
    }
    sheets(&[sheet], format)
}

/// The built-in devices.
pub fn hardware(matches: &ArgMatches) -> Result<String, Failure> {
    let format = arguments::format(matches);
    if matches.get_flag("nodes") {
        return hosts_table(format);
    }
    if format == Format::Json {
        return json_text(&devices());
    }
    let mut sheet = Sheet::new(
        "",
        &[
            "id",
            "name",
            "vendor",
            "memory",
            "bandwidth",
            "16-bit",
            "FP8",
            "link",
            "power",
            "price an hour",
            "source",
        ],
    );
    for device in devices() {
        let or_none = |value: Option<f64>, unit: &str| value.map_or_else(String::new, |value| rate(value, unit));
        let source = if format == Format::Table {
            String::new()
        } else {
            device.source.clone()
        };
        sheet.push([
            device.id.clone(),
            device.name.clone(),
            device.vendor.name().to_owned(),
            UnitSystem::Gib.bytes(device.memory_bytes as f64),
            rate(device.bandwidth_bytes_per_s, "B"),
            device
                .rate_16(true)
                .map_or_else(String::new, |one| rate(one.flops, "FLOP")),
            or_none(device.fp8_flops, "FLOP"),
            or_none(device.link_bytes_per_s, "B"),
            device.tdp_w.map_or_else(String::new, |watts| count(watts, "W")),
            device.price().map_or_else(String::new, dollars),
            source,
        ]);
    }
    sheets(&[sheet], format)
}

/// The built-in machines.
fn hosts_table(format: Format) -> Result<String, Failure> {
    if format == Format::Json {
        return json_text(&hosts());
    }
    let mut sheet = Sheet::new(
        "",
        &[
            "id",
            "name",
            "provider",
            "devices",
            "RAM",
            "link",
            "price an hour",
            "price from",
        ],
    );
    for host in hosts() {
        let ram = host.host_memory_bytes;
        sheet.push([
            host.id.clone(),
            host.name.clone(),
            host.provider.clone(),
            format!("{} × {}", host.device_count, host.device_id),
            ram.map_or_else(String::new, |bytes| UnitSystem::Gib.bytes(bytes as f64)),
            host.link_bytes_per_s.map_or_else(String::new, |value| rate(value, "B")),
            host.price_usd_h.map_or_else(String::new, dollars),
            host.price_usd_h.map_or_else(String::new, |_| host.price_basis()),
        ]);
    }
    sheets(&[sheet], format)
}

fn dollars(price: f64) -> String {
    format!("${price:.2}")
}
