//! `weighbridge models` and `weighbridge hardware`.

use crate::ask;
use crate::export::{Field, Sheet};
use crate::hardware::{devices, hosts};
use crate::model::families;
use crate::units::{UnitSystem, count, grouped};
use clap::ArgMatches;
use serde_json::{Value, json};

use super::arguments;
use super::output::{Failure, Format, json_text, sheets};

/// The built-in models.
pub fn models(matches: &ArgMatches) -> Result<String, Failure> {
    let format = arguments::format(matches);
    if matches.get_flag("types") {
        return types(format);
    }
    let all = ask::models();
    if format == Format::Json {
        return json_text(&all);
    }
    let mut sheet = Sheet::new("", &["id", "name", "family", "parameters", "licence"]);
    let text = |row: &Value, key: &str| row.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    for row in &all {
        let parameters = row.get("parameters").and_then(Value::as_u64);
        sheet.push([
            text(row, "id"),
            text(row, "name"),
            text(row, "family"),
            parameters.map_or_else(String::new, grouped),
            text(row, "licence"),
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
        return json_text(&ask::hardware());
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
    )
    .with_units(&[
        ("memory", "bytes"),
        ("bandwidth", "bytes/s"),
        ("16-bit", "FLOP/s"),
        ("FP8", "FLOP/s"),
        ("link", "bytes/s"),
        ("power", "W"),
        ("price an hour", "USD"),
    ]);
    for device in devices() {
        let or_none =
            |value: Option<f64>, unit: &str| value.map_or_else(Field::default, |value| Field::rate(value, unit));
        let source = if format == Format::Table {
            String::new()
        } else {
            device.source.clone()
        };
        sheet.push([
            Field::text(&device.id),
            Field::text(&device.name),
            Field::text(device.vendor.name()),
            Field::bytes(device.memory_bytes, UnitSystem::Gib),
            Field::rate(device.bandwidth_bytes_per_s, "B"),
            or_none(device.rate_16(true).map(|one| one.flops), "FLOP"),
            or_none(device.fp8_flops, "FLOP"),
            or_none(device.link_bytes_per_s, "B"),
            Field::or(device.tdp_w, |watts| count(watts, "W"), ""),
            device.price().map_or_else(Field::default, Field::usd),
            Field::text(source),
        ]);
    }
    sheets(&[sheet], format)
}

/// The built-in machines.
fn hosts_table(format: Format) -> Result<String, Failure> {
    if format == Format::Json {
        return json_text(&ask::nodes());
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
    )
    .with_units(&[("RAM", "bytes"), ("link", "bytes/s"), ("price an hour", "USD")]);
    for host in hosts() {
        let ram = host.host_memory_bytes;
        sheet.push([
            Field::text(&host.id),
            Field::text(&host.name),
            Field::text(&host.provider),
            Field::text(format!("{} × {}", host.device_count, host.device_id)),
            ram.map_or_else(Field::default, |bytes| Field::bytes(bytes, UnitSystem::Gib)),
            host.link_bytes_per_s
                .map_or_else(Field::default, |value| Field::rate(value, "B")),
            host.price_usd_h.map_or_else(Field::default, Field::usd),
            Field::text(host.price_usd_h.map_or_else(String::new, |_| host.price_basis())),
        ]);
    }
    sheets(&[sheet], format)
}
