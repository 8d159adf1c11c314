//! What stays in the machine's RAM when the devices cannot hold all.

use serde::Serialize;

use super::HostShare;
use super::pieces::{At, Part, pieces};
use super::ranks::Ranks;
use crate::analysis::question::Question;
use crate::hardware::Engine;
use crate::scenario::{Mode, Offload};
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
    /// As shares of the model.
    #[serde(skip)]
    pub share: HostShare,
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
/// Sources: llama.cpp `-ngl`, `--n-cpu-moe`; vLLM `--cpu-offload-gb`; SGLang `--cpu-offload-gb`; accelerate `device_map`.
const fn unit_of(engine: Engine) -> Option<Unit> {
    match engine {
        Engine::LlamaCpp => Some(Unit::Layers),
        Engine::Vllm | Engine::Sglang | Engine::Transformers => Some(Unit::Weights),
        Engine::TensorRtLlm | Engine::Mlx | Engine::ExLlamaV2 | Engine::ExLlamaV3 => None,
    }
}

/// The plan that leaves most on the devices, if there is one.
pub fn plan(question: &Question<'_>, ranks: &Ranks, capacity: u64) -> Option<Plan> {
    let device = question.device()?;
    let scenario = question.scenario;
    // One memory cannot be left for itself.
    if scenario.mode == Mode::Pretrain || scenario.offload == Offload::None || device.unified || device.segment == "cpu"
    {
        return None;
    }
    match unit_of(question.engine)? {
        Unit::Weights => streamed(question, ranks, capacity),
        Unit::Layers | Unit::Experts => by_layers(question, ranks, capacity),
    }
}

/// Weights beyond the device's memory are copied to it for each pass; caches stay.
fn streamed(question: &Question<'_>, ranks: &Ranks, capacity: u64) -> Option<Plan> {
    let fullest = ranks.fullest()?;
    let layers = question.blueprint.layers.value.max(1);
    let over = match question.scenario.offload {
        Offload::Layers(count) => part(fullest.weights_bytes, count.min(layers), layers),
        Offload::Auto | Offload::None => fullest.total_bytes.saturating_sub(capacity),
    };
    if over > fullest.weights_bytes || fullest.total_bytes - over > capacity {
        return None;
    }
    let share = over as f64 / fullest.weights_bytes.max(1) as f64;
    Some(Plan {
        unit: Unit::Weights,
        layers,
        layers_in_ram: (share * layers as f64).ceil() as u64,
        host_bytes: over.saturating_mul(question.layout.devices),
        device_bytes: fullest.total_bytes - over,
        share: HostShare {
            layers: share,
            experts: share,
            ends: share,
        },
    })
}

/// Experts first, then whole layers, then everything.
fn by_layers(question: &Question<'_>, ranks: &Ranks, capacity: u64) -> Option<Plan> {
    let fullest = ranks.fullest()?;
    let devices = question.layout.devices;
    let layers = question.blueprint.layers.value.max(1);
    let (mut ends, mut dense, mut experts) = (0u64, 0u64, 0u64);
    let mut sparse = std::collections::BTreeSet::new();
    for piece in pieces(question) {
        let sum = match piece.at {
            At::First | At::Last => &mut ends,
            At::Layers(kind) if piece.routed => {
                sparse.insert(kind);
                &mut experts
            }
            At::Layers(_) => &mut dense,
        };
        *sum = sum.saturating_add(piece.bytes);
        debug_assert!(piece.part != Part::States || !piece.routed, "states are not routed");
    }
    let counts = sparse.into_iter().filter_map(|kind| question.blueprint.kinds.get(kind));
    let sparse: u64 = counts.map(|kind| kind.count.value).sum::<u64>().max(1);
    // What every device needs for itself.
    let own = fullest.activation_bytes.saturating_add(fullest.overhead_bytes);
    let room = capacity.checked_sub(own)?.saturating_mul(devices);
    let all = ends.saturating_add(dense).saturating_add(experts);
    let made = |unit, in_ram: u64, host: u64, share| Plan {
        unit,
        layers,
        layers_in_ram: in_ram,
        host_bytes: host,
        device_bytes: own.saturating_add(all.saturating_sub(host).div_ceil(devices)),
        share,
    };
    if let Offload::Layers(count) = question.scenario.offload {
        let count = count.min(layers);
        let host = part(dense.saturating_add(experts), count, layers);
        let share = count as f64 / layers as f64;
        let share = HostShare {
            layers: share,
            experts: share,
            ends: 0.0,
        };
        return (all.saturating_sub(host) <= room).then(|| made(Unit::Layers, count, host, share));
    }
    if experts > 0 && ends.saturating_add(dense) <= room {
        let over = all.saturating_sub(room);
        let count = ceiling(over, sparse, experts);
        let host = part(experts, count, sparse);
        let share = HostShare {
            experts: count as f64 / sparse as f64,
            ..HostShare::default()
        };
        return Some(made(Unit::Experts, count, host, share));
    }
    let body = dense.saturating_add(experts);
    if ends <= room {
        let count = ceiling(all.saturating_sub(room), layers, body);
        let host = part(body, count, layers);
        let share = count as f64 / layers as f64;
        let share = HostShare {
            layers: share,
            experts: share,
            ends: 0.0,
        };
        return Some(made(Unit::Layers, count, host, share));
    }
    let share = HostShare {
        layers: 1.0,
        experts: 1.0,
        ends: 1.0,
    };
    Some(made(Unit::Layers, layers, all, share))
}

/// The least count with `bytes × count ÷ of ≥ over`.
fn ceiling(over: u64, of: u64, bytes: u64) -> u64 {
    let value = (u128::from(over) * u128::from(of)).div_ceil(u128::from(bytes.max(1)));
    u64::try_from(value).unwrap_or(of).min(of)
}

/// `bytes × count ÷ of`, without overflow.
fn part(bytes: u64, count: u64, of: u64) -> u64 {
    let value = u128::from(bytes) * u128::from(count) / u128::from(of.max(1));
    u64::try_from(value).unwrap_or(u64::MAX)
}
