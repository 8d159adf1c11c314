//! How long things take, with an interval: one model for every mode.
//!
//! A step works on a mix of tokens (some sequences write a token each, some prompts are read); [`step()`] is the formula. A
//! decode pass, a prefill and a server are mixes of it. `docs/speed.md` tells how it is fitted and what is missing.

mod operators;
mod parts;
mod runner;
mod setting;
mod step;
mod work;

pub use operators::{OperatorTime, OperatorTimes, Pass, each_operator, operator_times};
pub use parts::TimeParts;
pub use runner::{PassParts, Runner};
pub use setting::Setting;
pub use step::{MOST, Mix, StepTime, step};
pub use work::{Kind, Load, Routed, Work, rate, works};

use serde::Serialize;

use super::compute::costs;
use super::placement::HostShare;
use super::setup::Setup;
use crate::hardware::Device;
use crate::hardware::evidence::{Evidence, evidence};
use crate::hardware::measurement::Metric;
use crate::units::{Number, Unit};

/// Time of a pass.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PassTime {
    /// Expected seconds.
    pub seconds: f64,
    /// Nine of ten measurements are slower.
    pub low: f64,
    /// Nine of ten measurements are faster.
    pub high: f64,
    /// What physics allows: all bytes at full bandwidth and all operations at the highest rate, on all devices.
    pub floor: f64,
    /// What the expected seconds go to.
    pub parts: TimeParts,
    /// What was measured that is like it.
    #[serde(flatten)]
    pub evidence: Evidence,
}

impl PassTime {
    /// An expected time with the interval of its evidence; no end of it beats what physics allows.
    pub fn between(seconds: f64, floor: f64, parts: TimeParts, evidence: Evidence) -> Self {
        let seconds = seconds.max(floor);
        Self {
            seconds,
            low: (seconds * evidence.low.min(1.0)).max(floor),
            high: seconds * evidence.high.max(1.0),
            floor,
            parts,
            evidence,
        }
    }
}

/// The highest dense rate of the row: what no engine can beat.
pub fn peak(device: &Device) -> Option<f64> {
    device.rates().into_iter().flatten().reduce(f64::max)
}

/// The metric by which a pass of a setup is measured.
pub const fn metric(decode: bool) -> Metric {
    if decode { Metric::Decode } else { Metric::Prefill }
}

/// Seconds of the pass which the mode names.
fn seconds<N: Number>(setup: &Setup, runner: &Runner<'_, N>) -> PassParts<N> {
    if setup.scenario.workload.mode.writes() {
        runner.decode(&setup.batch())
    } else {
        runner.prefill(&setup.batch(), setup.chunk())
    }
}

/// Whether there is a time at all: for a prefill the device's rate must be known.
fn timed(setup: &Setup) -> Option<&Device> {
    let device = setup.device()?;
    (setup.scenario.workload.mode.writes() || peak(device).is_some()).then_some(device)
}

/// Time of the pass which the mode names; `None` without a device, or for a prefill on a device without a known rate.
pub fn pass(setup: &Setup, host: &HostShare) -> Option<PassTime> {
    let device = timed(setup)?;
    let runner = Runner::<f64>::of(setup, device, host)?;
    let pass = seconds(setup, &runner);
    let parts = TimeParts::of_pass(&pass);
    let evidence = evidence_of(setup, metric(setup.scenario.workload.mode.writes()), device);
    Some(PassTime::between(pass.seconds, floor(setup, device), parts, evidence))
}

/// The same time with its trace.
pub fn traced<N: Number>(setup: &Setup, host: &HostShare) -> Option<N> {
    let device = timed(setup)?;
    let mut runner = Runner::<N>::of(setup, device, host)?;
    runner.say(|device| origin(setup, device));
    let expected = seconds(setup, &runner).seconds;
    let floor = floor(setup, device);
    let time = if floor > expected.value() {
        let least = N::constant(floor).named(
            "least time",
            "All bytes at full bandwidth, or all operations at the highest rate.",
        );
        expected.most(least)
    } else {
        expected
    };
    Some(time.named("time", "Time of the pass.").in_unit(Unit::Seconds).without(
        if setup.scenario.workload.mode.writes() {
            "Speculative decoding, tokenising, the network."
        } else {
            "Waiting for other requests, prompts already in a prefix cache, tokenising, the network."
        },
    ))
}

/// What an estimate stands on; of unlike devices the interval holds each one's.
pub fn evidence_of(setup: &Setup, metric: Metric, device: &Device) -> Evidence {
    let others = setup
        .members
        .iter()
        .map(|member| evidence(metric, setup.engine, &member.device));
    others.fold(evidence(metric, setup.engine, device), |all, one| Evidence {
        level: all.level.max(one.level),
        low: all.low.min(one.low),
        high: all.high.max(one.high),
        ..all
    })
}

/// Where the shares of peak are from, in words.
pub fn origin(setup: &Setup, device: &Device) -> String {
    evidence(metric(setup.scenario.workload.mode.writes()), setup.engine, device).words(setup.engine, device)
}

/// Least time: bytes at full bandwidth and operations at the highest rate of the row, on all devices at work.
pub fn floor(setup: &Setup, device: &Device) -> f64 {
    let all = costs::<f64>(setup);
    let bytes: f64 = all.iter().map(|cost| cost.bytes()).sum();
    let flops: f64 = all.iter().map(|cost| cost.flops()).sum();
    let devices = setup.layout.devices.max(1) as f64;
    // Unlike devices together have the sum of what each has.
    let sum = |of: &dyn Fn(&Device) -> f64| match setup.members.len() {
        0 => of(device) * devices,
        _ => setup.members.iter().map(|member| of(&member.device)).sum(),
    };
    let most = |amount: f64, rate: f64| if rate > 0.0 { amount / rate } else { 0.0 };
    // What lies in RAM is read no faster than what lies on the device.
    let memory = most(bytes, sum(&|one| one.bandwidth_bytes_per_s));
    memory.max(most(flops, sum(&|one| peak(one).unwrap_or(0.0))))
}
