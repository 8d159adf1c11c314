//! Memory of the layers of an encoder beside a decoder.

use super::kept::Keeper;
use super::layer_memory::{KindMemory, LayerMemory};
use super::plan::TrainingPlan;
use crate::scenario::Recompute;
use crate::units::Number;

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
