//! What of a log holds for this machine whatever runs on it, as values of knobs.

use crate::analysis::{Analysis, analyse_setup};
use crate::logs::{Log, Part};
use crate::scenario::{KnobId, Mode, Scenario};
use crate::units::UnitSystem;

use super::asked::percent;

/// A value of a knob that a log gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assumption {
    /// The knob.
    pub knob: KnobId,
    /// Its value, as the knob reads it.
    pub value: String,
    /// What it comes from, in a sentence.
    pub why: String,
}

impl Assumption {
    /// Its value as people read it.
    pub fn shown(&self, units: UnitSystem) -> String {
        match self.knob {
            KnobId::Overhead => units.bytes(self.value.parse().unwrap_or(0.0)),
            _ => format!("{} %", self.value),
        }
    }
}

/// Sets them.
pub fn assume(scenario: &Scenario, assumptions: &[Assumption]) -> Scenario {
    let mut then = scenario.clone();
    for one in assumptions {
        if let Some(knob) = one.knob.knob() {
            // What is refused stays as it was.
            let _ = knob.read(&mut then, &one.value);
        }
    }
    then
}

/// Fewest tokens of a prompt that fill a device.
pub(super) const LONG_PROMPT: u64 = 256;
/// Fewest tokens written that say something of a speed.
const LONG_ANSWER: u64 = 16;

/// The assumptions a log gives. `analysis` is of the question that the log answers.
pub fn assumptions(log: &Log, analysis: &Analysis) -> Vec<Assumption> {
    let mut all = Vec::new();
    all.extend(overhead(log));
    if let Some(fraction) = log.options.fraction.and_then(percent) {
        all.push(Assumption {
            knob: KnobId::MemoryFraction,
            value: fraction,
            why: format!("{} was told to take this share of the device.", log.source.label()),
        });
    }
    if let Some((tokens, rate)) = log.written.filter(|(tokens, _)| *tokens >= LONG_ANSWER) {
        let speed = |percent: u64| {
            written(&run(log, analysis, |s| {
                s.assumptions.bandwidth_efficiency = Some(percent)
            })?)
        };
        all.extend(nearest(rate, speed).map(|percent| Assumption {
            knob: KnobId::BandwidthEfficiency,
            value: percent.to_string(),
            why: format!("With it {tokens} tokens are written at the {rate} a second that the log says."),
        }));
    }
    if let Some((tokens, rate)) = log.read.filter(|(tokens, _)| *tokens >= LONG_PROMPT) {
        let speed = |percent: u64| {
            read(&run(log, analysis, |s| {
                s.assumptions.compute_efficiency = Some(percent)
            })?)
        };
        all.extend(nearest(rate, speed).map(|percent| Assumption {
            knob: KnobId::ComputeEfficiency,
            value: percent.to_string(),
            why: format!("With it {tokens} tokens of a prompt are read at the {rate} a second that the log says."),
        }));
    }
    all
}

/// The run whose speed a log tells: one sequence, its prompt and its answer as long as there.
pub(super) fn run(log: &Log, analysis: &Analysis, change: impl FnOnce(&mut Scenario)) -> Option<Analysis> {
    let scenario = Scenario::clone(&analysis.setup.requested).with(|s| {
        s.workload.mode = Mode::Decode;
        s.workload.batch = 1;
        if let Some((tokens, _)) = log.read {
            s.workload.prompt = tokens.max(1);
        }
        s.workload.generate = log.written.map(|(tokens, _)| tokens);
        change(s);
    });
    analyse_setup(analysis.setup.under(scenario).ok()?).ok()
}

/// Tokens a second it writes.
pub(super) fn written(run: &Analysis) -> Option<f64> {
    Some(run.speed.as_ref()?.tokens_per_second)
}

/// Tokens a second it reads.
pub(super) fn read(run: &Analysis) -> Option<f64> {
    let seconds = run.speed.as_ref()?.prefill_seconds().filter(|seconds| *seconds > 0.0)?;
    Some(run.setup.scenario.workload.prompt as f64 / seconds)
}

/// The percentage whose speed is nearest to what was measured; none where that is beyond both ends. More is never slower.
fn nearest(rate: f64, speed: impl Fn(u64) -> Option<f64>) -> Option<u64> {
    let (slowest, fastest) = (speed(1)?, speed(100)?);
    if !(slowest..=fastest).contains(&rate) {
        return None;
    }
    let (mut low, mut high) = (1_u64, 100_u64);
    while high.saturating_sub(low) > 1 {
        let middle = low.midpoint(high);
        if speed(middle)? < rate {
            low = middle;
        } else {
            high = middle;
        }
    }
    let off = |percent: u64| speed(percent).map_or(f64::INFINITY, |found| (found - rate).abs());
    Some(if off(low) < off(high) { low } else { high })
}

/// What driver and runtime take: as the engine says, graphs included, or what nvidia-smi sees beside the buffers.
fn overhead(log: &Log) -> Option<Assumption> {
    let place = log.fullest()?;
    let made = |bytes: u64, why: &str| Assumption {
        knob: KnobId::Overhead,
        value: bytes.to_string(),
        why: why.to_owned(),
    };
    if let Some(runtime) = place.get(Part::Runtime) {
        return Some(made(runtime.bytes, "What the engine says is taken by no tensor."));
    }
    // One device, one card: what is there beside the buffers is the runtime, if nothing else runs.
    let [card] = log.cards.as_slice() else {
        return None;
    };
    let complete = place.get(Part::Weights).is_some() && place.get(Part::Compute).is_some() && log.devices() == 1;
    let rest = card.used?.checked_sub(place.bytes()).filter(|_| complete)?;
    Some(made(
        rest,
        "What nvidia-smi sees beside the engine's buffers, if nothing else runs on the card.",
    ))
}
