//! What the ranks of a run send each other in a step.
//!
//! Ring algorithms: an all-reduce over N moves 2(N−1)/N of the data, an all-gather or reduce-scatter (N−1)/N. Sources:
//! Rajbhandari 2020 (arXiv 1910.02054) section 7 for ZeRO, Shoeybi 2019 (arXiv 1909.08053) and Korthikanti 2022 for tensor and
//! sequence parallelism, Liu 2023 (arXiv 2310.01889) for rings over a sequence, Lepikhin 2020 (arXiv 2006.16668) for experts.

use serde::Serialize;

use super::links::Links;
use super::plan::TrainingPlan;
use super::states::States;
use crate::model::Blueprint;
use crate::model::operator::Kind;
use crate::scenario::Recompute;
use crate::scenario::training::{TrainingPrecision, Zero};
use crate::units::Exact;

/// Why ranks talk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Traffic {
    /// Gradients and sharded weights.
    Data,
    /// Sums over the tensor group.
    Tensor,
    /// The same with sequence parallelism: gathers and scatters.
    Sequence,
    /// Tokens to their experts and back.
    Expert,
    /// Keys and values around the ring of a sequence.
    Context,
    /// Activations between stages.
    Pipeline,
}

impl Traffic {
    /// In words.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Data => "Gradients and weights",
            Self::Tensor => "Tensor parallel",
            Self::Sequence => "Sequence parallel",
            Self::Expert => "Tokens to experts",
            Self::Context => "Keys and values of other tokens",
            Self::Pipeline => "Between stages",
        }
    }
}

/// Traffic of a rank in an optimizer step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Communication {
    /// Why.
    pub traffic: Traffic,
    /// Bytes sent.
    pub bytes: f64,
    /// Seconds at the rate of the links.
    pub seconds: f64,
    /// Seconds that nothing hides.
    pub exposed: f64,
}

/// All of a step of a rank that holds so many bytes; `layers` are those of its stage.
pub fn communication(
    plan: &TrainingPlan,
    blueprint: &Blueprint,
    states: &States<Exact>,
    layers: u64,
    links: &Links,
) -> Vec<Communication> {
    let mut all = Vec::new();
    let mut add = |traffic, bytes: f64, rate: f64| {
        if bytes > 0.0 {
            let seconds = bytes / rate;
            all.push(Communication {
                traffic,
                bytes,
                seconds,
                exposed: 0.0,
            });
        }
    };
    let share = |group: u64| (group.saturating_sub(1)) as f64 / group.max(1) as f64;
    let batches = plan.accumulation as f64;
    let tokens = plan.rank_tokens() as f64;
    let hidden = blueprint.hidden.value as f64;
    let layers = layers as f64;
    let element = plan.activation_bytes() as f64;
    // Data parallelism.
    let replicas = plan.data.saturating_mul(plan.context);
    let trained = states.trainable.0 as f64;
    let inner = plan.tensor;
    let gradient = plan.bytes.gradient.min(if plan.precision == TrainingPrecision::Fp32 {
        4
    } else {
        2
    }) as f64;
    let whole_weights = (states.unit.0 as f64 * layers + states.root.0 as f64) / 2.0;
    if replicas > 1 {
        let shard = plan.shard_group.min(replicas);
        let rate = links.rate(replicas, inner);
        let group = links.rate(shard, inner);
        let bytes = match plan.zero {
            Zero::None => 2.0 * share(replicas) * trained * gradient,
            Zero::States | Zero::Gradients => share(replicas) * trained * (gradient + 2.0),
            Zero::Weights => 0.0,
        };
        add(Traffic::Data, bytes, rate);
        if plan.zero == Zero::Weights {
            // Gathered for the forward and for the backward pass, in 16 bits.
            let gathers = share(shard) * batches * 2.0 * whole_weights * 2.0;
            let scatters = share(shard) * batches * trained * gradient;
            let across = replicas / shard.max(1);
            let reduce = 2.0 * share(across) * trained * gradient / shard.max(1) as f64;
            add(Traffic::Data, gathers + scatters, group);
            add(Traffic::Data, reduce, rate);
        }
    }
    if plan.tensor > 1 {
        let passes = if plan.recompute == Recompute::Full { 6.0 } else { 4.0 };
        let sums = passes + if plan.sequence_parallel { 1.0 } else { 0.0 };
        let bytes = batches * layers * sums * 2.0 * share(plan.tensor) * tokens * hidden * element;
        let traffic = if plan.sequence_parallel {
            Traffic::Sequence
        } else {
            Traffic::Tensor
        };
        add(traffic, bytes, links.rate(plan.tensor, 1));
    }
    if plan.expert > 1 {
        let routed = routed_layers(blueprint);
        let passes = if plan.recompute == Recompute::Full { 6.0 } else { 4.0 };
        let outer = if plan.sequence_parallel {
            plan.tensor as f64
        } else {
            1.0
        };
        let each = tokens / outer * hidden * element;
        let (mut bytes, mut seconds) = (0.0, 0.0);
        for (top, count) in routed {
            let times = batches * passes * count as f64 * layers / blueprint.layers.value.max(1) as f64;
            bytes += times * top as f64 * each * share(plan.expert);
            seconds += times * links.scatter(plan.expert, top, each);
        }
        add(Traffic::Expert, bytes, bytes / seconds.max(1e-12));
    }
    if plan.context > 1 {
        let widths: f64 = kv_widths(blueprint) * layers / blueprint.layers.value.max(1) as f64;
        let steps = (plan.context - 1) as f64;
        let bytes = batches * 3.0 * steps * tokens * widths * element / plan.tensor as f64;
        add(Traffic::Context, bytes, links.rate(plan.context, inner));
    }
    if plan.pipeline > 1 {
        let split = if plan.sequence_parallel {
            plan.tensor as f64
        } else {
            1.0
        };
        let bytes = batches * 2.0 * plan.virtual_stages as f64 * tokens * hidden * element / split;
        add(
            Traffic::Pipeline,
            bytes,
            links.rate(
                plan.pipeline,
                inner.saturating_mul(plan.context).saturating_mul(plan.data),
            ),
        );
    }
    all
}

/// Experts a token uses, and in how many layers.
fn routed_layers(blueprint: &Blueprint) -> Vec<(u64, u64)> {
    let kinds = blueprint.kinds.iter().filter_map(|kind| {
        let operators = kind.blocks.iter().flat_map(|block| &block.operators);
        let top = operators.filter_map(|operator| match &operator.kind {
            Kind::Linear {
                routing: Some(routing), ..
            } => Some(routing.top_k.value),
            _ => None,
        });
        Some((top.max()?, kind.count.value))
    });
    kinds.collect()
}

/// Elements of keys and values a token, all layers together.
fn kv_widths(blueprint: &Blueprint) -> f64 {
    let places = blueprint.blocks().filter(|place| place.block.needs_no_image());
    let widths = places.map(|place| {
        let each = place.block.attentions().map(|attention| {
            attention.kv_heads.value as f64 * (attention.key_dim.value as f64 + attention.value_dim.value as f64)
        });
        each.sum::<f64>() * place.repeats() as f64
    });
    widths.sum()
}
