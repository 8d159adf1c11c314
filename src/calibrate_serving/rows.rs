//! Measured rows with the servers they speak of.

use std::collections::BTreeMap;

use weighbridge::analysis::Question;
use weighbridge::analysis::serving::Server;
use weighbridge::hardware::Engine;
use weighbridge::model::Blueprint;
use weighbridge::scenario::{KvFormat, Mode, Scenario, weight_key};

/// A question and what was measured, equal questions merged.
#[derive(Debug)]
pub struct Case {
    pub server: Server,
    pub engine: Engine,
    pub model: String,
    pub device: String,
    pub weights: String,
    pub publisher: String,
    pub arguments: String,
    pub requests: f64,
    /// Their median.
    pub value: f64,
}

fn excluded(model: &str, arguments: &str) -> bool {
    // The page of the H100 repeats these four lines of the A100's page, value by value.
    let copied = ["--prompt 32000", "--prompt 3999", "--prompt 1998", "--prompt 127 "];
    model.ends_with("GLM-4.5-Air") && arguments.contains("h100-sxm") && copied.iter().any(|one| arguments.contains(one))
}

pub fn read(path: &str) -> Vec<Case> {
    let mut merged: BTreeMap<(String, String, String), Vec<f64>> = BTreeMap::new();
    let mut reader = csv::Reader::from_path(path).expect("the table");
    for row in reader.records().map(|row| row.expect("a row")) {
        if &row[3] == "throughput" && !excluded(&row[1], &row[2]) {
            let publisher = row[7].split(['@', ':']).next().unwrap_or("").to_owned();
            merged
                .entry((row[1].to_owned(), row[2].to_owned(), publisher))
                .or_default()
                .push(row[5].parse().expect("a value"));
        }
    }
    let mut out = Vec::new();
    for ((model, arguments, publisher), mut values) in merged {
        let text = std::fs::read_to_string(format!("/work/shared/{model}/config.json")).expect("a config");
        let blueprint = Blueprint::from_text(&text).expect("a model");
        let mut scenario = Scenario {
            mode: Mode::Serve,
            ..Scenario::default()
        };
        let parts: Vec<&str> = arguments.split(' ').collect();
        for part in parts.chunks(2) {
            let value = part[1];
            match part[0] {
                "--batch" if value == "max" => scenario.endless = true,
                "--batch" => scenario.batch = value.parse().expect("batch"),
                "--prompt" => scenario.prompt = value.parse().expect("prompt"),
                "--generate" => scenario.generate = value.parse().ok(),
                "--weights" => scenario.weights = weight_key(value),
                "--hardware" => scenario.hardware = Some(value.to_owned()),
                "--devices" => scenario.devices = value.parse().expect("devices"),
                "--engine" => scenario.engine = value.parse().ok(),
                "--tensor-parallel" => scenario.tensor = value.parse().ok(),
                "--pipeline-parallel" => scenario.pipeline = value.parse().expect("stages"),
                "--expert-parallel" => scenario.expert = value.parse().expect("experts"),
                "--attention-parallel" => scenario.attention_parallel = value.parse().expect("attention"),
                _ => {}
            }
        }
        if scenario.engine == Some(Engine::TensorRtLlm)
            && matches!(scenario.weights, Some("fp8" | "nvfp4"))
            && std::env::var("KV").is_err()
        {
            scenario.kv_cache = KvFormat::Fp8;
        }
        let question = Question::new(&blueprint, &scenario).expect("a question");
        let device = question.device().expect("a device");
        values.sort_by(f64::total_cmp);
        let value = (values[(values.len() - 1) / 2] + values[values.len() / 2]) / 2.0;
        out.push(Case {
            server: Server::of(&question).expect("a server"),
            engine: question.engine,
            model,
            device: device.id.clone(),
            weights: scenario.weights.unwrap_or("").to_owned(),
            publisher,
            arguments,
            requests: if scenario.endless {
                f64::INFINITY
            } else {
                scenario.batch as f64
            },
            value,
        });
    }
    out
}
