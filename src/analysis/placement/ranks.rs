//! What each device holds. Devices that hold the same are one group, so a thousand of them cost what a few do.

use serde::Serialize;

use super::layout::Layout;
use super::offload::{Plan, part};
use super::shards::{Part, Shard, ShardRule, StageSlot, shards};
use crate::analysis::error::AnalysisError;
use crate::analysis::fit::capacity;
use crate::analysis::memory::{Memory, MemoryPart, memory};
use crate::analysis::setup::Setup;
use crate::analysis::simple_rule;
use crate::analysis::training::planner;
use crate::model::Component;
use crate::units::{Exact, sort_few};

/// Most stages that are told apart.
const MOST_STAGES: u64 = 4096;

/// Memory of one device, bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RankMemory {
    /// Weights by component.
    #[serde(skip)]
    pub weights_by_component: Vec<(Component, u64)>,
    /// Weights.
    pub weights_bytes: u64,
    /// Keys and values.
    pub kv_cache_bytes: u64,
    /// States.
    pub state_cache_bytes: u64,
    /// Activations.
    pub activation_bytes: u64,
    /// Gradients.
    pub gradient_bytes: u64,
    /// Optimizer states.
    pub optimizer_bytes: u64,
    /// What else is alive at the peak of a training step.
    pub transient_bytes: u64,
    /// In training: gradients, kept activations and the rest as they are at the peak.
    #[serde(skip)]
    pub at_peak: Option<[u64; 3]>,
    /// All of the above; in training the most at any moment of a step.
    pub peak_bytes: u64,
    /// Driver and runtime.
    pub overhead_bytes: u64,
    /// What must fit.
    pub total_bytes: u64,
}

impl RankMemory {
    /// Nothing.
    pub const NONE: Self = Self {
        weights_by_component: Vec::new(),
        weights_bytes: 0,
        kv_cache_bytes: 0,
        state_cache_bytes: 0,
        activation_bytes: 0,
        gradient_bytes: 0,
        optimizer_bytes: 0,
        transient_bytes: 0,
        at_peak: None,
        peak_bytes: 0,
        overhead_bytes: 0,
        total_bytes: 0,
    };
    /// Parts in the order of the bar, as key, name and bytes: components, then the rest; parts of zero bytes left out.
    pub fn parts(&self) -> Vec<(&'static str, &'static str, u64)> {
        let weights = self.weights_by_component.iter();
        let weights = weights.map(|(component, bytes)| (component.key(), component.label(), *bytes));
        let now = self.at_peak.unwrap_or([self.gradient_bytes, self.activation_bytes, 0]);
        let [gradients, activations, transient] = now;
        let rest = [
            (MemoryPart::KvCache, self.kv_cache_bytes),
            (MemoryPart::StateCache, self.state_cache_bytes),
            (MemoryPart::Activations, activations),
            (MemoryPart::Gradients, gradients),
            (MemoryPart::Optimizer, self.optimizer_bytes),
            (MemoryPart::Transient, transient),
            (MemoryPart::Overhead, self.overhead_bytes),
        ];
        let rest = rest.into_iter().map(|(part, bytes)| (part.key(), part.label(), bytes));
        weights.chain(rest).filter(|(.., bytes)| *bytes > 0).collect()
    }
}

/// Devices that hold equally much.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RankGroup {
    /// Number of the first of them.
    pub first: u64,
    /// How many, one after the other.
    pub count: u64,
    /// What an engine may take of the device, bytes, where devices are not alike.
    #[serde(skip)]
    pub room: Option<u64>,
    /// Id of the device, where devices are not alike.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// What each holds.
    #[serde(flatten)]
    pub memory: RankMemory,
}

/// Every device.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ranks {
    /// Groups, in order.
    pub groups: Vec<RankGroup>,
}

impl Ranks {
    /// The device that holds most; of devices that are not alike, the one that holds most beyond its room.
    pub fn fullest(&self) -> Option<&RankMemory> {
        self.fullest_group().map(|group| &group.memory)
    }
    /// The same, as a group.
    pub fn fullest_group(&self) -> Option<&RankGroup> {
        let beyond = |group: &&RankGroup| i128::from(group.memory.total_bytes) - i128::from(group.room.unwrap_or(0));
        self.groups.iter().max_by_key(beyond)
    }
    /// What each device holds with part of the model in RAM; all give up equally much.
    pub fn under(&self, plan: &Plan) -> Self {
        let devices = self.groups.iter().map(|group| group.count).sum::<u64>().max(1);
        let unlike = self.groups.iter().any(|group| group.room.is_some());
        let all = self.sum(|held| held.weights_bytes).max(1);
        let mut ranks = self.clone();
        for group in &mut ranks.groups {
            let held = &mut group.memory;
            // Unlike devices give up in proportion to what they hold.
            let mine = held.weights_bytes;
            let of = |bytes: u64| {
                if unlike {
                    part(bytes, mine, all)
                } else {
                    bytes.div_ceil(devices)
                }
            };
            let gone = of(plan.in_ram.weights.saturating_add(plan.in_ram.copied)).min(held.weights_bytes);
            let components = held.weights_by_component.iter_mut();
            let all = held.weights_bytes;
            for (_, bytes) in components {
                *bytes = bytes.saturating_sub(part(*bytes, gone, all));
            }
            held.weights_bytes -= gone;
            let mut caches = of(plan.in_ram.caches);
            for kept in [&mut held.kv_cache_bytes, &mut held.state_cache_bytes] {
                let gone = caches.min(*kept);
                *kept -= gone;
                caches -= gone;
            }
            held.activation_bytes = held.activation_bytes.saturating_add(of(plan.in_ram.copied));
            *held = finish(std::mem::take(held));
        }
        ranks
    }
    /// A sum over all devices, copies included.
    pub fn sum(&self, of: impl Fn(&RankMemory) -> u64) -> u64 {
        let each = self
            .groups
            .iter()
            .map(|group| of(&group.memory).saturating_mul(group.count));
        each.fold(0, u64::saturating_add)
    }
}

/// Deals a setup's memory out to its devices.
///
/// # Errors
/// More stages than layers.
pub fn ranks(setup: &Setup, memory: &Memory<Exact>) -> Result<Ranks, AnalysisError> {
    ranks_of(setup, memory, || shards(setup))
}

/// The same of shards that are asked for only where there are several devices.
pub fn ranks_of(
    setup: &Setup,
    memory: &Memory<Exact>,
    shards: impl FnOnce() -> Vec<Shard>,
) -> Result<Ranks, AnalysisError> {
    if setup.scenario.workload.mode.trains() {
        return Ok((planner()?.training)(setup)?.ranks(setup));
    }
    let layout = setup.layout;
    if layout.devices == 1 {
        return Ok(Ranks {
            groups: vec![RankGroup {
                first: 0,
                count: 1,
                room: None,
                device: None,
                memory: whole(setup, memory),
            }],
        });
    }
    let layers = setup.blueprint.layers.value;
    let stages = layout.stages();
    let members = &*setup.members;
    if (members.is_empty() && stages > layers) || stages > MOST_STAGES {
        return Err(AnalysisError::Layout(format!(
            "{stages} pipeline stages are more than the model's {layers} layers, or than {MOST_STAGES}."
        )));
    }
    let all = shards();
    let mut groups: Vec<RankGroup> = Vec::new();
    let mut begin = 0;
    let mut before = vec![0; setup.blueprint.kinds.len()];
    for stage in 0..stages {
        // Layers that do not divide go to the first stages.
        let member = usize::try_from(stage).ok().and_then(|stage| members.get(stage));
        let end = match member {
            Some(member) => member.end,
            None => begin + layers / stages + u64::from(stage < layers % stages),
        };
        let room = member.map(|member| capacity(setup, &member.device));
        let device = member.map(|member| member.device.id.clone());
        let here = Stage {
            counts: setup
                .blueprint
                .layout
                .count_between(begin, end, setup.blueprint.kinds.len()),
            before: before.clone(),
            first: stage == 0,
            last: member.map_or(stage + 1 == stages, |member| member.head),
        };
        let held: Vec<(&Shard, u64)> = all.iter().map(|shard| (shard, here.of(setup, shard))).collect();
        for (offset, count) in alike(&layout, setup.scenario.workload.batch, &held) {
            let memory = hold(setup, memory, &held, offset, &layout);
            let group = RankGroup {
                first: stage * layout.tensor + offset,
                count,
                room,
                device: device.clone(),
                memory,
            };
            match groups.last_mut() {
                Some(last)
                    if (last.room, &last.device) == (group.room, &group.device) && last.memory == group.memory =>
                {
                    last.count += group.count
                }
                _ => groups.push(group),
            }
        }
        begin = end;
        for (all, count) in before.iter_mut().zip(&here.counts) {
            *all += count;
        }
    }
    Ok(Ranks { groups })
}

/// What the fullest device of a setup holds: all of it where there is one.
///
/// # Errors
/// As [`ranks`].
pub fn fullest(setup: &Setup) -> Result<RankMemory, AnalysisError> {
    let ranks = ranks(setup, &memory(setup))?;
    Ok(ranks.fullest().cloned().unwrap_or_default())
}

/// Layers of each kind in a stage and before it, and whether the ends are there too.
struct Stage {
    counts: Vec<u64>,
    before: Vec<u64>,
    first: bool,
    last: bool,
}

impl Stage {
    /// Bytes of a shard in this stage. Stages together have all of it, whether or not it divides by layers.
    fn of(&self, setup: &Setup, shard: &Shard) -> u64 {
        match shard.at {
            StageSlot::First if self.first => shard.bytes,
            StageSlot::Last if self.last => shard.bytes,
            StageSlot::First | StageSlot::Last => 0,
            StageSlot::Layers(kind) => {
                let of = setup
                    .blueprint
                    .kinds
                    .get(kind)
                    .map_or(1, |kind| kind.count.value.max(1));
                let before = self.before.get(kind).copied().unwrap_or(0);
                let to = before + self.counts.get(kind).copied().unwrap_or(0);
                part(shard.bytes, to, of) - part(shard.bytes, before, of)
            }
        }
    }
}

/// Devices of a group that hold the same: number of the first and how many. The first devices have what does not divide.
fn alike(layout: &Layout, batch: u64, held: &[(&Shard, u64)]) -> Vec<(u64, u64)> {
    let size = layout.tensor;
    let slices = held.iter().filter(|(shard, _)| shard.rule == ShardRule::Split);
    let mut ends: Vec<u64> = slices.map(|(_, bytes)| bytes % size).chain([0, size]).collect();
    if layout.attention_dp {
        ends.push(batch % size);
    }
    sort_few(&mut ends, |end| *end);
    ends.windows(2)
        .filter_map(|pair| match pair {
            [from, to] if to > from => Some((*from, to - from)),
            _ => None,
        })
        .collect()
}

/// What the device with this number in its group holds.
fn hold(setup: &Setup, memory: &Memory<Exact>, shards: &[(&Shard, u64)], number: u64, layout: &Layout) -> RankMemory {
    let mut held = RankMemory::default();
    for &(shard, here) in shards {
        let size = layout.tensor;
        let bytes = match shard.rule {
            ShardRule::Copied => here,
            ShardRule::Split => here / size + u64::from(number < here % size),
            ShardRule::Heads(heads) => here.div_ceil(heads.min(size)),
            ShardRule::Sequences => {
                let batch = setup.scenario.workload.batch.max(1);
                let mine = batch / size + u64::from(number < batch % size);
                part(here, mine, batch)
            }
        };
        match shard.part {
            Part::Weights(component) => {
                held.weights_bytes = held.weights_bytes.saturating_add(bytes);
                match held
                    .weights_by_component
                    .iter_mut()
                    .find(|(known, _)| *known == component)
                {
                    Some((_, sum)) => *sum = sum.saturating_add(bytes),
                    None => held.weights_by_component.push((component, bytes)),
                }
            }
            Part::KvCache => held.kv_cache_bytes = held.kv_cache_bytes.saturating_add(bytes),
            Part::States => held.state_cache_bytes = held.state_cache_bytes.saturating_add(bytes),
        }
    }
    held.weights_by_component.retain(|(_, bytes)| *bytes > 0);
    sort_few(&mut held.weights_by_component, |(component, _)| *component);
    let simple = simple_rule::applies(setup);
    held.activation_bytes = if simple {
        simple_rule::activations(Exact(held.weights_bytes)).0
    } else {
        memory.activations.0
    };
    let share = |all: Exact| part(all.0, held.weights_bytes, memory.weights.0.max(1));
    held.gradient_bytes = share(memory.gradients);
    held.optimizer_bytes = share(memory.optimizer);
    held.overhead_bytes = if simple {
        let caches = held.kv_cache_bytes.saturating_add(held.state_cache_bytes);
        simple_rule::overhead(Exact(held.weights_bytes), Exact(caches)).0
    } else {
        memory.overhead.0
    };
    finish(held)
}

fn finish(mut held: RankMemory) -> RankMemory {
    held.peak_bytes = [
        held.weights_bytes,
        held.kv_cache_bytes,
        held.state_cache_bytes,
        held.activation_bytes,
        held.gradient_bytes,
        held.optimizer_bytes,
    ]
    .into_iter()
    .fold(0, u64::saturating_add);
    held.total_bytes = held.peak_bytes.saturating_add(held.overhead_bytes);
    held
}

/// Everything on one device.
fn whole(setup: &Setup, memory: &Memory<Exact>) -> RankMemory {
    let cached = !setup.keeps_cache_in_ram();
    let on_device = |bytes: Exact| if cached { bytes.0 } else { 0 };
    let mut weights_by_component: Vec<(Component, u64)> = memory
        .weights_by_component
        .iter()
        .map(|(one, bytes)| (*one, bytes.0.saturating_sub(memory.off_device(Some(*one)))))
        .collect();
    if !memory.weights_off_device.is_empty() {
        weights_by_component.retain(|(_, bytes)| *bytes > 0);
    }
    finish(RankMemory {
        weights_by_component,
        weights_bytes: memory.weights.0.saturating_sub(memory.off_device(None)),
        kv_cache_bytes: on_device(memory.kv_cache),
        state_cache_bytes: on_device(memory.state_cache),
        activation_bytes: memory.activations.0,
        gradient_bytes: memory.gradients.0,
        optimizer_bytes: memory.optimizer.0,
        overhead_bytes: memory.overhead.0,
        ..RankMemory::default()
    })
}
