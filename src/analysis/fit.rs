//! Does it fit, and how far could it go.

use std::sync::Arc;

use serde::Serialize;

use super::cache_format::wanted_cache;
use super::error::AnalysisError;
use super::kv_support::{self, Wanted};
use super::memory::{Memory, memory, memory_beside, weights};
use super::node;
use super::placement::{
    HostShare, OffloadOptions, Plan, Ranks, Shard, Unit, ranks as deal, ranks_of, refusal, weight_shards, with_caches,
};
use super::setup::Setup;
use crate::hardware::{Compatibility, Device, Engine, Support, compatibility, find_host};
use crate::model::Component;
use crate::scenario::{Mode, Scenario};
use crate::units::{Exact, UnitSystem};

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
    /// How much more than estimated it may need: what of the peak is not known.
    pub unknown_bytes: u64,
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
    /// Whether it fits only if what is not known of the peak does not come on top.
    pub fn is_tight(&self) -> bool {
        let free = u64::try_from(self.headroom_bytes).unwrap_or(0);
        self.verdict == Verdict::Fits && free < self.unknown_bytes
    }
    /// What lies in the machine's RAM.
    pub fn host(&self) -> HostShare {
        match (&self.offload, self.verdict) {
            (Some(plan), Verdict::Offload | Verdict::DoesNotFit) => plan.share,
            _ => HostShare::default(),
        }
    }
}

/// Percentage of a device's memory the engine may take.
pub(super) fn percent(setup: &Setup) -> u64 {
    match setup.scenario.workload.mode {
        Mode::Pretrain => 100,
        // Counted with the activations, which have the rest.
        _ if setup.static_thousandths().is_some() => 100,
        _ => setup
            .scenario
            .serving
            .memory_fraction
            .unwrap_or_else(|| setup.engine.memory_percent()),
    }
}

fn share(device: &Device, percent: u64) -> u64 {
    let all = device.usable_bytes();
    let bytes = u128::from(all) * u128::from(percent) / 100;
    u64::try_from(bytes).unwrap_or(all)
}

/// Memory of one device the engine may take.
pub fn capacity(setup: &Setup, device: &Device) -> u64 {
    share(device, percent(setup))
}

/// Where the room on a device comes from: `vLLM takes 90 % of 24.0 GiB`.
pub fn share_words(setup: &Setup, device: &Device, units: UnitSystem) -> String {
    let (whole, seen) = (device.memory_bytes, device.usable_bytes());
    let size = |bytes: u64| units.bytes(bytes as f64);
    let takes = match setup.scenario.serving.memory_fraction {
        Some(_) => format!("{} is set to take", setup.engine.label()),
        None => format!("{} takes", setup.engine.label()),
    };
    match (percent(setup), seen < whole) {
        (100, false) => format!("all of the device's {}", size(whole)),
        (100, true) => format!("{} of {} can be used", size(seen), size(whole)),
        (some, false) => format!("{takes} {some} % of {}", size(whole)),
        (some, true) => format!("{takes} {some} % of the {} it sees", size(seen)),
    }
}

/// RAM that may be used; `None` is enough.
pub fn host_memory(scenario: &Scenario) -> Option<u64> {
    let node = || {
        let host = scenario.hardware.node.as_deref().and_then(find_host)?;
        Some(
            host.host_memory_bytes?
                .saturating_mul(node::machines(host, scenario.hardware.devices)),
        )
    };
    let all = scenario.hardware.host_memory.or_else(node)?;
    let share = 100u64.saturating_sub(scenario.hardware.host_reserve);
    u64::try_from(u128::from(all) * u128::from(share) / 100).ok()
}

/// What a question needs, whatever the device: judged against each of them.
#[derive(Clone, Debug)]
pub struct Demand {
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
    movable: Option<OffloadOptions>,
    /// Of devices that are not alike: what may be taken of the fullest one, and on average, bytes.
    rooms: Option<(u64, u64)>,
    /// Devices beside the first that are not like it.
    others: Vec<Arc<Device>>,
    /// Why the engine does not start the layout.
    layout: Option<&'static Compatibility>,
}

/// A verdict on one device.
#[derive(Clone, Debug, PartialEq)]
pub struct DeviceVerdict {
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

impl Demand {
    /// The need of a setup whose memory is sharded.
    pub fn of(setup: &Setup, ranks: &Ranks) -> Self {
        let scenario = &*setup.scenario;
        let rooms: Vec<u64> = ranks.groups.iter().filter_map(|group| group.room).collect();
        let mean = rooms.iter().fold(0, |all: u64, room| all.saturating_add(*room)) / (rooms.len() as u64).max(1);
        let fullest = ranks.fullest_group().and_then(|group| group.room);
        Self {
            rooms: fullest.map(|room| (room, mean)),
            others: setup
                .members
                .iter()
                .skip(1)
                .map(|member| member.device.clone())
                .collect(),
            total: ranks.fullest().map_or(0, |rank| rank.total_bytes),
            engine: setup.engine,
            format: setup.weights.format.id.to_string(),
            percent: percent(setup),
            serving: scenario.workload.mode != Mode::Pretrain,
            cache: (!setup.caches_as_usual()).then(|| wanted_cache(scenario)),
            forced: scenario.hardware.offload.is_forced(),
            room: host_memory(scenario),
            movable: OffloadOptions::of(setup, ranks),
            layout: refusal(setup),
        }
    }
    /// How far engine and device support the layout and the cache too, where they support weights so far: the first that
    /// does not run.
    fn with_layout_and_cache(&self, weights: &'static Compatibility, device: &Device) -> &'static Compatibility {
        // Training takes its weights in any format; a split that cannot run is one there too.
        if let Some(refused) = self.layout.filter(|_| weights.runs() || !self.serving) {
            return refused;
        }
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
    pub fn verdict_on(&self, device: &Device) -> DeviceVerdict {
        self.verdict_as(device, compatibility::support(&self.format, device, self.engine))
    }
    /// As [`verdict_on`](Self::verdict_on), where the support of the weights' format is known already.
    pub(super) fn verdict_as(&self, device: &Device, support: &'static Compatibility) -> DeviceVerdict {
        let support = self.with_layout_and_cache(support, device);
        let refused = self.others.iter().find_map(|other| {
            let found = self.with_layout_and_cache(compatibility::support(&self.format, other, self.engine), other);
            (!found.runs()).then_some(found)
        });
        let support = refused.filter(|_| support.runs()).unwrap_or(support);
        let (capacity, each) = self.rooms.unwrap_or_else(|| {
            let room = share(device, self.percent);
            (room, room)
        });
        let over = self.total.saturating_sub(capacity);
        // Layers move between devices, so of what stays in RAM the average counts.
        let plan = |movable: &OffloadOptions| movable.plan(device, each);
        let offload = (over > 0 || self.forced)
            .then(|| self.movable.as_ref().and_then(plan))
            .flatten();
        // A plan asked for by its number is what is short, not the model without it.
        let asked = || self.movable.as_ref().and_then(|movable| movable.asked(device));
        let offload = offload.or_else(|| if over > 0 || self.forced { asked() } else { None });
        let short = offload
            .as_ref()
            .map_or(0, |plan| plan.device_bytes.saturating_sub(each));
        let (verdict, missing) = match (&offload, self.room) {
            _ if !support.runs() && (self.serving || self.layout.is_some()) => (Verdict::Unsupported, over),
            (None, _) if over == 0 => (Verdict::Fits, 0),
            (None, _) => (Verdict::DoesNotFit, over),
            (Some(_), _) if short > 0 => (Verdict::DoesNotFit, short),
            // RAM is what is short.
            (Some(plan), Some(room)) if plan.host_bytes > room => (Verdict::DoesNotFit, plan.host_bytes - room),
            (Some(_), _) => (Verdict::Offload, over),
        };
        DeviceVerdict {
            verdict,
            capacity,
            missing,
            offload,
            why: support.words,
            support,
        }
    }
}

/// What of a setup lies in the machine's RAM, or would have to; nothing where it fits, or does not run at all.
pub fn host_share(setup: &Setup) -> HostShare {
    let share = || {
        let ranks = deal(setup, &memory(setup)).ok()?;
        let judged = Demand::of(setup, &ranks).verdict_on(setup.device()?);
        judged
            .offload
            .filter(|_| matches!(judged.verdict, Verdict::Offload | Verdict::DoesNotFit))
            .map(|plan| plan.share)
    };
    share().unwrap_or_default()
}

/// Fit of a setup on its device.
pub fn fit(setup: &Setup, ranks: &Ranks, device: &Device) -> Fit {
    let need = Demand::of(setup, ranks);
    let judged = need.verdict_on(device);
    let held = match (&judged.offload, judged.verdict) {
        // Of the plan asked for.
        (Some(plan), Verdict::DoesNotFit) if plan.device_bytes > judged.capacity => plan.device_bytes,
        _ => need.total,
    };
    let headroom = i128::from(judged.capacity) - i128::from(held);
    // With part of it in RAM, or asked to be there, the limits are those of RAM too.
    let spills = judged.verdict == Verdict::Offload || need.forced;
    let fixed = Fixed::of(setup);
    let bytes = |setup: &Setup| {
        if !spills {
            return fixed.needed(setup);
        }
        let judge = |ranks: Ranks| Demand::of(setup, &ranks).verdict_on(device);
        match fixed.ranks(setup, &fixed.memory(setup)).map(judge) {
            Ok(then) if then.verdict == Verdict::Fits => 0,
            Ok(then) if then.verdict == Verdict::Offload && (need.room.is_some() || no_more_in_ram(&then, &judged)) => {
                0
            }
            _ => u64::MAX,
        }
    };
    let room = capacity(setup, device);
    Fit {
        verdict: judged.verdict,
        capacity_bytes: judged.capacity,
        device_bytes: device.memory_bytes,
        headroom_bytes: i64::try_from(headroom).unwrap_or(i64::MIN),
        missing_bytes: judged.missing,
        unknown_bytes: need.total / 100 * setup.engine.unknown_percent(),
        max_context: longest(setup, room, &bytes),
        // Of a server this was found already, to know what runs of its requests.
        max_batch: match setup.admission {
            Some(load) if !spills => load.max_by_memory,
            _ => widest(setup, room, &bytes),
        },
        offload: judged.offload,
        why: if need.serving || judged.verdict == Verdict::Unsupported {
            judged.why
        } else {
            ""
        },
    }
}

/// Whether a plan leaves no more in RAM than the one in hand: how far the devices carry it where nobody said how much RAM
/// there is. Weights that are copied for each pass never take more RAM than the model has.
fn no_more_in_ram(then: &DeviceVerdict, now: &DeviceVerdict) -> bool {
    let (Some(then), Some(now)) = (&then.offload, &now.offload) else {
        return then.offload.is_none();
    };
    let all = then.layers_in_ram >= then.layers && then.unit == Unit::Layers;
    then.unit == Unit::Weights
        || (then.unit == now.unit
            && then.layers_in_ram <= now.layers_in_ram
            && (!all || then.in_ram.caches <= now.in_ram.caches))
}

/// Sequences the devices carry whole, nothing in RAM; zero where not even one fits.
pub fn max_by_memory(setup: &Setup, device: &Device) -> u64 {
    let fixed = Fixed::of(setup);
    let needed = |setup: &Setup| fixed.needed(setup);
    let whole = capacity(setup, device);
    let share = setup.engine.cache_percent();
    if share >= 100 {
        return widest(setup, whole, &needed);
    }
    // The cache gets a share of what is left beside everything else: what one sequence more needs tells its part.
    let one = after(setup, &needed, |scenario| scenario.workload.batch = 1);
    let two = after(setup, &needed, |scenario| scenario.workload.batch = 2);
    let none = one.saturating_sub(two.saturating_sub(one));
    let free = u128::from(whole.saturating_sub(none)) * u128::from(share) / 100;
    let room = none.saturating_add(u64::try_from(free).unwrap_or(u64::MAX));
    widest(setup, room.min(whole).max(one.min(whole)), &needed)
}

/// What a search for the workload that fits leaves alone: the weights, and how they are shared.
struct Fixed {
    weights: Vec<(Component, Exact)>,
    shards: Vec<Shard>,
}

impl Fixed {
    fn of(setup: &Setup) -> Self {
        let several = setup.layout.devices > 1;
        Self {
            weights: weights(setup),
            shards: if several { weight_shards(setup) } else { Vec::new() },
        }
    }
    fn memory(&self, setup: &Setup) -> Memory<Exact> {
        memory_beside(setup, self.weights.clone())
    }
    fn ranks(&self, setup: &Setup, memory: &Memory<Exact>) -> Result<Ranks, AnalysisError> {
        ranks_of(setup, memory, || with_caches(setup, self.shards.clone()))
    }
    /// What the fullest device must hold, bytes; the largest number there is where it cannot be shared so.
    fn needed(&self, setup: &Setup) -> u64 {
        let memory = self.memory(setup);
        if setup.layout.devices == 1 {
            return memory.total.0;
        }
        let ranks = self.ranks(setup, &memory).ok();
        let Some(group) = ranks.as_ref().and_then(Ranks::fullest_group) else {
            return u64::MAX;
        };
        let total = group.memory.total_bytes;
        // Searches ask by the first device's room: what another holds is as far from its own.
        match group.room.zip(setup.device()) {
            Some((own, device)) => total.saturating_add(capacity(setup, device)).saturating_sub(own),
            None => total,
        }
    }
}

/// What a question needs when something of its scenario changes.
fn after(setup: &Setup, bytes: &impl Fn(&Setup) -> u64, change: impl FnOnce(&mut Scenario)) -> u64 {
    bytes(&setup.working(change))
}

/// Longest context that fits: the model's own limit, or what memory allows.
fn longest(setup: &Setup, room: u64, bytes: &impl Fn(&Setup) -> u64) -> u64 {
    let most = setup
        .blueprint
        .max_context
        .as_ref()
        .map_or(10_000_000, |found| found.value.max(1));
    // Generated tokens are part of the context; the shortest prompt is one token.
    let generated = setup.scenario.generated();
    let at = |context: u64| {
        let all = |scenario: &mut Scenario| {
            scenario.workload.prompt = context.saturating_sub(generated).max(1);
            scenario.workload.generate = Some(context.saturating_sub(scenario.workload.prompt));
        };
        after(setup, bytes, all)
    };
    largest(most, room, at)
}

/// Largest batch that fits.
fn widest(setup: &Setup, room: u64, bytes: &impl Fn(&Setup) -> u64) -> u64 {
    largest(1_000_000, room, |batch| {
        after(setup, bytes, |scenario| scenario.workload.batch = batch)
    })
}

/// The largest number up to `most` at which no more than `room` bytes are needed; zero if not even one.
///
/// What is needed never falls when the number rises and is nearly a straight line in it, so the place is guessed between
/// two known ones; each third guess is the middle, in case it is not.
fn largest(most: u64, room: u64, bytes: impl Fn(u64) -> u64) -> u64 {
    let first = bytes(1);
    if first > room {
        return 0;
    }
    let last = bytes(most);
    if most <= 1 || last <= room {
        return most.max(1);
    }
    let ((mut low, mut below), (mut high, mut above)) = ((1, first), (most, last));
    for turn in 1_u32.. {
        let gap = high - low;
        if gap <= 1 {
            break;
        }
        let middle = low + gap / 2;
        let guess = if turn.is_multiple_of(3) || above == u64::MAX || above <= below {
            middle
        } else {
            let step = u128::from(room - below) * u128::from(gap) / u128::from(above - below);
            low.saturating_add(u64::try_from(step).unwrap_or(u64::MAX))
                .clamp(low + 1, high - 1)
        };
        let needed = bytes(guess);
        if needed <= room {
            (low, below) = (guess, needed);
        } else {
            (high, above) = (guess, needed);
        }
    }
    low
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::largest;

    proptest! {
        /// Straight, bent and stepped needs, and needs beyond all numbers.
        #[test]
        fn the_largest_that_fits_is_found(
            most in 1_u64..100_000,
            base in 0_u64..1_000,
            slope in 0_u64..50,
            bend in 1_u64..100_000,
            step in 1_u64..300,
            room in 0_u64..1_000_000,
            overflow in 1_u64..200_000,
        ) {
            let bytes = |at: u64| {
                let at = at.div_ceil(step) * step;
                if at >= overflow { u64::MAX } else { base + slope * at.min(bend) + at.saturating_sub(bend) / 7 }
            };
            let found = largest(most, room, bytes);
            let slow = (1..=most).take_while(|at| bytes(*at) <= room).last().unwrap_or(0);
            prop_assert_eq!(found, slow);
        }
    }

    #[test]
    fn few_guesses_are_enough() {
        let count = std::cell::Cell::new(0);
        let bytes = |at: u64| {
            count.set(count.get() + 1);
            5_000_000_000 + at.div_ceil(16) * 16 * 131_072
        };
        assert_eq!(largest(10_000_000, 24_000_000_000, bytes), 144_944);
        assert!(count.get() < 12, "{}", count.get());
    }
}
