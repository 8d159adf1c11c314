//! Verdicts on many devices at once.

use std::borrow::Cow;
use std::sync::Arc;

use weighbridge::analysis::matrix::{Cell, Pace};
use weighbridge::analysis::{Matrix, Verdict};
use weighbridge::hardware::{Device, Engine};
use weighbridge::model::Blueprint;
use weighbridge::scenario::Scenario;

/// A verdict on one device in one format.
#[derive(Clone, Debug, PartialEq)]
pub struct Weighed {
    /// `fits`, `offload`, `does_not_fit`, `unsupported`.
    pub verdict: &'static str,
    /// The engine it is for.
    pub engine: Engine,
    /// Why it does not run, or how; empty where all is well.
    pub why: &'static str,
    /// Bytes the fullest device must hold.
    pub total: u64,
    /// Bytes the engine may take of a device.
    pub capacity: u64,
    /// Bytes that are missing, on the device or in RAM.
    pub missing: u64,
    /// Bytes in the machine's RAM, where part of it lies there.
    pub host: u64,
    /// How fast.
    pub pace: Option<Pace>,
}

impl Weighed {
    fn of(cell: Cell, pace: Option<Pace>) -> Self {
        let judged = cell.judgement;
        let unsupported = judged.verdict == Verdict::Unsupported;
        Self {
            verdict: judged.verdict.into(),
            engine: cell.engine,
            why: match judged.why {
                "" if unsupported => "no engine runs this format on it",
                words => words,
            },
            total: cell.total,
            capacity: judged.capacity,
            missing: judged.missing,
            host: judged.offload.map_or(0, |plan| plan.host_bytes),
            pace,
        }
    }
}

/// Weighs a scenario in its format on each device, with its speed there; its own device does not count.
pub fn weigh(
    blueprint: &Arc<Blueprint>,
    scenario: &Scenario,
    devices: &[Cow<'static, Device>],
) -> Vec<Option<Weighed>> {
    all(blueprint, scenario, devices, true)
}

/// As [`weigh`], without speeds.
pub fn weigh_room(
    blueprint: &Arc<Blueprint>,
    scenario: &Scenario,
    devices: &[Cow<'static, Device>],
) -> Vec<Option<Weighed>> {
    all(blueprint, scenario, devices, false)
}

fn all(
    blueprint: &Arc<Blueprint>,
    scenario: &Scenario,
    devices: &[Cow<'static, Device>],
    timed: bool,
) -> Vec<Option<Weighed>> {
    let mut matrix = Matrix::published(blueprint, scenario);
    let format = scenario.precision.weights.unwrap_or("");
    let mut one = |device: &Cow<'static, Device>| {
        let cell = matrix.cell(device, format)?;
        let pace = if timed {
            matrix.pace(device, format, &cell)
        } else {
            None
        };
        Some(Weighed::of(cell, pace))
    };
    devices.iter().map(&mut one).collect()
}
