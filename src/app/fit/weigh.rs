//! Verdicts on many devices at once.

use std::borrow::Cow;

use weighbridge::analysis::{Question, memory, time};
use weighbridge::hardware::{Device, Engine, compatibility};
use weighbridge::model::Blueprint;
use weighbridge::scenario::{Mode, Scenario};
use weighbridge::units::Exact;

/// A verdict on one device in one format.
#[derive(Clone, Debug, PartialEq)]
pub struct Weighed {
    /// `fits`, `offload`, `does_not_fit`, `unsupported`.
    pub verdict: &'static str,
    /// The engine it is for.
    pub engine: Engine,
    /// Why it does not run, or how; empty where all is well.
    pub why: Cow<'static, str>,
    /// Bytes that are needed.
    pub total: u64,
    /// Bytes there are.
    pub capacity: u64,
    /// Tokens a second: expected, slow end, fast end.
    pub speed: Option<(f64, f64, f64)>,
}

/// Weighs a scenario on each device, with its speed there; its own device does not count.
pub fn weigh(blueprint: &Blueprint, scenario: &Scenario, devices: &[Cow<'static, Device>]) -> Vec<Weighed> {
    all(blueprint, scenario, devices, true)
}

/// As [`weigh`], without speeds.
pub fn weigh_room(blueprint: &Blueprint, scenario: &Scenario, devices: &[Cow<'static, Device>]) -> Vec<Weighed> {
    all(blueprint, scenario, devices, false)
}

fn all(blueprint: &Blueprint, scenario: &Scenario, devices: &[Cow<'static, Device>], timed: bool) -> Vec<Weighed> {
    let format = scenario
        .weights
        .map_or_else(|| blueprint.published.format.id.to_string(), str::to_owned);
    let engine_of = |device: &Device| {
        let mut usual = compatibility::engines(&format, device).into_iter();
        scenario.engine.or_else(|| usual.next())
    };
    let mut engines: Vec<Engine> = Vec::new();
    for engine in devices.iter().filter_map(|device| engine_of(device)) {
        if !engines.contains(&engine) {
            engines.push(engine);
        }
    }
    // Everything but the device follows from the engine.
    let scenarios: Vec<Scenario> = engines
        .iter()
        .map(|engine| Scenario {
            engine: Some(*engine),
            hardware: None,
            ..scenario.clone()
        })
        .collect();
    let known: Vec<_> = scenarios
        .iter()
        .map(|scenario| Question::new(blueprint, scenario).map(|question| (memory::<Exact>(&question), question)))
        .collect();
    let one = |device: &Cow<'static, Device>| {
        let engine = engine_of(device).unwrap_or_default();
        let support = compatibility::support(&format, device, engine);
        let none = |why: Cow<'static, str>| Weighed {
            verdict: "unsupported",
            engine,
            why,
            total: 0,
            capacity: device.memory_bytes,
            speed: None,
        };
        if !support.runs() || engine_of(device).is_none() {
            return none(if support.words.is_empty() || scenario.engine.is_none() {
                Cow::Borrowed("no engine runs this format on it")
            } else {
                Cow::Borrowed(support.words)
            });
        }
        let found = engines.iter().position(|known| *known == engine).and_then(|at| known.get(at));
        let (memory, question) = match found {
            Some(Ok((memory, question))) => (memory, question),
            Some(Err(error)) => return none(Cow::Owned(error.to_string())),
            None => return none(Cow::Borrowed("no engine runs this format on it")),
        };
        let question = Question {
            device: Some(device.clone()),
            ..question.clone()
        };
        let total = memory.total.0;
        let host = time::spilled(&question, device, total, memory.weights.0);
        let verdict = match (total <= device.memory_bytes, host.any()) {
            (true, _) => "fits",
            (false, true) => "offload",
            (false, false) => "does_not_fit",
        };
        Weighed {
            verdict,
            engine,
            why: Cow::Borrowed(support.words),
            total,
            capacity: device.memory_bytes,
            speed: if !timed || verdict == "does_not_fit" { None } else { speed(&question, &host) },
        }
    };
    devices.iter().map(one).collect()
}

fn speed(question: &Question<'_>, host: &weighbridge::analysis::HostShare) -> Option<(f64, f64, f64)> {
    let scenario = question.scenario;
    let tokens = match scenario.mode {
        Mode::Decode | Mode::Serve => scenario.batch as f64,
        Mode::Prefill => scenario.batch as f64 * scenario.prompt as f64,
        Mode::Pretrain => return None,
    };
    let pass = time::pass(question, host)?;
    let each = |seconds: f64| if seconds > 0.0 { tokens / seconds } else { 0.0 };
    Some((each(pass.seconds), each(pass.high), each(pass.low)))
}
