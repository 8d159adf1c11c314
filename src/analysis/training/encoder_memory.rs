//! Memory of an encoder beside a decoder: its layers, and the gradients that are not made before its backward pass.

use super::adapters::low_rank;
use super::kept::Keeper;
use super::layer_memory::{KindMemory, LayerMemory};
use super::plan::TrainingPlan;
use crate::model::operator::Input;
use crate::model::{Blueprint, Component, Tensor};
use crate::scenario::Recompute;
use crate::units::{Number, Quantity};

/// The layers of an encoder beside a decoder, bytes.
#[derive(Clone, Debug)]
pub struct EncoderMemory<N> {
    /// Kept of all of them.
    pub kept: N,
    /// Made anew of the widest.
    pub again: N,
    /// All that the widest needs.
    pub whole: N,
}

impl<N: Number> EncoderMemory<N> {
    /// Of a plan; none without an encoder beside a decoder.
    pub fn of(plan: &TrainingPlan, keeper: &Keeper<'_>, each: &LayerMemory<N>) -> Option<Self> {
        let most = |of: fn(&KindMemory<N>) -> &N| {
            let all = each.encoder.iter().map(|(one, _)| of(one).clone());
            all.reduce(N::most)
        };
        let kept = each
            .encoder
            .iter()
            .map(|(one, count)| N::input(count).times(one.kept.clone()));
        let mut kept = N::sum(kept);
        if plan.adapters.is_some() && plan.recompute != Recompute::Full {
            kept = kept.minus(keeper.encoder_spared());
        }
        Some(Self {
            kept,
            again: most(|one| &one.again)?,
            whole: most(|one| &one.whole)?,
        })
    }
}

/// Gradients of an encoder's weights on a rank, or of the adapters beside them.
pub fn encoder_gradients<N: Number>(plan: &TrainingPlan, blueprint: &Blueprint) -> N {
    let elements = match &plan.adapters {
        Some(adapters) => low_rank::<N>(blueprint, adapters, |place| {
            (place.block.input == Input::Encoder).then(|| place.times(N::constant(1.0)))
        }),
        None => {
            let tensors = blueprint.tensors();
            let trained = |tensor: &Tensor| tensor.is_parameter() && !blueprint.autograd.freezes(&tensor.name);
            let own = tensors.filter(|(_, tensor)| tensor.component == Component::Encoder && trained(tensor));
            N::sum(own.map(|(place, tensor)| place.stored(tensor, tensor.elements::<N>())))
        }
    };
    let bytes = N::constant(plan.bytes.gradient as f64).times(elements);
    match plan.gradient_shards() {
        1 => bytes,
        among => bytes.over(N::input(&Quantity::choice("ranks that shard it", among, "Hardware"))),
    }
}
