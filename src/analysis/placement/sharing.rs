//! What a rank does of an operator: its part of weights, arithmetic, activations and cache.

use super::layout::Layout;
use super::shards::{ShardRule, kv_heads, of_weight};
use crate::analysis::memory::weight_of;
use crate::analysis::setup::Setup;
use crate::model::blueprint::Repeated;
use crate::model::operator::{Kind, Operator, Role};
use crate::model::{Component, TensorKind};
use crate::units::Number;

/// Parts of a rank, as shares of the whole operator for the same sequences.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OperatorShare {
    /// Of its arithmetic.
    pub work: f64,
    /// Of the activations read and written.
    pub activations: f64,
    /// Of the cache or state read and written.
    pub cache: f64,
}

impl OperatorShare {
    const WHOLE: Self = Self {
        work: 1.0,
        activations: 1.0,
        cache: 1.0,
    };
}

impl ShardRule {
    /// The part that a rank of so many holds.
    fn of_rank(self, ranks: f64) -> f64 {
        match self {
            Self::Copied | Self::Sequences => 1.0,
            Self::Split => 1.0 / ranks,
            Self::Heads(heads) => 1.0 / ranks.min(heads as f64),
        }
    }
}

/// Weights of an operator that one rank holds, bytes in all its layers, and its part of the work.
///
/// The rules are those by which memory is placed, so that what is read is what lies there.
pub fn share_of<N: Number>(setup: &Setup, place: Repeated<'_>, operator: &Operator) -> (N, OperatorShare) {
    let layout: Layout = setup.layout;
    let ranks = layout.tensor.max(1) as f64;
    let own = layout.attention_dp;
    let alone = own && place.block.role == Role::TokenMixer;
    let heads = kv_heads(place);
    let (mut all, mut held) = (0.0, 0.0);
    let mut weights = Vec::new();
    for tensor in operator.tensors.iter().filter(|one| one.kind != TensorKind::Buffer) {
        let bytes = weight_of::<N>(setup, place, tensor);
        let share = of_weight(tensor, alone, heads).of_rank(ranks);
        all += bytes.value();
        held += bytes.value() * share;
        weights.push(if share < 1.0 {
            bytes.over(N::constant(1.0 / share))
        } else {
            bytes
        });
    }
    let weights = N::sum(weights);
    if ranks <= 1.0 {
        return (weights, OperatorShare::WHOLE);
    }
    let one = 1.0 / ranks;
    // With sequences of its own a rank sees its part of the rows, wherever the weights are whole.
    let rows = if own { one } else { 1.0 };
    let even = OperatorShare {
        work: one,
        activations: one,
        cache: one,
    };
    let share = match &operator.kind {
        Kind::Linear { .. } | Kind::Expand { .. } if alone => even,
        Kind::Linear { .. } | Kind::Expand { .. } => {
            let sliced = if all > 0.0 { held / all } else { one };
            let part = if sliced < 1.0 { sliced } else { rows };
            OperatorShare {
                work: part,
                activations: part,
                cache: part,
            }
        }
        Kind::Elementwise { .. } => {
            let whole = matches!(operator.component, Component::Norm | Component::Router) && !own;
            if whole { OperatorShare::WHOLE } else { even }
        }
        Kind::Attention(attention) => OperatorShare {
            cache: match (own, &attention.latent) {
                (true, _) => one,
                // Every head needs the whole latent.
                (false, Some(_)) if setup.keeps_latent() => 1.0,
                (false, _) => 1.0 / ranks.min(attention.kv_heads.value.max(1) as f64),
            },
            ..even
        },
        // Indexers are not divided by heads: each rank needs the same choice.
        Kind::Index(_) => OperatorShare {
            work: rows,
            activations: rows,
            cache: rows,
        },
        Kind::Lookup { .. } | Kind::Conv { .. } | Kind::Scan(_) | Kind::Idle => even,
    };
    (weights, share)
}
