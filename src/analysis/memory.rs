//! Memory: weights, caches, activations, and what training keeps besides.

use super::activations;
use super::parameters::{add, parameters};
use super::pass::entries;
use super::setup::Setup;
use super::simple_rule;
use crate::model::blueprint::Repeated;
use crate::model::operator::{Cache, CacheRole, CacheWidth, Span, State};
use crate::model::{Component, Tensor};
use crate::scenario::Mode;
use crate::units::{Exact, Number, Quantity, Unit};

/// What caches are not counted for.
const KEPT_PROMPTS: &str = "Prompts that the engine keeps after their requests ended (prefix caching).";
/// How states of training are not split.
const NOT_SHARDED: &str = "ZeRO and FSDP, which shard these across data-parallel devices.";

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
            Self::Activations => "Results on their way from one operator to the next.",
            Self::Gradients => "How the loss changes with each weight, in FP32.",
            Self::Optimizer => "AdamW keeps FP32 master weights and two moments for each.",
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
    /// A part that is no component of the model.
    pub fn part(&self, part: MemoryPart) -> N {
        match part {
            MemoryPart::KvCache => &self.kv_cache,
            MemoryPart::StateCache => &self.state_cache,
            MemoryPart::Activations => &self.activations,
            MemoryPart::Gradients => &self.gradients,
            MemoryPart::Optimizer => &self.optimizer,
            MemoryPart::Overhead => &self.overhead,
        }
        .clone()
    }
}

/// Bits that a weight takes on average, scales and whatever stays in another format included.
pub fn bits_per_weight(setup: &Setup) -> f64 {
    let count = parameters::<Exact>(&setup.blueprint).total.0.max(1);
    memory::<Exact>(setup).weights.0 as f64 * 8.0 / count as f64
}

/// Computes the memory of a setup.
pub fn memory<N: Number>(setup: &Setup) -> Memory<N> {
    memory_beside(setup, weights(setup))
}

/// The same beside weights that are known already: no workload changes them.
pub(super) fn memory_beside<N: Number>(setup: &Setup, weights_by_component: Vec<(Component, N)>) -> Memory<N> {
    let training = setup.scenario.mode == Mode::Pretrain;
    let weights = N::sum(weights_by_component.iter().map(|(_, bytes)| bytes.clone()))
        .named("weights", "The model itself, in its number format.");
    let (kv_cache, kv_cache_per_token) = if training {
        (N::zero(), N::zero())
    } else {
        (kv_cache(setup), kv_growth(setup))
    };
    let state_per_sequence = if training {
        N::zero()
    } else {
        states_of_a_sequence(setup)
    };
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
    let (gradients, optimizer) = if training {
        states(setup)
    } else {
        (N::zero(), N::zero())
    };
    let assumed = Quantity::choice("overhead", setup.scenario.overhead, "Assumptions");
    let overhead = if simple {
        simple_rule::overhead(weights.clone(), kv_cache.clone().plus(state_cache.clone()))
    } else {
        N::input(&assumed)
    };
    let overhead = overhead
        .named(MemoryPart::Overhead.label(), MemoryPart::Overhead.about())
        .without("Other programs on the device.");
    let peak = N::sum([
        weights.clone(),
        kv_cache.clone(),
        state_cache.clone(),
        activations.clone(),
        gradients.clone(),
        optimizer.clone(),
    ])
    .named("peak", "What the framework's allocator reports at its peak.");
    let total = peak
        .clone()
        .plus(overhead.clone())
        .named("memory", "What must fit on the device.")
        .in_unit(Unit::Bytes)
        .without("Allocator fragmentation.");
    Memory {
        weights_by_component,
        weights,
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
    all.sort_by_key(|(component, _)| *component);
    all.into_iter()
        .map(|(component, bytes)| (component, bytes.named(component.label(), component.about())))
        .collect()
}

/// Bytes of a tensor in all its layers.
pub(super) fn weight_of<N: Number>(setup: &Setup, place: Repeated<'_>, tensor: &Tensor) -> N {
    match setup.held(tensor) {
        Some(held) => N::input(&held),
        None => setup.weights.bytes::<N>(place, tensor),
    }
}

/// Elements a token and layer, in the form that is kept.
fn width<'a>(setup: &Setup, width: &'a CacheWidth) -> &'a Quantity {
    match width {
        CacheWidth::Plain(width) => width,
        CacheWidth::Latent { latent, .. } if setup.keeps_latent() => latent,
        CacheWidth::Latent { expanded, .. } => expanded,
        CacheWidth::Copied { copies, .. } if setup.engine.stores_copies() => copies,
        CacheWidth::Copied { once, .. } => once,
    }
}

/// Tokens a full layer keeps: a paged cache hands out whole blocks.
fn kept_tokens<N: Number>(setup: &Setup) -> N {
    let block = setup.engine.block();
    let tokens = setup.tokens();
    if block <= 1 || tokens.value.is_multiple_of(block) {
        return N::input(&tokens);
    }
    let size = || {
        N::input(&Quantity::assumed(
            "block",
            block,
            "tokens in a block of the engine's paged cache",
        ))
    };
    N::input(&tokens).over_ceiling(size()).times(size())
}

/// The whole cache: for each kind of layer, sequences × tokens kept × elements × bytes.
fn kv_cache<N: Number>(setup: &Setup) -> N {
    let places = setup.blueprint.blocks();
    let parts = places.flat_map(|place| kv_of_block::<N>(setup, place));
    N::sum(parts.collect::<Vec<_>>())
        .named(MemoryPart::KvCache.label(), MemoryPart::KvCache.about())
        .without(KEPT_PROMPTS)
}

/// What one block of all its layers keeps for every sequence.
pub(super) fn kv_of_block<N: Number>(setup: &Setup, place: Repeated<'_>) -> Vec<N> {
    if place.block.caches.is_empty() {
        return Vec::new();
    }
    let tokens = kept_tokens::<N>(setup);
    let batch = setup.batch();
    // Keys and values of a layer reach equally far.
    let mut spans: Vec<(&Span, bool, N)> = Vec::new();
    for cache in &place.block.caches {
        let width = N::input(width(setup, &cache.width));
        let values = apart(setup, cache);
        match spans
            .iter_mut()
            .find(|(span, known, _)| *span == &cache.span && *known == values)
        {
            Some((.., sum)) => *sum = sum.clone().plus(width),
            None => spans.push((&cache.span, values, width)),
        }
    }
    let of_span = |(span, values, widths): (&Span, bool, N)| {
        let kept = match span {
            Span::Full | Span::Chosen(_) => tokens.clone(),
            Span::Window(window) if setup.engine.pads_windows() => tokens.clone().least(padded_window(setup, window)),
            Span::Window(window) | Span::Chunk(window) => tokens.clone().least(N::input(window)),
            Span::Every { ratio, .. } => entries(tokens.clone(), ratio),
        };
        let elements = N::product([N::input(&batch), kept, widths]);
        let bytes = setup.kv_bytes(elements, values);
        place
            .times(bytes)
            .named(kind_of(setup, place), "Keys and values of the layers of this kind.")
    };
    spans.into_iter().map(of_span).collect()
}

/// The title of the kind of layer a block is in.
fn kind_of<'a>(setup: &'a Setup, place: Repeated<'a>) -> &'a str {
    let kind = place.kind.and_then(|at| setup.blueprint.kinds.get(at));
    kind.map_or(place.block.title, |kind| kind.title.as_str())
}

/// Cells of a layer with a window: the window and one micro-batch, in whole blocks.
fn padded_window<N: Number>(setup: &Setup, window: &Quantity) -> N {
    let chunk = setup.chunk().unwrap_or(0);
    let chunk = Quantity::assumed("micro-batch", chunk, "tokens the engine runs at once");
    let block = Quantity::assumed("block", setup.engine.block(), "cells the engine pads to");
    let size = || N::input(&block);
    N::input(window)
        .plus(N::input(&chunk))
        .over_ceiling(size())
        .times(size())
}

/// Whether a cache holds values; a latent serves as both and counts as keys.
fn holds_values(setup: &Setup, cache: &Cache) -> bool {
    let latent = matches!(cache.width, CacheWidth::Latent { .. }) && setup.keeps_latent();
    !latent && cache.role == CacheRole::Values
}

/// Whether a cache must be weighed apart from keys: it holds values, in a format of their own.
fn apart(setup: &Setup, cache: &Cache) -> bool {
    !setup.one_kv_format() && holds_values(setup, cache)
}

/// Bytes each further token of one sequence adds: layers without a window only.
fn kv_growth<N: Number>(setup: &Setup) -> N {
    let mut parts = Vec::new();
    for place in setup.blueprint.blocks() {
        let (mut keys, mut values) = (Vec::new(), Vec::new());
        for cache in &place.block.caches {
            let width = N::input(width(setup, &cache.width));
            let apart = apart(setup, cache);
            match &cache.span {
                Span::Window(_) | Span::Chunk(_) => {}
                Span::Full | Span::Chosen(_) if apart => values.push(width),
                Span::Full | Span::Chosen(_) => keys.push(width),
                Span::Every { ratio, .. } => {
                    // Divided last: one layer's share may be less than a byte.
                    let all = place.times(setup.kv_bytes(width, apart));
                    parts.push(all.over(N::input(ratio)).named(
                        kind_of(setup, place),
                        "A token's share of the compressed entries in the layers of this kind.",
                    ));
                }
            }
        }
        for (widths, values) in [(keys, false), (values, true)] {
            if !widths.is_empty() {
                let each = setup.kv_bytes(N::sum(widths), values);
                parts.push(place.times(each).named(
                    kind_of(setup, place),
                    "Keys and values of one token in the layers of this kind.",
                ));
            }
        }
    }
    N::sum(parts).named(
        "growth per token",
        "What each further token of a sequence adds; windows have stopped growing by then.",
    )
}

/// States of one sequence: convolutions in the model's format, recurrences in FP32.
fn states_of_a_sequence<N: Number>(setup: &Setup) -> N {
    let places = setup.blueprint.blocks();
    let parts = places.flat_map(|place| states_of_block::<N>(setup, place));
    N::sum(parts.collect::<Vec<_>>())
        .named("state per sequence", "What one sequence keeps however long it is.")
        .in_unit(Unit::Bytes)
}

/// What one block of all its layers keeps for a sequence, however long it is.
pub(super) fn states_of_block<N: Number>(setup: &Setup, place: Repeated<'_>) -> Vec<N> {
    let model = || N::input(setup.activation_bytes());
    let four = || {
        N::input(&Quantity::assumed(
            "state_bytes",
            4,
            "recurrent states are kept in FP32",
        ))
    };
    let of_state = |state: &State| {
        let (name, bytes) = match state {
            State::Conv { channels, kernel } => {
                // vLLM, SGLang and llama.cpp keep one column less than transformers: the current token is not stored.
                let columns = if setup.engine.keeps_whole_convolution() {
                    N::input(kernel)
                } else {
                    N::input(kernel).minus(N::constant(1.0))
                };
                ("convolution", N::input(channels).times(columns).times(model()))
            }
            State::Recurrent { elements } => ("recurrent state", N::input(elements).times(four())),
            State::Plain { elements } => ("state", N::input(elements).times(model())),
        };
        place.times(bytes).named(name, "")
    };
    place.block.states.iter().map(of_state).collect()
}

/// Gradients and optimizer states of AdamW in mixed precision.
///
/// FP32 gradients (4 bytes a parameter); FP32 master weights and two moments (12), without a master copy where the
/// weights are FP32 themselves (8). Source: Micikevicius 2018 (arXiv 1710.03740), Rajbhandari 2020 (arXiv 1910.02054, 3.1).
fn states<N: Number>(setup: &Setup) -> (N, N) {
    let count = || parameters::<N>(&setup.blueprint).total;
    let four = Quantity::assumed("gradient_bytes", 4, "FP32 gradients");
    let gradients = count()
        .times(N::input(&four))
        .named(MemoryPart::Gradients.label(), MemoryPart::Gradients.about())
        .without(NOT_SHARDED);
    let (bytes, why) = if setup.weights.format.bits == 32 {
        (8, "AdamW: two FP32 moments")
    } else {
        (12, "AdamW: FP32 master weights and two FP32 moments")
    };
    let each = Quantity::assumed("state_bytes", bytes, why);
    let optimizer = count()
        .times(N::input(&each))
        .named(MemoryPart::Optimizer.label(), MemoryPart::Optimizer.about())
        .without(NOT_SHARDED);
    (gradients, optimizer)
}
