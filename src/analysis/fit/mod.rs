//! Does it fit, and how far could it go.
//!
//! 1. `capacity`: what may be taken of a device and of RAM.
//! 2. [`Demand`]: what the fullest device must hold, judged against any device.
//! 3. `largest`: the longest context and the largest batch that fit.

mod capacity;
mod demand;
mod largest;

use serde::Serialize;

pub use self::capacity::{capacity, host_memory, share_words};
pub use self::demand::{Demand, DeviceVerdict};

pub(super) use self::capacity::percent;
pub(super) use self::largest::max_by_memory;
use self::largest::{Fixed, longest, widest};
use super::memory::memory;
use super::placement::{HostShare, Plan, Ranks, Unit, ranks as deal};
use super::setup::Setup;
use crate::hardware::{Device, Engine};

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

/// What of a peak of so many bytes is not known in an engine.
pub(super) const fn unknown_bytes(total: u64, engine: Engine) -> u64 {
    (total / 100).saturating_mul(engine.unknown_percent())
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
        unknown_bytes: unknown_bytes(need.total, setup.engine),
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
