//! What norms keep.

use super::{Keeper, Seen};
use crate::model::autograd::NormForm;
use crate::model::operator::{Block, Kind, Norm, Operator, Step};
use crate::scenario::Recompute;
use crate::scenario::training::Framework;
use crate::units::{Number, Quantity};

impl Keeper<'_> {
    pub(super) fn norm_block<N: Number>(&self, block: &Block, seen: &mut Seen) -> N {
        let norms = block.operators.iter().filter_map(|operator| match &operator.kind {
            Kind::Elementwise {
                width,
                step: Step::Norm(norm),
                ..
            } => Some((operator, width, *norm)),
            _ => None,
        });
        let mut parts = Vec::new();
        for (operator, width, norm) in norms {
            parts.push(self.outer(self.norm(operator, width, norm, true, seen)));
        }
        N::sum(parts).named(block.title, "What the backward pass of this norm needs.")
    }

    /// A norm: its input, what it was scaled by, the result before the weight.
    pub(super) fn norm<N: Number>(
        &self,
        operator: &Operator,
        width: &Quantity,
        norm: Norm,
        residual: bool,
        seen: &mut Seen,
    ) -> N {
        let elements = || N::input(width);
        let vector = operator.tensors.first().and_then(|tensor| tensor.dims.last());
        let rows = || match vector {
            Some(one) if one.value > 0 && one.value < width.value => N::input(width).over(N::input(one)),
            _ => N::constant(1.0),
        };
        let weight = || vector.map_or_else(N::zero, N::input);
        let wide = self.plan.autocasts() && (residual || self.class().norms_rotated) || self.element() == 4;
        let cast = self.plan.is_under_autocast() && !self.plan.autocasts();
        let input = if wide { 4 } else { 2 };
        let frozen = self.plan.adapters.is_some();
        let native = |shared: bool, roots: u64| {
            let own = if shared {
                N::zero()
            } else {
                self.each(input, elements())
            };
            own.plus(self.each(roots, rows()))
        };
        let layer = matches!(norm, Norm::Layer | Norm::LayerWithoutBias);
        let form = match self.plan.framework {
            _ if !self.plan.runs_python() => NormForm::Native,
            Framework::Litgpt => NormForm::Float,
            Framework::Torchtune => NormForm::Upcast,
            // Selective recomputation keeps products alone.
            Framework::Torchtitan if self.plan.recompute != Recompute::Selective => NormForm::Upcast,
            _ if !self.plan.runs_classes() => NormForm::Native,
            _ => self.class().norm,
        };
        if form == NormForm::Native && !self.plan.runs_classes() {
            return native(false, if norm == Norm::Rms { 4 } else { 8 });
        }
        let float = |bytes: u64, roots: u64| self.each(bytes, elements()).plus(self.each(roots, rows()));
        match (norm, form) {
            (Norm::Plain, _) => float(4, 8),
            (_, NormForm::CenteredFloat) => {
                float(if frozen { 8 } else { 12 }, 4).plus(N::constant(4.0).times(weight()))
            }
            _ if layer => {
                if cast {
                    // Autocast runs it in FP32, on a copy of its own.
                    return float(4, 8);
                }
                let shared = residual && std::mem::replace(&mut seen.residual, true);
                if self.plan.autocasts() && !residual {
                    // Of queries and keys as well, which come in 16 bits.
                    return float(4, 8);
                }
                native(shared, 8)
            }
            (_, NormForm::Native) => native(false, 4),
            (_, NormForm::Upcast) => float(
                match (frozen, wide) {
                    (true, _) => 4,
                    (false, true) => 8,
                    (false, false) => 6,
                },
                4,
            ),
            (_, NormForm::Scaled) => float(
                match (frozen, wide) {
                    (true, true) => 4,
                    (true, false) => 6,
                    (false, _) => 8,
                },
                4,
            ),
            (_, NormForm::Float) => float(if frozen { 4 } else { 8 }, 4),
            (_, NormForm::OnePlus) => float(if frozen { 4 } else { 8 }, 4).plus(N::constant(4.0).times(weight())),
            (_, NormForm::OnePlusPower) if operator.tensors.is_empty() => float(4, 8),
            (_, NormForm::OnePlusPower) => float(if frozen { 4 } else { 8 }, 8).plus(N::constant(4.0).times(weight())),
        }
    }
}
