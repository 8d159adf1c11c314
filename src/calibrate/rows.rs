//! The measurements as work for the engine's own formula.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;
use weighbridge::analysis::time::{Setting, Work, setting};
use weighbridge::analysis::{HostShare, Question, fit, memory, parameters, ranks};
use weighbridge::hardware::efficiency::{Terms, efficiency, generation, group};
use weighbridge::hardware::engine::Engine;
use weighbridge::hardware::measurement::{Measurement, Metric, measurements};
use weighbridge::hardware::{Device, find};
use weighbridge::model::{Blueprint, catalogue};
use weighbridge::scenario::Scenario;
use weighbridge::units::Exact;

/// Configs of models which are measured but not built in.
const OTHERS: [&str; 5] = [
    include_str!("../../tests/facts/configs.jsonl"),
    include_str!("../../tests/facts/hybrid.jsonl"),
    include_str!("../../tests/facts/towers.jsonl"),
    include_str!("../../tests/facts/attention.jsonl"),
    include_str!("../../tests/facts/speed.jsonl"),
];

/// A measurement ready for the fit.
pub struct Row {
    /// As published.
    pub measured: &'static Measurement,
    /// What runs.
    pub work: Work<f64>,
    /// How: shares are replaced by those of the fit.
    pub setting: Setting<'static>,
    /// Measured seconds of the pass.
    pub seconds: f64,
    /// Whether it writes tokens.
    pub decode: bool,
    /// Engine key.
    pub engine: &'static str,
    /// Group of the device.
    pub group: String,
    /// Its generation.
    pub generation: String,
}

impl Row {
    /// Publisher, as the scorer groups rows.
    pub fn publisher(&self) -> &str {
        &self.measured.source
    }
}

/// Every config that a measurement may name.
fn configs() -> HashMap<String, Value> {
    let mut configs: HashMap<String, Value> = catalogue::entries()
        .iter()
        .map(|entry| (entry.id.clone(), entry.config.clone()))
        .collect();
    for line in OTHERS.iter().flat_map(|text| text.lines()) {
        if let Ok(row) = serde_json::from_str::<Value>(line)
            && let Some(id) = row.get("id").and_then(Value::as_str)
            && let Some(config) = row.get("config")
        {
            configs.entry(id.to_owned()).or_insert_with(|| config.clone());
        }
    }
    configs
}

/// Models that were measured and the parameters one token of each uses.
pub fn models() -> BTreeMap<String, u64> {
    let configs = configs();
    let active = |id: &String| {
        let blueprint = Blueprint::from_value(configs.get(id)?.clone()).ok()?;
        Some((id.clone(), parameters::<Exact>(&blueprint).active.0))
    };
    measurements().iter().filter_map(|row| active(&row.model)).collect()
}

/// Every measurement of a single pass that takes part, and those that cannot with the reason.
pub fn rows(alike: f64) -> (Vec<Row>, Vec<(&'static Measurement, String)>) {
    let configs = configs();
    let (mut rows, mut left) = (Vec::new(), Vec::new());
    for measured in measurements() {
        if measured.metric == Metric::Throughput {
            continue;
        }
        let result = if measured.excluded.is_empty() {
            row(measured, &configs, alike)
        } else {
            Err(measured.excluded.clone())
        };
        match result {
            Ok(row) => rows.push(row),
            Err(why) => left.push((measured, why)),
        }
    }
    (rows, left)
}

fn row(measured: &'static Measurement, configs: &HashMap<String, Value>, alike: f64) -> Result<Row, String> {
    let config = configs.get(&measured.model).ok_or("no config")?;
    let blueprint = Blueprint::from_value(config.clone()).map_err(|error| error.to_string())?;
    let scenario = Scenario::measured(measured).ok_or("format or batch not known")?;
    let device: &'static Device = find(&measured.device).ok_or("device not in the table")?;
    let question = Question::new(&blueprint, &scenario).map_err(|error| error.to_string())?;
    let engine: Engine = question.engine;
    let host = host_share(&question, device);
    let found = efficiency(engine, device).ok_or("no efficiencies")?;
    let setting = setting(&question, device, &found, &host);
    let work = Work::<f64>::new(&question, device, alike);
    let decode = measured.metric == Metric::Decode;
    if !decode && weighbridge::analysis::time::peak(device).is_none() {
        return Err("prefill on a device without a known rate".to_owned());
    }
    let tokens = if decode {
        scenario.batch as f64
    } else {
        scenario.batch as f64 * scenario.prompt as f64
    };
    Ok(Row {
        measured,
        work,
        setting,
        seconds: tokens / measured.value,
        decode,
        engine: engine.key(),
        group: group(device).to_owned(),
        generation: generation(device),
    })
}

/// What of a model larger than its devices lies in RAM.
fn host_share(question: &Question<'_>, device: &Device) -> HostShare {
    let memory = memory::<Exact>(question);
    let held = ranks(question, &memory).unwrap_or_default();
    fit(question, &held, device).host()
}

/// The terms of a row with others in their place.
pub fn with_terms(setting: &Setting<'static>, terms: Terms) -> Setting<'static> {
    Setting {
        terms,
        host_bandwidth: terms.host_bytes_per_s,
        ..setting.clone()
    }
}
