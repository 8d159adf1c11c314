//! Measured rows with the servers they speak of.

use std::collections::BTreeMap;

use weighbridge::analysis::Question;
use weighbridge::analysis::serving::Server;
use weighbridge::hardware::Engine;
use weighbridge::hardware::measurement::{Measurement, Metric, measurements};
use weighbridge::model::{Blueprint, catalogue};
use weighbridge::scenario::{AttentionParallel, Mode, Scenario, weight_key};

/// A question and what was measured, equal questions merged.
#[derive(Debug)]
pub struct Case {
    pub server: Server,
    pub engine: Engine,
    pub model: String,
    pub device: String,
    pub family: String,
    pub weights: String,
    pub publisher: String,
    pub words: String,
    pub requests: f64,
    /// Sorted.
    pub values: Vec<f64>,
    /// Their median.
    pub value: f64,
    /// How much it counts: groups by the square root of their size, one on average.
    pub weight: f64,
}

/// The scenario a row was measured under.
pub fn scenario(row: &Measurement) -> Option<Scenario> {
    Some(Scenario {
        mode: Mode::Serve,
        endless: row.batch == "max",
        batch: row.batch.parse().unwrap_or(1),
        prompt: row.prompt,
        generate: row.generate,
        weights: Some(weight_key(&row.weights)?),
        engine: Some(row.engine.parse().ok()?),
        hardware: Some(row.device.clone()),
        devices: row.devices,
        tensor: row.tensor,
        pipeline: row.pipeline.unwrap_or(1),
        expert: row.expert.unwrap_or(1),
        attention_parallel: match row.attention.as_str() {
            "dp" => AttentionParallel::Dp,
            _ => AttentionParallel::Tp,
        },
        ..Scenario::default()
    })
}

/// The publisher, as the project's error figures group rows: all pages of a repository are one.
fn publisher(source: &str) -> String {
    source.split("-v").next().unwrap_or(source).to_owned()
}

/// Every row of the table that takes part.
pub fn read() -> Vec<Case> {
    let mut merged: BTreeMap<String, (&'static Measurement, Vec<f64>)> = BTreeMap::new();
    for row in measurements() {
        if row.metric == Metric::Throughput && row.excluded.is_empty() {
            let scenario = scenario(row).expect("a scenario");
            let key = format!("{} {} {scenario:?}", row.model, publisher(&row.source));
            merged.entry(key).or_insert_with(|| (row, Vec::new())).1.push(row.value);
        }
    }
    let mut cases: Vec<Case> = merged.into_values().map(|(row, values)| case(row, values)).collect();
    let mut groups: BTreeMap<(&str, String), f64> = BTreeMap::new();
    for case in &cases {
        *groups.entry((case.engine.key(), case.publisher.clone())).or_default() += 1.0;
    }
    let all = cases.len() as f64 / groups.values().map(|count| count.sqrt()).sum::<f64>();
    for case in &mut cases {
        case.weight = all / groups[&(case.engine.key(), case.publisher.clone())].sqrt();
    }
    cases
}

fn case(row: &Measurement, mut values: Vec<f64>) -> Case {
    let entry = catalogue::find(&row.model).unwrap_or_else(|| panic!("{} is not in the catalogue", row.model));
    let blueprint = Blueprint::from_value(entry.config.clone()).expect("a model");
    let scenario = scenario(row).expect("a scenario");
    let question = Question::new(&blueprint, &scenario).expect("a question");
    let device = question.device().expect("a device");
    values.sort_by(f64::total_cmp);
    let value = f64::midpoint(values[(values.len() - 1) / 2], values[values.len() / 2]);
    Case {
        server: Server::of(&question).expect("a server"),
        engine: question.engine,
        model: row.model.clone(),
        device: device.id.clone(),
        family: device.family.clone(),
        weights: row.weights.clone(),
        publisher: publisher(&row.source),
        words: format!(
            "{} {} {} {}x {} tp{} pp{} {} b{} {}+{}",
            row.engine,
            row.model.rsplit('/').next().unwrap_or(""),
            row.weights,
            row.devices,
            row.device,
            row.tensor.unwrap_or(1),
            row.pipeline.unwrap_or(1),
            row.attention,
            row.batch,
            row.prompt,
            scenario.generated()
        ),
        requests: if scenario.endless {
            f64::INFINITY
        } else {
            scenario.batch as f64
        },
        values,
        value,
        weight: 1.0,
    }
}
