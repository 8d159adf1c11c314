//! What the fullest device must hold, and the answer on one device.

use std::sync::Arc;

use super::Verdict;
use super::capacity::{host_memory, percent, share};
use crate::analysis::cache_format::wanted_cache;
use crate::analysis::kv_support::{self, Wanted};
use crate::analysis::placement::{OffloadOptions, Plan, Ranks, refusal};
use crate::analysis::setup::Setup;
use crate::hardware::{Compatibility, Device, Engine, Support, compatibility};

/// What a question needs, whatever the device: judged against each of them.
#[derive(Clone, Debug)]
pub struct Demand {
    /// What the fullest device must hold, bytes.
    pub total: u64,
    /// The engine.
    pub engine: Engine,
    format: String,
    percent: u64,
    pub(super) serving: bool,
    cache: Option<Wanted>,
    pub(super) forced: bool,
    pub(super) room: Option<u64>,
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
            serving: !scenario.workload.mode.trains(),
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
    pub(in crate::analysis) fn verdict_as(&self, device: &Device, support: &'static Compatibility) -> DeviceVerdict {
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
