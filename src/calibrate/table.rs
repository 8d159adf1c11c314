//! Writes the tables.

use std::collections::BTreeMap;

use strum::IntoEnumIterator;
use weighbridge::hardware::efficiency::{Coefficients, FormatClass, Level, Row as Line, Terms};

use super::fit::Fit;
use super::report::quantile;
use super::rows::Row;

/// Fewer rows than this say nothing about the spread of their own kind.
const ENOUGH: usize = 8;
/// Rows that are left out are still of the same publishers; no interval is narrower than this either way.
const LEAST: f64 = 1.15;
/// What the terms mean.
const ABOUT: [&str; 10] = [
    "rows at which products reach half their rate",
    "exponent of watts a TFLOP/s",
    "launches of an operator on routed experts beside its own",
    "exponent of the tokens that choose experts: those of a batch are alike",
    "share of a prefill that devices in a row do at the same time",
    "nanoseconds from one device to the next in decode",
    "the same for a micro-batch",
    "bytes a second at which layers in RAM are read",
    "share of a link that collective operations reach (assumed)",
    "nanoseconds a collective operation takes however small it is (assumed)",
];

/// Engines without measurements of single passes, as factors on what llama.cpp reaches: assumed, and their spread wide.
///
/// Servers replay decode as one graph, so launches cost little; transformers launches each operator from Python.
const ASSUMED: [(&str, [f64; 8]); 5] = [
    ("vllm", [1.1, 1.2, 1.0, 0.5, 1.5, 4.0, 1.0, 0.5]),
    ("sglang", [1.1, 1.2, 1.0, 0.5, 1.5, 4.0, 1.0, 0.5]),
    ("tensorrt-llm", [1.1, 1.2, 1.0, 0.4, 1.6, 4.0, 1.0, 0.5]),
    ("transformers", [0.9, 0.8, 1.0, 6.0, 1.3, 3.0, 0.8, 2.0]),
    ("exllamav3", [0.9, 1.0, 1.0, 1.0, 1.0, 2.0, 1.0, 1.0]),
];

/// Measured ÷ estimated at two quantiles, around one, over both ways of leaving rows out or one of them.
fn spread(rows: &[Row], errors: &[&[f64]], decode: bool, of: impl Fn(&Row) -> bool) -> Option<(f64, f64)> {
    let mut found: Vec<f64> = errors
        .iter()
        .flat_map(|list| rows.iter().zip(*list))
        .filter(|(row, _)| row.decode == decode && of(row))
        .map(|(_, error)| -error)
        .collect();
    if found.len() < ENOUGH * errors.len() {
        return None;
    }
    let (low, high) = (quantile(&mut found, 0.1).exp(), quantile(&mut found, 0.9).exp());
    Some((low.min(1.0 / LEAST), high.max(LEAST)))
}

fn middle(one: f64, other: f64) -> f64 {
    (one * other).sqrt()
}

fn count(rows: &[Row], decode: bool, of: impl Fn(&Row) -> bool) -> u32 {
    rows.iter().filter(|row| row.decode == decode && of(row)).count() as u32
}

/// Writes both tables.
pub fn write(fit: &Fit, rows: &[Row], by_device: &[f64], by_model: &[f64]) {
    let mut lines = Vec::new();
    let llama = |row: &Row| row.engine == "llama.cpp";
    // The base is llama.cpp: it has rows on every kind of device.
    let base = fit.level(0, "all").scaled(fit.level(4, "llama.cpp"));
    let line = |level: Level,
                name: &str,
                coefficients: Coefficients,
                of: &dyn Fn(&Row) -> bool,
                wider: &dyn Fn(&Row) -> bool| {
        let both: &[&[f64]] = &[by_device, by_model];
        let pick = |decode: bool| {
            let around = spread(rows, both, decode, wider)
                .or_else(|| spread(rows, both, decode, llama))
                .unwrap_or((0.5, 2.0));
            if level == Level::Device {
                // Its own rows, seen by a fit without that model, say where it lies; its kind says how far that goes.
                let own = spread(rows, &[by_model], decode, of);
                return own.map_or(around, |own| (middle(own.0, around.0), middle(own.1, around.1)));
            }
            spread(rows, both, decode, of).unwrap_or(around)
        };
        let ((decode_low, decode_high), (prefill_low, prefill_high)) = (pick(true), pick(false));
        Line {
            level,
            name: name.to_owned(),
            coefficients,
            decode_rows: count(rows, true, of),
            decode_low,
            decode_high,
            prefill_rows: count(rows, false, of),
            prefill_low,
            prefill_high,
            source: "fit".to_owned(),
        }
    };
    lines.push(line(Level::All, "all", base, &llama, &llama));
    let mut above: BTreeMap<String, Coefficients> = BTreeMap::new();
    for name in fit.names(1) {
        let own = base.scaled(fit.level(1, &name));
        above.insert(name.clone(), own);
        lines.push(line(
            Level::Group,
            &name,
            own,
            &|row| llama(row) && row.group == name,
            &llama,
        ));
    }
    for name in fit.names(2) {
        let Some(row) = rows.iter().find(|row| row.generation == name) else {
            continue;
        };
        let own = above[&row.group].scaled(fit.level(2, &name));
        above.insert(name.clone(), own);
        let group = row.group.clone();
        lines.push(line(
            Level::Generation,
            &name,
            own,
            &|row| llama(row) && row.generation == name,
            &|row| llama(row) && row.group == group,
        ));
    }
    for name in fit.names(3) {
        let Some(row) = rows.iter().find(|row| row.measured.device == name) else {
            continue;
        };
        let own = above[&row.generation].scaled(fit.level(3, &name));
        let (generation, group) = (row.generation.clone(), row.group.clone());
        let near = |row: &Row| llama(row) && row.generation == generation;
        let far = |row: &Row| llama(row) && row.group == group;
        let enough = rows.iter().filter(|row| near(row)).count() >= 2 * ENOUGH;
        lines.push(line(
            Level::Device,
            &name,
            own,
            &|row| row.measured.device == name,
            if enough { &near } else { &far },
        ));
    }
    let llamas = fit.level(4, "llama.cpp").to_array();
    for name in fit.names(4).into_iter().filter(|name| name != "llama.cpp") {
        let mut factors = fit.level(4, &name).to_array();
        for (slot, other) in factors.iter_mut().zip(llamas) {
            *slot /= other;
        }
        let of = |row: &Row| row.engine == name;
        lines.push(line(
            Level::Engine,
            &name,
            Coefficients::from_array(factors),
            &of,
            &|_| true,
        ));
    }
    for (name, factors) in ASSUMED {
        lines.push(Line {
            decode_low: 0.7,
            decode_high: 1.5,
            prefill_low: 0.6,
            prefill_high: 1.8,
            decode_rows: 0,
            prefill_rows: 0,
            source: "assumed".to_owned(),
            ..line(
                Level::Engine,
                name,
                Coefficients::from_array(factors),
                &|_| false,
                &|_| true,
            )
        });
    }
    for class in FormatClass::iter() {
        let of = |row: &Row| FormatClass::of(&row.measured.weights) == class;
        lines.push(line(Level::Format, class.key(), fit.factors().of(class), &of, &|_| {
            true
        }));
    }
    let mut writer = csv::WriterBuilder::new()
        .has_headers(false)
        .from_path("data/efficiencies.csv")
        .unwrap();
    let names = [
        "level",
        "name",
        "bandwidth",
        "cache",
        "keys",
        "launch_ns",
        "compute",
        "attention",
        "activations",
        "prompt_launch_ns",
        "decode_rows",
        "decode_low",
        "decode_high",
        "prefill_rows",
        "prefill_low",
        "prefill_high",
        "source",
    ];
    writer.write_record(names).unwrap();
    for one in lines {
        let level: &'static str = one.level.into();
        let mut record = vec![level.to_owned(), one.name];
        let mut shown = one.coefficients;
        if !matches!(one.level, Level::Engine | Level::Format) {
            // The formula takes no more than this either.
            shown.bandwidth = shown.bandwidth.min(0.95);
        }
        record.extend(shown.to_array().map(short));
        record.extend([
            one.decode_rows.to_string(),
            short(one.decode_low),
            short(one.decode_high),
        ]);
        record.extend([
            one.prefill_rows.to_string(),
            short(one.prefill_low),
            short(one.prefill_high),
            one.source,
        ]);
        writer.write_record(&record).unwrap();
    }
    writer.flush().unwrap();
    let mut writer = csv::Writer::from_path("data/efficiency_terms.csv").unwrap();
    writer.write_record(["name", "value", "about"]).unwrap();
    for ((name, value), about) in Terms::NAMES.iter().zip(fit.term_values()).zip(ABOUT) {
        writer.write_record([name, short(value).as_str(), about]).unwrap();
    }
    writer.flush().unwrap();
}

/// Writes the sizes of the models that were measured.
pub fn models(models: &BTreeMap<String, u64>) {
    let mut writer = csv::Writer::from_path("data/measured_models.csv").unwrap();
    writer.write_record(["model", "active"]).unwrap();
    for (id, active) in models {
        writer.write_record([id.as_str(), active.to_string().as_str()]).unwrap();
    }
    writer.flush().unwrap();
}

/// Three digits are more than the fit knows.
fn short(value: f64) -> String {
    let digits = (2 - value.abs().max(1e-9).log10().floor() as i32).max(0) as usize;
    format!("{value:.digits$}")
}
