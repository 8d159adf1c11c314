//! Measured throughput with the servers it speaks of.

use std::collections::BTreeMap;

use weighbridge::analysis::Question;
use weighbridge::analysis::serving::Server;
use weighbridge::hardware::measurement::{Measurement, Metric, measurements};
use weighbridge::hardware::{Engine, find};
use weighbridge::model::{Blueprint, catalogue};
use weighbridge::scenario::Scenario;

/// A question and what was measured, equal questions merged.
#[derive(Debug)]
pub struct Case {
    pub server: Server,
    pub engine: Engine,
    pub model: String,
    pub device: String,
    pub generation: String,
    pub weights: String,
    pub publisher: String,
    pub words: String,
    pub requests: f64,
    /// What was measured, sorted.
    pub values: Vec<f64>,
    /// The median of it.
    pub value: f64,
    /// How much it counts: groups by the square root of their size, one on average.
    pub weight: f64,
}

/// Who published a row.
fn publisher(row: &Measurement) -> String {
    let name = row.publication();
    name.split(['@', ':']).next().unwrap_or("").to_owned()
}

/// All rows that take part.
pub fn read() -> Vec<Case> {
    let scenario = |row| Scenario::measured(row).expect("a question");
    let mut merged: BTreeMap<String, (&Measurement, Vec<f64>)> = BTreeMap::new();
    for row in measurements() {
        if row.metric == Metric::Throughput && row.excluded.is_empty() {
            let words = format!("{} {} {:?}", row.model, publisher(row), scenario(row));
            merged.entry(words).or_insert((row, Vec::new())).1.push(row.value);
        }
    }
    let mut out = Vec::new();
    for (words, (row, mut values)) in merged {
        let entry = catalogue::find(&row.model).unwrap_or_else(|| panic!("{} is not in the catalogue", row.model));
        let blueprint = Blueprint::from_value(entry.config.clone()).expect("a model");
        let scenario = scenario(row);
        let question = Question::new(&blueprint, &scenario).expect("a question");
        values.sort_by(f64::total_cmp);
        out.push(Case {
            server: Server::of(&question).expect("a server"),
            engine: question.engine,
            model: row.model.clone(),
            device: row.device.clone(),
            generation: find(&row.device).expect("a device").family.clone(),
            weights: row.weights.clone(),
            publisher: publisher(row),
            words,
            requests: if scenario.endless {
                f64::INFINITY
            } else {
                scenario.batch as f64
            },
            value: f64::midpoint(values[(values.len() - 1) / 2], values[values.len() / 2]),
            values,
            weight: 1.0,
        });
    }
    weigh(&mut out);
    out
}

/// Groups count by the square root of their size: many rows of one publisher say little more than some of them.
fn weigh(cases: &mut [Case]) {
    let mut groups: BTreeMap<(&str, String), f64> = BTreeMap::new();
    for case in cases.iter() {
        *groups.entry((case.engine.key(), case.publisher.clone())).or_default() += 1.0;
    }
    let all = cases.len() as f64 / groups.values().map(|count| count.sqrt()).sum::<f64>();
    for case in cases {
        case.weight = all / groups[&(case.engine.key(), case.publisher.clone())].sqrt();
    }
}
