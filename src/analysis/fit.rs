//! Does it fit, and how far could it go.

use serde::Serialize;

use super::memory::memory;
use super::placement::{HostShare, Plan, Ranks, plan, ranks};
use super::question::Question;
use crate::hardware::{Device, compatibility, find_host};
use crate::scenario::{Mode, Scenario};
use crate::units::Exact;

/// The answer in a word, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Verdict {
    /// It fits.
    Fits,
    /// It runs with part of it in the machine's RAM.
    Offload,
    /// It does not fit.
    DoesNotFit,
    /// The engine does not run this format on this device.
    Unsupported,
}

/// Fit on the devices; figures are those of the fullest one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Fit {
    /// The answer.
    pub verdict: Verdict,
    /// Memory the engine may take of one device, bytes.
    pub capacity_bytes: u64,
    /// Memory of one device, bytes.
    pub device_bytes: u64,
    /// What stays free; negative is what is missing.
    pub headroom_bytes: i64,
    /// What is missing for the answer to be that it fits, zero where it does.
    pub missing_bytes: u64,
    /// Longest sequence that fits with this batch, in tokens, prompt and generated; zero if not even one does.
    pub max_context: u64,
    /// Largest batch that fits with these tokens; zero if not even one does.
    pub max_batch: u64,
    /// What lies in RAM, where part of it does or would have to.
    pub offload: Option<Plan>,
    /// Why the engine does not run it, or how it runs it other than natively; empty where there is nothing to say.
    pub why: &'static str,
}

impl Fit {
    /// What lies in the machine's RAM.
    pub fn host(&self) -> HostShare {
        match (&self.offload, self.verdict) {
            (Some(plan), Verdict::Offload) => plan.share,
            _ => HostShare::default(),
        }
    }
}

/// Memory of one device the engine may take.
pub fn capacity(question: &Question<'_>, device: &Device) -> u64 {
    let percent = match question.scenario.mode {
        Mode::Pretrain => 100,
        _ => question
            .scenario
            .memory_fraction
            .unwrap_or_else(|| question.engine.memory_percent()),
    };
    let bytes = u128::from(device.memory_bytes) * u128::from(percent) / 100;
    u64::try_from(bytes).unwrap_or(device.memory_bytes)
}

/// RAM that may be used; `None` is enough.
pub fn host_memory(scenario: &Scenario) -> Option<u64> {
    let node = || scenario.node.as_deref().and_then(find_host)?.host_memory_bytes;
    let all = scenario.host_memory.or_else(node)?;
    let share = 100u64.saturating_sub(scenario.host_reserve);
    u64::try_from(u128::from(all) * u128::from(share) / 100).ok()
}

/// Fit of a question on its device.
pub fn fit(question: &Question<'_>, ranks: &Ranks, device: &Device) -> Fit {
    let capacity = capacity(question, device);
    let total = ranks.fullest().map_or(0, |rank| rank.total_bytes);
    let headroom = i128::from(capacity) - i128::from(total);
    let compatible = compatibility::support(&question.weights.format.id, device, question.engine);
    let serving = question.scenario.mode != Mode::Pretrain;
    let forced = matches!(question.scenario.offload, crate::scenario::Offload::Layers(count) if count > 0);
    let planned = (total > capacity || forced)
        .then(|| plan(question, ranks, capacity))
        .flatten();
    let room = host_memory(question.scenario);
    let enough = |plan: &Plan| room.is_none_or(|room| plan.host_bytes <= room);
    let (verdict, missing) = match &planned {
        _ if serving && !compatible.runs() => (Verdict::Unsupported, total.saturating_sub(capacity)),
        None if total <= capacity => (Verdict::Fits, 0),
        Some(plan) if enough(plan) => (Verdict::Offload, total.saturating_sub(capacity)),
        // RAM is what is short.
        Some(plan) => (
            Verdict::DoesNotFit,
            plan.host_bytes.saturating_sub(room.unwrap_or(u64::MAX)),
        ),
        None => (Verdict::DoesNotFit, total - capacity),
    };
    Fit {
        verdict,
        capacity_bytes: capacity,
        device_bytes: device.memory_bytes,
        headroom_bytes: i64::try_from(headroom).unwrap_or(i64::MIN),
        missing_bytes: missing,
        max_context: longest(question, capacity),
        max_batch: widest(question, capacity),
        offload: planned,
        why: if serving { compatible.words } else { "" },
    }
}

/// What the fullest device holds when something of the scenario changes.
fn total(question: &Question<'_>, change: impl FnOnce(&mut Scenario)) -> u64 {
    let mut scenario = question.scenario.clone();
    change(&mut scenario);
    let question = Question {
        scenario: &scenario,
        ..question.clone()
    };
    let memory = memory::<Exact>(&question);
    if question.layout.devices == 1 {
        return memory.total.0;
    }
    let held = ranks(&question, &memory).ok();
    held.and_then(|ranks| ranks.fullest().map(|rank| rank.total_bytes))
        .unwrap_or(u64::MAX)
}
/// Longest context that fits: the model's own limit, or what memory allows.
fn longest(question: &Question<'_>, capacity: u64) -> u64 {
    let most = question
        .blueprint
        .max_context
        .as_ref()
        .map_or(10_000_000, |found| found.value.max(1));
    // Generated tokens are part of the context; the shortest prompt is one token.
    let generated = question.scenario.generated();
    let fits = |context: u64| {
        let all = |scenario: &mut Scenario| {
            scenario.prompt = context.saturating_sub(generated).max(1);
            scenario.generate = Some(context.saturating_sub(scenario.prompt));
        };
        total(question, all) <= capacity
    };
    largest(most, fits)
}

/// Largest batch that fits.
fn widest(question: &Question<'_>, capacity: u64) -> u64 {
    largest(1_000_000, |batch| {
        total(question, |scenario| scenario.batch = batch) <= capacity
    })
}

/// The largest number up to `most` for which `fits` holds; memory never falls when the number rises.
fn largest(most: u64, fits: impl Fn(u64) -> bool) -> u64 {
    if !fits(1) {
        return 0;
    }
    // Doubling first: most answers are far below the limit.
    let (mut low, mut high) = (1, 2);
    while high <= most && fits(high) {
        low = high;
        high *= 2;
    }
    high = high.min(most.saturating_add(1));
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if fits(middle) { low = middle } else { high = middle }
    }
    low
}
