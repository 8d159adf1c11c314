//! Does it fit, and how far could it go.

use std::borrow::Cow;

use serde::Serialize;

use super::kv_support::{self, Wanted};
use super::memory::memory;
use super::node;
use super::placement::{HostShare, Movable, Plan, Ranks, ranks as deal};
use super::question::{Question, wanted_cache};
use crate::hardware::{Compatibility, Device, Engine, Support, compatibility, find_host};
use crate::scenario::{Mode, Offload, Scenario};
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

/// Percentage of a device's memory the engine may take.
pub(super) fn percent(question: &Question<'_>) -> u64 {
    match question.scenario.mode {
        Mode::Pretrain => 100,
        _ => question
            .scenario
            .memory_fraction
            .unwrap_or_else(|| question.engine.memory_percent()),
    }
}

fn share(device: &Device, percent: u64) -> u64 {
    let bytes = u128::from(device.memory_bytes) * u128::from(percent) / 100;
    u64::try_from(bytes).unwrap_or(device.memory_bytes)
}

/// Memory of one device the engine may take.
pub fn capacity(question: &Question<'_>, device: &Device) -> u64 {
    share(device, percent(question))
}

/// RAM that may be used; `None` is enough.
pub fn host_memory(scenario: &Scenario) -> Option<u64> {
    let node = || {
        let host = scenario.node.as_deref().and_then(find_host)?;
        Some(
            host.host_memory_bytes?
                .saturating_mul(node::machines(host, scenario.devices)),
        )
    };
    let all = scenario.host_memory.or_else(node)?;
    let share = 100u64.saturating_sub(scenario.host_reserve);
    u64::try_from(u128::from(all) * u128::from(share) / 100).ok()
}

/// What a question needs, whatever the device: judged against each of them.
#[derive(Clone, Debug)]
pub struct Need {
    /// What the fullest device must hold, bytes.
    pub total: u64,
    /// The engine.
    pub engine: Engine,
    format: String,
    percent: u64,
    serving: bool,
    cache: Option<Wanted>,
    forced: bool,
    room: Option<u64>,
    movable: Option<Movable>,
}

/// A verdict on one device.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// The answer.
    pub verdict: Verdict,
    /// Memory the engine may take of one device, bytes.
    pub capacity: u64,
    /// What is missing for the answer to be that it fits, bytes.
    pub missing: u64,
    /// What lies in RAM, where part of it does or would have to.
    pub offload: Option<Plan>,
    /// How far engine and device support the format.
    pub support: &'static Compatibility,
    /// Why it does not run, or how it runs other than natively; empty where there is nothing to say.
    pub why: &'static str,
}

impl Need {
    /// The need of a question whose memory is dealt out.
    pub fn of(question: &Question<'_>, ranks: &Ranks) -> Self {
        let scenario = &*question.scenario;
        Self {
            total: ranks.fullest().map_or(0, |rank| rank.total_bytes),
            engine: question.engine,
            format: question.weights.format.id.to_string(),
            percent: percent(question),
            serving: scenario.mode != Mode::Pretrain,
            cache: (!question.caches_as_usual()).then(|| wanted_cache(scenario)),
            forced: matches!(scenario.offload, Offload::Layers(count) if count > 0),
            room: host_memory(scenario),
            movable: Movable::of(question, ranks),
        }
    }
    /// How far engine and device support the cache too, where they support weights so far: the first that does not run.
    fn with_cache(&self, weights: &'static Compatibility, device: &Device) -> &'static Compatibility {
        // What the engine does by itself needs no option.
        let Some(cache) = self.cache.filter(|_| weights.runs()) else {
            return weights;
        };
        let cache = kv_support::support(cache, device, self.engine);
        if cache.runs() && (cache.support == Support::Native || !weights.words.is_empty()) {
            weights
        } else {
            cache
        }
    }
    /// The verdict on a device.
    pub fn judge(&self, device: &Device) -> Judgement {
        self.judge_as(device, compatibility::support(&self.format, device, self.engine))
    }
    /// As [`judge`](Self::judge), where the support of the weights' format is known already.
    pub(super) fn judge_as(&self, device: &Device, support: &'static Compatibility) -> Judgement {
        let support = self.with_cache(support, device);
        let capacity = share(device, self.percent);
        let over = self.total.saturating_sub(capacity);
        let plan = |movable: &Movable| movable.plan(device, capacity);
        let offload = (over > 0 || self.forced)
            .then(|| self.movable.as_ref().and_then(plan))
            .flatten();
        let (verdict, missing) = match (&offload, self.room) {
            _ if self.serving && !support.runs() => (Verdict::Unsupported, over),
            (None, _) if over == 0 => (Verdict::Fits, 0),
            (None, _) => (Verdict::DoesNotFit, over),
            // RAM is what is short.
            (Some(plan), Some(room)) if plan.host_bytes > room => (Verdict::DoesNotFit, plan.host_bytes - room),
            (Some(_), _) => (Verdict::Offload, over),
        };
        Judgement {
            verdict,
            capacity,
            missing,
            offload,
            why: support.words,
            support,
        }
    }
}

/// What of a question lies in the machine's RAM; nothing where it fits, or does not run at all.
pub fn host_share(question: &Question<'_>) -> HostShare {
    let share = || {
        let ranks = deal(question, &memory(question)).ok()?;
        let judged = Need::of(question, &ranks).judge(question.device()?);
        judged
            .offload
            .filter(|_| judged.verdict == Verdict::Offload)
            .map(|plan| plan.share)
    };
    share().unwrap_or_default()
}

/// Fit of a question on its device.
pub fn fit(question: &Question<'_>, ranks: &Ranks, device: &Device) -> Fit {
    let need = Need::of(question, ranks);
    let judged = need.judge(device);
    let headroom = i128::from(judged.capacity) - i128::from(need.total);
    // With part of it in RAM the limits are those of RAM too.
    let spills = judged.verdict == Verdict::Offload;
    let holds = |question: &Question<'_>| {
        let memory = memory::<Exact>(question);
        if !spills && question.layout.devices == 1 {
            return memory.total.0 <= judged.capacity;
        }
        let Ok(ranks) = deal(question, &memory) else {
            return false;
        };
        if spills {
            let verdict = Need::of(question, &ranks).judge(device).verdict;
            return matches!(verdict, Verdict::Fits | Verdict::Offload);
        }
        ranks.fullest().is_some_and(|rank| rank.total_bytes <= judged.capacity)
    };
    Fit {
        verdict: judged.verdict,
        capacity_bytes: judged.capacity,
        device_bytes: device.memory_bytes,
        headroom_bytes: i64::try_from(headroom).unwrap_or(i64::MIN),
        missing_bytes: judged.missing,
        max_context: longest(question, &holds),
        max_batch: widest(question, &holds),
        offload: judged.offload,
        why: if need.serving { judged.why } else { "" },
    }
}

/// Sequences the devices carry whole, nothing in RAM; zero where not even one fits.
pub fn carried(question: &Question<'_>, device: &Device) -> u64 {
    let room = capacity(question, device);
    widest(question, &|question: &Question<'_>| {
        let memory = memory::<Exact>(question);
        if question.layout.devices == 1 {
            return memory.total.0 <= room;
        }
        deal(question, &memory).is_ok_and(|ranks| ranks.fullest().is_some_and(|rank| rank.total_bytes <= room))
    })
}

/// Whether a question still holds when something of its scenario changes.
fn after(question: &Question<'_>, holds: &impl Fn(&Question<'_>) -> bool, change: impl FnOnce(&mut Scenario)) -> bool {
    let mut scenario = Scenario::clone(&question.scenario);
    change(&mut scenario);
    holds(&Question {
        scenario: Cow::Borrowed(&scenario),
        ..question.clone()
    })
}

/// Longest context that fits: the model's own limit, or what memory allows.
fn longest(question: &Question<'_>, holds: &impl Fn(&Question<'_>) -> bool) -> u64 {
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
        after(question, holds, all)
    };
    largest(most, fits)
}

/// Largest batch that fits.
fn widest(question: &Question<'_>, holds: &impl Fn(&Question<'_>) -> bool) -> u64 {
    largest(1_000_000, |batch| {
        after(question, holds, |scenario| scenario.batch = batch)
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
