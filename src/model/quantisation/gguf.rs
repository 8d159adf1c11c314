//! A mix laid over a model: which of its tensors gets which type in how many layers.

use strum::IntoEnumIterator;

use super::super::blueprint::{Blueprint, Repeated};
use super::super::operator::{Attention, Kind};
use super::super::tensor::Tensor;
use super::Part;
use super::class::{Class, class};
use super::ggml::GgmlType;
use super::mix::{Condition, Mix};
use super::rules::Facts;
use crate::units::Quantity;

/// What the quantiser counts layers by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Counter {
    /// The layer's own number.
    Layer,
    /// Layers with a matrix of values, in order.
    Value,
    /// Matrices down, in order: dense or routed.
    Down,
    /// The same, at shared experts.
    SharedDown,
}

const COUNTERS: usize = 4;
const CONDITIONS: usize = 6;

/// For one kind of layer: in how many layers each condition holds, by each counter.
type Counts = [[u64; CONDITIONS]; COUNTERS];

/// A mix with everything its rules ask of a model.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    mix: Mix,
    facts: Facts,
    /// Whether llama.cpp joins queries, keys and values which the checkpoint, or this blueprint, keeps apart.
    fused: bool,
    /// Heads, width without position and width of a value of latent attention.
    latent: Option<[Quantity; 3]>,
    counts: Vec<Counts>,
}

impl Plan {
    /// Works out what the rules of a mix need to know of a model.
    pub fn new(mix: Mix, blueprint: &Blueprint) -> Self {
        let fused = blueprint.model_type == "phi3";
        Self {
            mix,
            facts: facts(blueprint),
            fused,
            latent: latent(blueprint),
            counts: count(blueprint, fused),
        }
    }

    /// The mix.
    pub const fn mix(&self) -> Mix {
        self.mix
    }

    /// The types of a tensor, each with its number of layers. None for towers, which go into a file of their own.
    pub fn parts<'a>(&'a self, place: Repeated<'_>, tensor: &'a Tensor) -> Vec<Part<'a>> {
        // llama.cpp keeps towers in a projector file (mmproj).
        if tensor.is_of_tower() {
            return Vec::new();
        }
        let class = class(tensor, self.fused);
        if class == Class::LatentExpansion
            && let Some(halves) = self.halves(tensor)
        {
            let layers = place.copies(tensor);
            return halves
                .into_iter()
                .map(|half| {
                    let row = half.inner().map_or(0, |inner| inner.value);
                    let kind = self.mix.rule(Class::Other, &self.facts, row, true).otherwise;
                    Part::owned(half, kind.format(), layers)
                })
                .collect();
        }
        let row = tensor.inner().map_or(0, |inner| inner.value);
        let rule = self.mix.rule(class, &self.facts, row, tensor.copies.is_some());
        let all = place.copies(tensor);
        let mut left = all;
        let mut parts: Vec<(GgmlType, u64)> = Vec::with_capacity(rule.when.len() + 1);
        let counter = self.counter(class);
        let counts = place.kind.and_then(|kind| self.counts.get(kind));
        let mut before = 0;
        for (condition, kind) in rule.when {
            let holds = counts.map_or(0, |counts| at(counts, counter, condition));
            // Each condition implies the next: what it adds are the layers not taken before.
            let layers = holds.saturating_sub(before).min(left);
            before = before.max(holds);
            left -= layers;
            parts.push((kind, layers));
        }
        parts.push((rule.otherwise, left));
        parts
            .into_iter()
            .filter(|&(_, layers)| layers > 0)
            .map(|(kind, layers)| Part::borrowed(tensor, kind.format(), layers))
            .collect()
    }

    /// By what the layers of a class are counted.
    const fn counter(&self, class: Class) -> Counter {
        let low = matches!(
            self.mix,
            Mix::IQ1_S | Mix::IQ1_M | Mix::IQ2_XXS | Mix::IQ2_XS | Mix::IQ2_S | Mix::IQ2_M
        );
        match class {
            Class::Value => Counter::Value,
            // With experts the layer's own number counts, but not for the smallest mixes.
            Class::Down if low || self.facts.experts <= 1 => Counter::Down,
            Class::SharedDown if low || self.facts.experts <= 1 => Counter::SharedDown,
            _ => Counter::Layer,
        }
    }

    /// The expansion of a latent as the two tensors llama.cpp keeps: keys turned over, values.
    fn halves(&self, tensor: &Tensor) -> Option<[Tensor; 2]> {
        let [heads, nope, value] = self.latent.as_ref()?;
        let rank = tensor.inner()?;
        let half = |name: &'static str, outer: &Quantity, inner: &Quantity| Tensor {
            dims: vec![heads.clone(), outer.clone(), inner.clone()],
            name: name.into(),
            ..tensor.clone()
        };
        Some([
            half("self_attn.k_b_proj.weight", rank, nope),
            half("self_attn.v_b_proj.weight", value, rank),
        ])
    }
}

fn at(counts: &Counts, counter: Counter, condition: Condition) -> u64 {
    counts
        .get(counter as usize)
        .and_then(|row| row.get(condition as usize))
        .copied()
        .unwrap_or(0)
}

/// The first attention of the language model.
fn attention(blueprint: &Blueprint) -> Option<&Attention> {
    let first = blueprint.layout.kind_at(0).and_then(|kind| blueprint.kinds.get(kind));
    let layers = first.into_iter().chain(&blueprint.kinds);
    layers
        .flat_map(|kind| &kind.blocks)
        .find_map(|block| block.attentions().next())
}

fn latent(blueprint: &Blueprint) -> Option<[Quantity; 3]> {
    let attention = attention(blueprint)?;
    let latent = attention.latent.as_ref()?;
    Some([
        attention.heads.clone(),
        latent.nope.clone(),
        attention.value_dim.clone(),
    ])
}

fn facts(blueprint: &Blueprint) -> Facts {
    let heads = attention(blueprint).map(|one| match one.latent {
        // One latent head serves all query heads.
        Some(_) => (one.heads.value, 1),
        None => (one.heads.value, one.kv_heads.value),
    });
    let experts = blueprint
        .blocks()
        .flat_map(|place| &place.block.operators)
        .find_map(|operator| match &operator.kind {
            Kind::Linear {
                routing: Some(routing), ..
            } => Some(routing.experts.value),
            _ => None,
        });
    let kind = blueprint.model_type.as_str();
    // Told apart by its 80 layers; of the Llamas the one without shared heads is the old 65B.
    let seventy = blueprint.layers.value == 80
        && match kind {
            "llama" | "mistral" | "nemotron-nas" => heads.is_some_and(|(queries, kv)| queries != kv),
            "qwen2" => true,
            _ => false,
        };
    Facts {
        gqa: heads.map_or(0, |(queries, kv)| queries.checked_div(kv).unwrap_or(0)),
        experts: experts.unwrap_or(0),
        seventy,
        falcon: kind == "falcon",
        tied: blueprint.tied,
    }
}

/// Walks the layers once, run by run, and counts for each kind.
fn count(blueprint: &Blueprint, fused: bool) -> Vec<Counts> {
    let classes = |kind: usize| {
        let blocks = blueprint.kinds.get(kind).map(|kind| kind.blocks.as_slice());
        let tensors = blocks.unwrap_or_default().iter().flat_map(|block| block.tensors());
        let mut has = [0; 3];
        let [value, down, shared] = &mut has;
        for tensor in tensors.filter(|tensor| !tensor.is_of_tower()) {
            match class(tensor, fused) {
                Class::Value => *value = 1,
                Class::Down => *down = 1,
                Class::SharedDown => *shared = 1,
                _ => {}
            }
        }
        has
    };
    let kinds: Vec<[u64; 3]> = (0..blueprint.kinds.len()).map(classes).collect();
    let layers = blueprint.layers.value;
    // Layers that hold values in whatever form; only those with values of their own are counted through.
    let with_values: u64 = blueprint
        .kinds
        .iter()
        .filter(|kind| {
            kind.blocks.iter().flat_map(|block| block.tensors()).any(|tensor| {
                matches!(
                    class(tensor, fused),
                    Class::Value | Class::FusedQueryKeyValue | Class::LatentExpansion
                )
            })
        })
        .map(|kind| kind.count.value)
        .sum();
    let mut counts = vec![Counts::default(); kinds.len()];
    let (mut layer, mut value, mut down) = (0, 0, 0);
    for group in &blueprint.layout.groups {
        for &(kind, run) in (0..group.repeat).flat_map(|_| &group.runs) {
            let (Some(&[has_value, has_down, has_shared]), Some(counts)) = (kinds.get(kind), counts.get_mut(kind))
            else {
                continue;
            };
            let each = has_down + has_shared;
            for step in 0..run {
                let positions = [
                    (layer + step, layers),
                    (value + step * has_value, with_values),
                    (down + step * each, layers),
                    (down + step * each + has_down, layers),
                ];
                for (row, (index, of)) in counts.iter_mut().zip(positions) {
                    for (count, condition) in row.iter_mut().zip(Condition::iter()) {
                        *count += u64::from(condition.holds(index, of));
                    }
                }
            }
            layer += run;
            value += run * has_value;
            down += run * each;
        }
    }
    counts
}
