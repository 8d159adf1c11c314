//! What stays in the machine's RAM when the devices cannot hold all.

use std::collections::BTreeSet;

use serde::Serialize;

use super::HostShare;
use super::ranks::Ranks;
use super::shards::{Part, StageSlot, shards};
use crate::analysis::setup::Setup;
use crate::hardware::{Device, Engine};
use crate::model::Component;
use crate::scenario::Offload;
use crate::units::UnitSystem;

/// How an engine moves part of a model to RAM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Whole layers with their caches, computed where they lie (llama.cpp `-ngl`).
    Layers,
    /// The routed experts of so many layers (llama.cpp `--n-cpu-moe`).
    Experts,
    /// Weights, copied to the device for each pass (vLLM `--cpu-offload-gb`, transformers `device_map`).
    Weights,
}

/// What lies where.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Plan {
    /// How.
    pub unit: Unit,
    /// Layers of the model.
    pub layers: u64,
    /// Layers whose part (all of them, or their experts) is in RAM.
    pub layers_in_ram: u64,
    /// Bytes in RAM.
    pub host_bytes: u64,
    /// Bytes the fullest device then holds.
    pub device_bytes: u64,
    /// Weights and caches in RAM, bytes of all devices together.
    #[serde(skip)]
    pub in_ram: InRam,
    /// As shares of the model.
    #[serde(skip)]
    pub share: HostShare,
}

/// What of a plan's bytes is what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InRam {
    /// Weights.
    pub weights: u64,
    /// Caches and states.
    pub caches: u64,
    /// Weights that a device copies into a buffer for each pass, though they lie in RAM.
    pub copied: u64,
}

impl Plan {
    /// What lies where, in words.
    pub fn words(&self, units: UnitSystem) -> String {
        let host = units.bytes(self.host_bytes as f64);
        let Self {
            layers, layers_in_ram, ..
        } = self;
        match self.unit {
            Unit::Layers if layers_in_ram == layers => format!("all {layers} layers ({host}) stay in RAM"),
            Unit::Layers => format!("{layers_in_ram} of {layers} layers ({host}) stay in RAM"),
            Unit::Experts => format!("the experts of {layers_in_ram} layers ({host}) stay in RAM"),
            Unit::Weights => format!("{host} of weights stay in RAM and are copied for each pass"),
        }
    }
}

/// Whether an engine can leave weights in RAM, and how.
///
/// Sources: llama.cpp `-ngl`, `--n-cpu-moe`; vLLM `--cpu-offload-gb`; SGLang `--cpu-offload-gb`; accelerate `device_map`; bitsandbytes integration of transformers
/// (`validate_environment`).
const fn unit_of(engine: Engine) -> Option<Unit> {
    match engine {
        Engine::LlamaCpp => Some(Unit::Layers),
        Engine::Vllm | Engine::Sglang | Engine::Transformers => Some(Unit::Weights),
        Engine::TensorRtLlm | Engine::Mlx | Engine::ExLlamaV2 | Engine::ExLlamaV3 => None,
    }
}

/// What of a setup can be moved to RAM, whatever the device.
#[derive(Clone, Debug)]
pub struct OffloadOptions {
    unit: Unit,
    offload: Offload,
    devices: u64,
    layers: u64,
    /// Layers with routed experts.
    sparse: u64,
    /// What the fullest device holds.
    total: u64,
    /// Weights of the fullest device.
    weights: u64,
    /// What every device needs for itself: activations, driver.
    own: u64,
    /// Before and after the layers.
    embedding_and_head: u64,
    /// The output head alone.
    head: u64,
    /// Layers with their caches, routed experts apart.
    dense: u64,
    /// The caches among these.
    caches: u64,
    /// Routed experts.
    experts: u64,
}

impl OffloadOptions {
    /// What can be moved, if the engine and the scenario let anything be.
    pub fn of(setup: &Setup, ranks: &Ranks) -> Option<Self> {
        let scenario = &*setup.scenario;
        if scenario.workload.mode.trains() || scenario.hardware.offload == Offload::None {
            return None;
        }
        let unit = unit_of(setup.engine)?;
        // `tp_plan` has no offload, and bitsandbytes refuses modules on the processor.
        let bits_and_bytes = matches!(&*setup.weights.format.id, "nf4" | "nf4-dq" | "bnb-int8");
        if setup.engine == Engine::Transformers && (setup.layout.tensor > 1 || bits_and_bytes) {
            return None;
        }
        let fullest = ranks.fullest()?;
        let mut found = Self {
            unit,
            offload: scenario.hardware.offload,
            devices: setup.layout.devices,
            layers: setup.blueprint.layers.value.max(1),
            sparse: 0,
            total: fullest.total_bytes,
            weights: fullest.weights_bytes,
            own: fullest.activation_bytes.saturating_add(fullest.overhead_bytes),
            embedding_and_head: 0,
            head: 0,
            dense: 0,
            caches: 0,
            experts: 0,
        };
        if unit == Unit::Weights {
            return Some(found);
        }
        let mut sparse = BTreeSet::new();
        for shard in shards(setup) {
            let sum = match shard.at {
                StageSlot::First | StageSlot::Last => &mut found.embedding_and_head,
                StageSlot::Layers(kind) if shard.routed => {
                    sparse.insert(kind);
                    &mut found.experts
                }
                StageSlot::Layers(_) => &mut found.dense,
            };
            *sum = sum.saturating_add(shard.bytes);
            match (shard.part, shard.at) {
                (Part::Weights(Component::LmHead), _) => found.head = found.head.saturating_add(shard.bytes),
                (Part::KvCache | Part::States, StageSlot::Layers(_)) => {
                    found.caches = found.caches.saturating_add(shard.bytes);
                }
                _ => {}
            }
        }
        let counts = sparse.into_iter().filter_map(|kind| setup.blueprint.kinds.get(kind));
        found.sparse = counts.map(|kind| kind.count.value).fold(0, u64::saturating_add).max(1);
        Some(found)
    }
    /// The plan that leaves most on a device with that much memory for it, if there is one.
    pub fn plan(&self, device: &Device, capacity: u64) -> Option<Plan> {
        // One memory cannot be left for itself.
        if !device.has_own_memory() {
            return None;
        }
        match self.unit {
            Unit::Weights => self.streamed(capacity),
            Unit::Layers | Unit::Experts => self.by_layers(capacity),
        }
    }

    /// The plan that was asked for by a number, whether or not the rest then fits.
    pub fn asked(&self, device: &Device) -> Option<Plan> {
        self.offload.is_forced().then(|| self.plan(device, u64::MAX)).flatten()
    }

    /// Weights beyond the device's memory are copied to it for each pass; caches stay.
    fn streamed(&self, capacity: u64) -> Option<Plan> {
        let over = match self.offload {
            Offload::Layers(count) => part(self.weights, count.min(self.layers), self.layers),
            Offload::Auto | Offload::None | Offload::Experts(_) => self.total.saturating_sub(capacity),
        };
        if over > self.weights || self.total - over > capacity {
            return None;
        }
        let share = over as f64 / self.weights.max(1) as f64;
        Some(Plan {
            unit: Unit::Weights,
            layers: self.layers,
            layers_in_ram: (share * self.layers as f64).ceil() as u64,
            host_bytes: over.saturating_mul(self.devices),
            device_bytes: self.total - over,
            in_ram: InRam {
                weights: over.saturating_mul(self.devices),
                ..InRam::default()
            },
            share: HostShare {
                layers: share,
                experts: share,
                embedding_and_head: share,
            },
        })
    }

    /// Experts first, then whole layers, then everything.
    fn by_layers(&self, capacity: u64) -> Option<Plan> {
        let Self {
            own,
            layers,
            sparse,
            embedding_and_head,
            head,
            dense,
            caches,
            experts,
            ..
        } = *self;
        let room = capacity.checked_sub(own)?.saturating_mul(self.devices);
        let body = dense.saturating_add(experts);
        let all = embedding_and_head.saturating_add(body);
        let made = |unit, in_ram: u64, host: u64, kept: InRam, share| Plan {
            unit,
            layers,
            layers_in_ram: in_ram,
            in_ram: kept,
            // A weight that is copied for each pass lies in RAM as well.
            host_bytes: host.saturating_add(kept.copied),
            device_bytes: own.saturating_add(all.saturating_sub(host).div_ceil(self.devices)),
            share,
        };
        let of_layers = |count: u64| {
            let share = count as f64 / layers as f64;
            let share = HostShare {
                layers: share,
                experts: share,
                embedding_and_head: 0.0,
            };
            let host = part(body, count, layers);
            let in_ram = part(caches, count, layers);
            let kept = InRam {
                weights: host.saturating_sub(in_ram),
                caches: in_ram,
                copied: if count > 0 { head } else { 0 },
            };
            made(Unit::Layers, count, host, kept, share)
        };
        let of_experts = |count: u64| {
            let share = HostShare {
                experts: count as f64 / sparse as f64,
                ..HostShare::default()
            };
            let host = part(experts, count, sparse);
            let kept = InRam {
                weights: host,
                ..InRam::default()
            };
            made(Unit::Experts, count, host, kept, share)
        };
        // What is asked for holds if the rest fits.
        let asked = |plan: Plan, host: u64| (all.saturating_sub(host) <= room).then_some(plan);
        if let Offload::Layers(count) = self.offload {
            let count = count.min(layers);
            return asked(of_layers(count), part(body, count, layers));
        }
        if let Offload::Experts(count) = self.offload {
            let count = count.min(sparse);
            return asked(of_experts(count), part(experts, count, sparse));
        }
        let over = all.saturating_sub(room);
        if experts > 0 && embedding_and_head.saturating_add(dense) <= room {
            return Some(of_experts(ceiling(over, sparse, experts)));
        }
        if embedding_and_head <= room {
            return Some(of_layers(ceiling(over, layers, body)));
        }
        let share = HostShare {
            layers: 1.0,
            experts: 1.0,
            embedding_and_head: 1.0,
        };
        let kept = InRam {
            weights: all.saturating_sub(caches),
            caches,
            copied: 0,
        };
        Some(made(Unit::Layers, layers, all, kept, share))
    }
}

/// The least count with `bytes × count ÷ of ≥ over`.
fn ceiling(over: u64, of: u64, bytes: u64) -> u64 {
    let value = (u128::from(over) * u128::from(of)).div_ceil(u128::from(bytes.max(1)));
    u64::try_from(value).unwrap_or(of).min(of)
}

/// `bytes × count ÷ of`, without overflow.
pub(super) fn part(bytes: u64, count: u64, of: u64) -> u64 {
    let value = u128::from(bytes) * u128::from(count) / u128::from(of.max(1));
    u64::try_from(value).unwrap_or(u64::MAX)
}
