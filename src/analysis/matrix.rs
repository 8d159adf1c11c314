//! One model on every device in every format: memory is computed once for each format and engine, then compared.

use super::file_kind::usual_engine;
use super::fit::{Demand, DeviceVerdict, Verdict};
use super::kv_support;
use super::memory::memory;
use super::placement::{HostShare, ranks};
use std::sync::Arc;

use super::cache_format::wanted_cache;
use super::error::AnalysisError;
use super::serving::{admitted, throughput};
use super::setup::Setup;
use super::time;
use crate::hardware::{Compatibility, Device, Engine, Generation, MemoryTraits, Support, compatibility};
use crate::model::Blueprint;
use crate::model::quantisation;
use crate::scenario::{Mode, Scenario, weight_key};
use crate::units::Exact;

/// Formats a matrix shows unless others are asked for, most bits first: what people run, one or two of each width and kind of file.
pub const FORMATS: [&str; 12] = [
    "bf16", "q8_0", "fp8", "int8", "q6_k", "q5_k_m", "q4_k_m", "nvfp4", "mxfp4", "awq", "mlx-q4", "iq3_m",
];

/// Those of them that make a difference in a mode: training updates every weight, so it has them in 16 bits.
pub fn formats(mode: Mode) -> &'static [&'static str] {
    match mode {
        Mode::Pretrain | Mode::Finetune => FORMATS.get(..1).unwrap_or_default(),
        Mode::Decode | Mode::Prefill | Mode::Serve => &FORMATS,
    }
}

/// A verdict of the matrix.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// The engine it is of; the one most used there where none is chosen.
    pub engine: Engine,
    /// What the fullest device must hold, bytes.
    pub total: u64,
    /// The verdict.
    pub judgement: DeviceVerdict,
}

/// Tokens a second: expected, and at both ends of the interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    /// Expected.
    pub expected: f64,
    /// Slow end.
    pub low: f64,
    /// Fast end.
    pub high: f64,
}

/// How a format runs on the devices of a generation.
#[derive(Clone, Copy, Debug)]
struct FormatRun {
    generation: Generation,
    engine: Engine,
    support: &'static Compatibility,
}

/// What a format needs in an engine: all that is asked for and, of a server, one sequence.
#[derive(Debug)]
struct Needs {
    engine: Engine,
    traits: MemoryTraits,
    unpacked: bool,
    all: Option<Demand>,
    /// One sequence of a server, and how many more are in `all`.
    one: Option<(Demand, u64)>,
    /// Sequences beyond the first that may run at most.
    most: u64,
}

/// Sequences of an endless queue that are weighed to know what each needs.
const OF_ENDLESS: u64 = 64;

impl Needs {
    fn of(
        scenario: &Scenario,
        (engine, traits): (Engine, MemoryTraits),
        unpacked: bool,
        all_at_once: bool,
        need: impl Fn(u64) -> Option<Demand>,
    ) -> Self {
        let serves = scenario.workload.mode == Mode::Serve;
        let endless = serves && scenario.workload.endless;
        let batch = match (endless, all_at_once) {
            (true, true) => 1,
            (true, false) => OF_ENDLESS,
            _ => scenario.workload.batch,
        };
        let one = (serves && !all_at_once && batch > 1).then(|| need(1)).flatten();
        Self {
            engine,
            traits,
            unpacked,
            all: need(batch),
            one: one.map(|one| (one, batch - 1)),
            most: if endless { u64::MAX } else { batch - 1 },
        }
    }
    /// What the fullest device holds, and the verdict. What a server has no room for waits.
    fn verdict_on(&self, device: &Device, support: &'static Compatibility) -> Option<(u64, DeviceVerdict)> {
        let all = self.all.as_ref()?;
        let judged = all.verdict_as(device, support);
        let Some((one, more)) = &self.one else {
            return Some((all.total, judged));
        };
        if judged.verdict == Verdict::Unsupported || judged.verdict == Verdict::Fits && self.most == *more {
            return Some((all.total, judged));
        }
        let judged = one.verdict_as(device, support);
        if judged.verdict != Verdict::Fits {
            return Some((one.total, judged));
        }
        // As many as there is room for.
        let each = (all.total.saturating_sub(one.total) / more).max(1);
        let room = judged.capacity.saturating_sub(one.total) / each;
        Some((
            one.total.saturating_add(each.saturating_mul(room.min(self.most))),
            judged,
        ))
    }
}

/// A column: a format, what it needs in each engine that was asked for so far, and where it runs how.
#[derive(Debug)]
struct Column {
    format: &'static str,
    needs: Vec<Needs>,
    runs: Vec<FormatRun>,
}

impl Column {
    fn new(format: &'static str) -> Self {
        Self {
            format,
            needs: Vec::new(),
            runs: Vec::new(),
        }
    }
    /// The engine is the scenario's, or the one most used there.
    fn run(&mut self, device: &Device, blueprint: &Blueprint, scenario: &Scenario) -> Option<FormatRun> {
        let generation = Generation::of(device);
        let known = self
            .runs
            .iter()
            .find(|run| run.generation == generation && generation != Generation::Custom);
        if let Some(run) = known {
            return Some(*run);
        }
        let published = &blueprint.published;
        let (format, container) = match self.format {
            "" => (&*published.format.id, published.container),
            format => (format, quantisation::choice(format)?.container),
        };
        let wanted = wanted_cache(scenario);
        let usual = || kv_support::usual(format, wanted, device).unwrap_or_else(|| usual_engine(container));
        let engine = scenario.serving.engine.unwrap_or_else(usual);
        let run = FormatRun {
            generation,
            engine,
            support: compatibility::support(format, device, engine),
        };
        self.runs.push(run);
        Some(run)
    }
}

/// The verdicts of a model, one at a time.
#[derive(Debug)]
pub struct Matrix {
    blueprint: Arc<Blueprint>,
    scenario: Scenario,
    columns: Vec<Column>,
    /// Whether a server must carry all its requests at once; one of them is enough to fit otherwise.
    all_at_once: bool,
}

impl Matrix {
    /// A matrix of a model under a scenario; its own device and format do not matter. Unknown formats are left out.
    pub fn new(blueprint: &Arc<Blueprint>, scenario: &Scenario, formats: &[&str]) -> Self {
        let known = formats.iter().filter_map(|format| weight_key(format));
        Self {
            blueprint: blueprint.clone(),
            scenario: scenario.clone().with(|s| {
                s.hardware.device = None;
            }),
            columns: known.map(Column::new).collect(),
            all_at_once: false,
        }
    }
    /// A matrix with one column: the format of the scenario, or as published. Its name is empty where the scenario names none.
    pub fn published(blueprint: &Arc<Blueprint>, scenario: &Scenario) -> Self {
        let column = Column::new(scenario.precision.weights.unwrap_or(""));
        Self {
            columns: vec![column],
            ..Self::new(blueprint, scenario, &[])
        }
    }
    /// The same, where what a server is asked must all run at once.
    pub fn all_at_once(self) -> Self {
        Self {
            all_at_once: true,
            ..self
        }
    }
    /// Its formats.
    pub fn formats(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.columns.iter().map(|column| column.format)
    }
    /// The verdict on a device in a format; `None` where there is no such format or it cannot be computed.
    pub fn cell(&mut self, device: &Device, format: &str) -> Option<Cell> {
        let (blueprint, scenario, all_at_once) = (&self.blueprint, &self.scenario, self.all_at_once);
        let column = self.columns.iter_mut().find(|column| column.format == format)?;
        let FormatRun { engine, support, .. } = column.run(device, blueprint, scenario)?;
        let unpacked = support.support == Support::Unpacked;
        // As published, any part may be in any format.
        let traits = engine.memory_traits(device, matches!(column.format, "mxfp4" | ""));
        let at = column
            .needs
            .iter()
            .position(|known| (known.engine, known.traits, known.unpacked) == (engine, traits, unpacked));
        let at = at.unwrap_or_else(|| {
            let of = |batch: u64| need(blueprint, scenario, column.format, (engine, device), unpacked, batch).ok();
            column
                .needs
                .push(Needs::of(scenario, (engine, traits), unpacked, all_at_once, of));
            column.needs.len() - 1
        });
        let (total, judgement) = column.needs.get(at)?.verdict_on(device, support)?;
        Some(Cell {
            engine,
            total,
            judgement,
        })
    }
    /// How fast a verdict of this matrix runs; `None` where it does not, in training, and where the rate is not known.
    pub fn pace(&self, device: &Device, format: &str, cell: &Cell) -> Option<Pace> {
        let share = match (cell.judgement.verdict, &cell.judgement.offload) {
            (Verdict::Fits, _) => HostShare::default(),
            (Verdict::Offload, Some(plan)) => plan.share,
            _ => return None,
        };
        let scenario = self.scenario.clone().with(|s| {
            s.precision.weights = weight_key(format).or(self.scenario.precision.weights);
            s.serving.engine = Some(cell.engine);
        });
        let tokens = match scenario.workload.mode {
            Mode::Decode => scenario.workload.batch as f64,
            // Not a server's throughput, but that of the one sequence that part of a model in RAM still serves.
            Mode::Serve => 1.0,
            Mode::Prefill => scenario.workload.batch as f64 * scenario.workload.prompt as f64,
            Mode::Pretrain | Mode::Finetune => return None,
        };
        let setup = Setup::new(&self.blueprint, &scenario).and_then(|setup| setup.on(device));
        let setup = admitted(setup.ok()?);
        if let Some((expected, low, high)) = throughput(&setup) {
            return Some(Pace { expected, low, high });
        }
        let pass = time::pass(&setup, &share)?;
        let each = |seconds: f64| if seconds > 0.0 { tokens / seconds } else { 0.0 };
        Some(Pace {
            expected: each(pass.seconds),
            low: each(pass.high),
            high: each(pass.low),
        })
    }
}

fn need(
    blueprint: &Arc<Blueprint>,
    scenario: &Scenario,
    format: &'static str,
    (engine, device): (Engine, &Device),
    unpacked: bool,
    batch: u64,
) -> Result<Demand, AnalysisError> {
    let scenario = scenario.clone().with(|s| {
        s.precision.weights = Some(format)
            .filter(|format| !format.is_empty())
            .or(scenario.precision.weights);
        s.serving.engine = Some(engine);
        s.workload.batch = batch;
    });
    // Resolved on the device, it is unpacked by itself where the format is named; as published the matrix knows better.
    let mut setup = Setup::new(blueprint, &scenario)?.on(device)?;
    if unpacked && !setup.unpacked {
        setup = setup.unpacked();
    }
    let memory = memory::<Exact>(&setup);
    if memory.total == Exact::OVERFLOW {
        return Err(AnalysisError::Overflow("the memory"));
    }
    Ok(Demand::of(&setup, &ranks(&setup, &memory)?))
}
