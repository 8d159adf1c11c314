//! Measurements as questions to the engine's own model of time.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde_json::Value;
use weighbridge::analysis::serving::{Server, admitted, tokens_per_second};
use weighbridge::analysis::time::Runner;
use weighbridge::analysis::{Setup, host_share, parameters};
use weighbridge::hardware::efficiency::{Coefficients, FormatClass, FormatFactors, Terms};
use weighbridge::hardware::measurement::{Measurement, Metric, measurements};
use weighbridge::hardware::{Device, Engine, find};
use weighbridge::model::{Blueprint, catalogue};
use weighbridge::scenario::Scenario;
use weighbridge::units::{Exact, Quantity};

/// Configs of models which are measured but not built in.
const OTHERS: [&str; 5] = [
    include_str!("../../../tests/facts/configs.jsonl"),
    include_str!("../../../tests/facts/hybrid.jsonl"),
    include_str!("../../../tests/facts/towers.jsonl"),
    include_str!("../../../tests/facts/attention.jsonl"),
    include_str!("../../../tests/facts/speed.jsonl"),
];

/// What is asked of the model of time.
enum Asked {
    /// A token for each sequence, or whole prompts.
    Pass {
        runner: Box<Runner<'static, f64>>,
        batch: Quantity,
        chunk: Option<u64>,
        tokens: f64,
    },
    /// A server.
    Server {
        setup: Box<Setup>,
        server: Box<Server<'static>>,
    },
}

/// A measurement ready for the fit.
pub struct Row {
    /// As published.
    pub measured: &'static Measurement,
    /// The engine.
    pub engine: Engine,
    /// The device.
    pub device: &'static Device,
    /// Classes of the formats of its weights.
    pub classes: Vec<FormatClass>,
    asked: Asked,
}

impl Row {
    /// Tokens a second with these efficiencies.
    pub fn predict(&mut self, with: Coefficients, factors: FormatFactors, terms: Terms) -> f64 {
        let engine = self.engine;
        let set = |runner: &mut Runner<'static, f64>| {
            runner.set.with = with;
            runner.set.factors = factors;
            runner.set.terms = terms;
            runner.set.follow(engine);
        };
        match &mut self.asked {
            Asked::Pass {
                runner,
                batch,
                chunk,
                tokens,
            } => {
                set(runner);
                let pass = if self.measured.metric == Metric::Decode {
                    runner.decode(batch)
                } else {
                    runner.prefill(batch, *chunk)
                };
                *tokens / pass.seconds
            }
            Asked::Server { setup, server } => {
                set(server.runner_mut());
                let found = setup.admission.and_then(|load| tokens_per_second(setup, &load, server));
                // Where the memory rules leave no room for what was measured, one sequence runs.
                found.unwrap_or_else(|| server.least().tokens_per_second)
            }
        }
    }
    /// Who published it.
    pub fn publisher(&self) -> &str {
        match self.measured.source.as_str() {
            source if source.starts_with("trtllm") && source != "trtllm-logs" => "NVIDIA",
            source => source,
        }
    }
    /// The page it stands on.
    pub fn page(&self) -> String {
        match self.measured.source.as_str() {
            // One table for many devices: each device's part was measured on a machine of its own.
            source @ ("xiongjie" | "llmfit" | "geerling" | "trtllm-v017" | "trtllm-v0" | "trtllm-v1"
            | "trtllm-http") => {
                format!("{source} {}", self.measured.device)
            }
            source if self.measured.r#where.is_empty() => source.to_owned(),
            source @ "trtllm-logs" => source.to_owned(),
            source => format!("{source} {}", self.measured.r#where),
        }
    }
    /// The model without what does not change its shape: a base model and its tuned ones are one.
    pub fn model(&self) -> String {
        let name = self.measured.model.rsplit('/').next().unwrap_or_default();
        let drop = ["Meta-", "-Instruct", ".1", "-hf", "-2507", "-Base", "-v0"];
        drop.iter().fold(name.to_owned(), |name, part| name.replace(part, ""))
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

/// Every measurement that takes part, and those that cannot with the reason.
pub fn read() -> (Vec<Row>, Vec<(&'static Measurement, String)>) {
    let configs = configs();
    let (mut rows, mut left) = (Vec::new(), Vec::new());
    for measured in measurements() {
        let result = if measured.excluded.is_empty() {
            row(measured, &configs)
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

fn row(measured: &'static Measurement, configs: &HashMap<String, Value>) -> Result<Row, String> {
    let config = configs.get(&measured.model).ok_or("no config")?;
    let blueprint = Blueprint::from_value(config.clone()).map_err(|error| error.to_string())?;
    let scenario = Scenario::measured(measured).ok_or("format or batch not known")?;
    let device: &'static Device = find(&measured.device).ok_or("device not in the table")?;
    let setup = Setup::new(&Arc::new(blueprint), &scenario).map_err(|error| error.to_string())?;
    let setup = admitted(setup);
    let engine = setup.engine;
    let host = host_share(&setup);
    let runner = Runner::of(&setup, device, &host).ok_or("no efficiencies")?;
    let mut classes: Vec<FormatClass> = runner.works.iter().map(|work| work.class).collect();
    classes.sort_unstable();
    classes.dedup();
    let asked = if measured.metric == Metric::Throughput {
        let server = Server::of(&setup, device).ok_or("no rate")?;
        Asked::Server {
            setup: Box::new(setup),
            server: Box::new(server),
        }
    } else {
        Asked::Pass {
            runner: Box::new(runner),
            batch: setup.batch(),
            chunk: setup.chunk(),
            tokens: if measured.metric == Metric::Decode {
                scenario.workload.batch as f64
            } else {
                scenario.workload.batch as f64 * scenario.workload.prompt as f64
            },
        }
    };
    Ok(Row {
        measured,
        engine,
        device,
        classes,
        asked,
    })
}
