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
    /// The verdict of a matrix on a device in a format, with the speed there.
    pub fn with_pace(matrix: &mut Matrix, device: &Device, format: &str) -> Option<Self> {
        let cell = matrix.cell(device, format)?;
        let pace = matrix.pace(device, format, &cell);
        Some(Self::of(cell, pace))
    }
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
    let (mut matrix, format) = published(blueprint, scenario);
    let one = |device: &Cow<'static, Device>| Weighed::with_pace(&mut matrix, device, format);
    devices.iter().map(one).collect()
}

/// As [`weigh`], on one device and without its speed.
pub fn weigh_room(blueprint: &Arc<Blueprint>, scenario: &Scenario, device: &Device) -> Option<Weighed> {
    let (mut matrix, format) = published(blueprint, scenario);
    let cell = matrix.cell(device, format)?;
    Some(Weighed::of(cell, None))
}

fn published(blueprint: &Arc<Blueprint>, scenario: &Scenario) -> (Matrix, &'static str) {
    let matrix = Matrix::published(blueprint, scenario);
    (matrix, scenario.precision.weights.unwrap_or(""))
}
