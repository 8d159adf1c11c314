//! Memory: weights, caches, activations, and what training keeps besides.

use super::activations;
use super::cache::{kv_cache, kv_growth, states_of_a_sequence};
use super::parameters::{add, parameters};
use super::setup::Setup;
use super::simple_rule;
use crate::model::blueprint::Repeated;
use crate::model::{Component, Sharding, Tensor};
use crate::units::{Exact, Number, Quantity, Unit, sort_few};

/// What caches are not counted for.
pub(super) const KEPT_PROMPTS: &str = "Prompts that the engine keeps after their requests ended (prefix caching).";

/// A part of memory that is no component of the model.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, strum::IntoStaticStr, strum::EnumIter, strum::EnumString,
)]
#[strum(serialize_all = "snake_case")]
pub enum MemoryPart {
    /// Keys and values.
    KvCache,
    /// States of recurrences and convolutions.
    StateCache,
    /// Live tensors of one pass, or what the backward pass needs.
    Activations,
    /// Gradients.
    Gradients,
    /// Optimizer states and master weights.
    Optimizer,
    /// What lives for a moment at the peak of a training step.
    Transient,
    /// Driver and runtime.
    Overhead,
}

impl MemoryPart {
    /// Its key in JSON and colours.
    pub fn key(self) -> &'static str {
        self.into()
    }
    /// Its name for people.
    pub const fn label(self) -> &'static str {
        match self {
            Self::KvCache => "KV cache",
            Self::StateCache => "State cache",
            Self::Activations => "Activations",
            Self::Gradients => "Gradients",
            Self::Optimizer => "Optimizer",
            Self::Transient => "Temporary",
            Self::Overhead => "Overhead",
        }
    }
    /// What it is, in a sentence for a newcomer.
    pub const fn about(self) -> &'static str {
        match self {
            Self::KvCache => {
                "Every layer keeps keys and values of each token, so that they need not be computed again."
            }
            Self::StateCache => "Recurrent layers keep a state of fixed size for each sequence, however long it is.",
            Self::Activations => {
                "Results on their way from one operator to the next; in training what the backward pass needs of them."
            }
            Self::Gradients => "How the loss changes with each trained weight.",
            Self::Optimizer => "Moments of each trained weight, and master copies where the weights are narrower.",
            Self::Transient => {
                "What lives for a moment only, at the fullest moment of a step: gradients of activations, a layer computed again, gathered weights."
            }
            Self::Overhead => "What the driver and the runtime take before anything is loaded.",
        }
    }
}

/// Memory of one device in bytes.
#[derive(Clone, Debug)]
pub struct Memory<N> {
    /// Weights by component.
    pub weights_by_component: Vec<(Component, N)>,
    /// Weights.
    pub weights: N,
    /// Weights that are on no device whatever fits, by component: a token table in RAM, towers that are not loaded.
    pub weights_off_device: Vec<(Component, N)>,
    /// KV cache of all sequences.
    pub kv_cache: N,
    /// Growth of the cache with each token of one sequence, beyond every window.
    pub kv_cache_per_token: N,
    /// States of one sequence.
    pub state_per_sequence: N,
    /// States of all sequences.
    pub state_cache: N,
    /// Activations at their peak.
    pub activations: N,
    /// Gradients.
    pub gradients: N,
    /// Optimizer states.
    pub optimizer: N,
    /// Driver and runtime.
    pub overhead: N,
    /// All but the overhead: what the framework's allocator reports.
    pub peak: N,
    /// What must fit.
    pub total: N,
}

impl<N: Number> Memory<N> {
    /// What else is alive at the peak of a training step.
    fn transient(&self) -> N {
        let parts = [&self.weights, &self.activations, &self.gradients, &self.optimizer];
        self.peak.clone().minus(N::sum(parts.into_iter().cloned()))
    }
    /// A part that is no component of the model.
    pub fn part(&self, part: MemoryPart) -> N {
        match part {
            MemoryPart::KvCache => &self.kv_cache,
            MemoryPart::StateCache => &self.state_cache,
            MemoryPart::Activations => &self.activations,
            MemoryPart::Gradients => &self.gradients,
            MemoryPart::Optimizer => &self.optimizer,
            MemoryPart::Transient => return self.transient(),
            MemoryPart::Overhead => &self.overhead,
        }
        .clone()
    }
}

impl Memory<Exact> {
    /// Bytes of weights that are on no device whatever fits: of one component, or of all.
    pub fn off_device(&self, only: Option<Component>) -> u64 {
        let mine = self
            .weights_off_device
            .iter()
            .filter(|(one, _)| only.is_none_or(|only| only == *one));
        mine.map(|(_, bytes)| bytes.0).fold(0, u64::saturating_add)
    }
}

/// Bits that a weight takes on average, scales and whatever stays in another format included.
pub fn bits_per_weight(setup: &Setup) -> f64 {
    let count = parameters::<Exact>(&setup.blueprint).total.0.max(1);
    memory::<Exact>(setup).weights.0 as f64 * 8.0 / count as f64
}

/// Computes the memory of a setup.
pub fn memory<N: Number>(setup: &Setup) -> Memory<N> {
    if setup.scenario.workload.mode.trains() {
        let planner = super::training::planner().ok();
        return planner
            .and_then(|planner| planner.memory(setup))
            .unwrap_or_else(|| super::training::nothing(N::zero()));
    }
    memory_beside(setup, weights(setup))
}

/// The same beside weights that are known already: no workload changes them.
pub(super) fn memory_beside<N: Number>(setup: &Setup, weights_by_component: Vec<(Component, N)>) -> Memory<N> {
    let weights = N::sum(weights_by_component.iter().map(|(_, bytes)| bytes.clone()))
        .named("weights", "The model itself, in its number format.");
    let weights_off_device = off_device::<N>(setup);
    let resident = if weights_off_device.is_empty() {
        weights.clone()
    } else {
        let named = |(component, bytes): &(Component, N)| match component {
            Component::Vision | Component::Audio => bytes
                .clone()
                .named(component.label(), "The engine does not load it for text."),
            _ => bytes.clone().named("token table", "The engine keeps it in RAM."),
        };
        let elsewhere = N::sum(weights_off_device.iter().map(named).collect::<Vec<_>>());
        weights
            .clone()
            .minus(elsewhere)
            .named("weights on the device", "All but what stays in RAM or is not loaded.")
    };
    let (kv_cache, kv_cache_per_token): (N, N) = (kv_cache(setup), kv_growth(setup));
    let state_per_sequence: N = states_of_a_sequence(setup);
    let state_cache = N::input(&setup.batch())
        .times(state_per_sequence.clone())
        .named(MemoryPart::StateCache.label(), MemoryPart::StateCache.about())
        .without(KEPT_PROMPTS);
    let simple = simple_rule::applies(setup);
    let activations = if simple {
        simple_rule::activations(weights.clone()).named(
            MemoryPart::Activations.label(),
            "A tenth of the weights, by the simple rule.",
        )
    } else {
        activations::activations::<N>(setup)
    };
    let (gradients, optimizer) = (N::zero(), N::zero());
    let assumed = Quantity::choice("overhead", setup.scenario.assumptions.overhead, "Assumptions");
    let overhead = if simple {
        simple_rule::overhead(weights.clone(), kv_cache.clone().plus(state_cache.clone()))
    } else {
        N::input(&assumed)
    };
    let overhead = overhead
        .named(MemoryPart::Overhead.label(), MemoryPart::Overhead.about())
        .without("Other programs on the device.");
    let on_device = |cache: &N| {
        if setup.keeps_cache_in_ram() {
            N::zero()
        } else {
            cache.clone()
        }
    };
    let held = [
        resident,
        on_device(&kv_cache),
        on_device(&state_cache),
        activations.clone(),
        gradients.clone(),
        optimizer.clone(),
    ];
    let peak = N::sum(held.clone()).named("peak", "What the framework's allocator reports at its peak.");
    // Part by part: "peak" alone would say nothing of what lies there.
    let parts = held.into_iter().filter(|part| part.value() > 0.0);
    let total = N::sum(parts.chain([overhead.clone()]))
        .named("memory", "What must fit on the device.")
        .in_unit(Unit::Bytes)
        .without("Allocator fragmentation.");
    Memory {
        weights_by_component,
        weights,
        weights_off_device,
        kv_cache,
        kv_cache_per_token,
        state_per_sequence,
        state_cache,
        activations,
        gradients,
        optimizer,
        overhead,
        peak,
        total,
    }
}

/// Weights: each tensor in the format the rule gives it.
pub(super) fn weights<N: Number>(setup: &Setup) -> Vec<(Component, N)> {
    let mut all: Vec<(Component, N)> = Vec::new();
    for (place, tensor) in setup.blueprint.tensors().filter(|(_, tensor)| tensor.is_parameter()) {
        let bytes = weight_of::<N>(setup, place, tensor);
        add(&mut all, tensor.component, bytes.named(&tensor.name, ""));
    }
    sort_few(&mut all, |(component, _)| *component);
    all.into_iter()
        .map(|(component, bytes)| (component, bytes.named(component.label(), component.about())))
        .collect()
}

/// What of the weights is on no device: token tables an engine keeps in RAM (none where the output head is the same tensor,
/// which is then on the device as well), and towers it does not load.
fn off_device<N: Number>(setup: &Setup) -> Vec<(Component, N)> {
    let mut all = Vec::new();
    if !setup.table_is_off_device() && !setup.leaves_out_towers() {
        return all;
    }
    for (place, tensor) in setup
        .blueprint
        .tensors()
        .filter(|(_, tensor)| setup.is_off_device(tensor))
    {
        add(&mut all, tensor.component, weight_of::<N>(setup, place, tensor));
    }
    all
}

/// Bytes of towers that an engine leaves in their files.
pub fn left_out_bytes(setup: &Setup) -> u64 {
    if !setup.leaves_out_towers() {
        return 0;
    }
    let towers = setup
        .blueprint
        .tensors()
        .filter(|(_, tensor)| tensor.is_parameter() && tensor.is_of_tower());
    let bytes = towers.map(|(place, tensor)| weight_of::<Exact>(setup, place, tensor).0);
    bytes.fold(0, u64::saturating_add)
}

/// Bytes of the token tables an engine keeps in RAM, on the device as well or not.
pub fn table_bytes(setup: &Setup) -> u64 {
    if !setup.keeps_table_in_ram() {
        return 0;
    }
    let tables = setup
        .blueprint
        .tensors()
        .filter(|(_, tensor)| tensor.is_parameter() && tensor.is_table());
    let bytes = tables.map(|(place, tensor)| weight_of::<Exact>(setup, place, tensor).0);
    bytes.fold(0, u64::saturating_add)
}

/// Experts as an engine lays them out for its kernels, where it makes them wider than they are.
fn padded(setup: &Setup, place: Repeated<'_>, tensor: &Tensor) -> Option<Tensor> {
    if tensor.component != Component::Experts || setup.unpacked || setup.scenario.workload.mode.trains() {
        return None;
    }
    let (hidden, own) = setup.engine.pads_mxfp4_experts(setup.device())?;
    if setup.weights.main_format(place, tensor).id != "mxfp4" {
        return None;
    }
    // Whole experts stay whole where they are distributed; else each device has a slice of each.
    let slices = if setup.layout.expert > 1 {
        1
    } else {
        setup.layout.tensor.max(1)
    };
    let up = |width: u64, to: u64| width.div_ceil(to.max(1)).saturating_mul(to.max(1));
    let sliced = |width: u64| up(width.div_ceil(slices), own).saturating_mul(slices);
    let whole = |width: u64| up(width, hidden);
    let [rows, columns] = tensor.dims.get(tensor.dims.len().checked_sub(2)?..)? else {
        return None;
    };
    let (rows, columns) = match tensor.sharding {
        Sharding::Columns => (sliced(rows.value), whole(columns.value)),
        Sharding::Rows => (whole(rows.value), sliced(columns.value)),
        Sharding::KvHeads | Sharding::Replicated => return None,
    };
    let mut padded = tensor.clone();
    padded.held = None;
    let last = padded.dims.len() - 1;
    for (at, width) in [(last - 1, rows), (last, columns)] {
        if let Some(dim) = padded.dims.get_mut(at).filter(|dim| dim.value != width) {
            *dim = Quantity::assumed("padded width", width, "as the engine's kernels need it");
        }
    }
    Some(padded)
}

/// Bytes of a tensor in all its layers, as the engine lays it out: what is held and what is read.
pub(super) fn weight_of<N: Number>(setup: &Setup, place: Repeated<'_>, tensor: &Tensor) -> N {
    if let Some(padded) = padded(setup, place, tensor) {
        return setup.weights.bytes::<N>(place, &padded);
    }
    // llama.cpp's projector file, as its converter writes it by default (`convert_hf_to_gguf.py --mmproj`).
    if tensor.is_of_tower() && setup.media.needs(tensor.component) && setup.weights.puts_towers_apart() {
        let two = Quantity::assumed("projector_bytes", 2, "the projector file (mmproj) is in F16");
        return place.stored(tensor, tensor.elements::<N>()).times(N::input(&two));
    }
    match setup.held(tensor) {
        Some(held) => N::input(&held),
        None => setup.weights.bytes::<N>(place, tensor),
    }
}
