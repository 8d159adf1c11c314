//! What selective recomputation keeps where it chooses operators, not layers.

use super::Keeper;
use crate::model::Component;
use crate::model::blueprint::LayerKind;
use crate::model::operator::Kind;
use crate::units::{Number, Quantity};

impl Keeper<'_> {
    /// Results that torchtitan keeps of a layer: of every second matrix product from the first on, and of attention with its
    /// log-sum-exp; with tensor parallelism also what was summed over the group. Routers and grouped products run again.
    ///
    /// Source: torchtitan `distributed/activation_checkpoint.py`, `SelectiveAC`.
    pub(super) fn chosen<N: Number>(&self, kind: &LayerKind) -> N {
        let mut parts = Vec::new();
        let mut products = 0_u64;
        let mut sums = 0_u64;
        for operator in kind.blocks.iter().flat_map(|block| &block.operators) {
            match &operator.kind {
                Kind::Linear {
                    output, routing: None, ..
                } if operator.component != Component::Router => {
                    let sharing = operator.tensors.first().map(|tensor| tensor.sharding);
                    if self.plan.sequence_parallel && sharing == Some(crate::model::Sharding::Rows) {
                        sums += 1;
                    }
                    if products.is_multiple_of(2) {
                        parts.push(self.shared(self.each(self.element(), N::input(output))));
                    }
                    products += 1;
                }
                Kind::Attention(attention) => {
                    let heads = || N::input(&attention.heads);
                    let output = self.each(self.element(), heads().times(N::input(&attention.value_dim)));
                    parts.push(self.shared(output.plus(self.each(4, heads()))));
                }
                _ => {}
            }
        }
        if sums > 0 {
            let summed = N::input(&Quantity::assumed("summed over the group", sums, "results a layer"));
            let each = self.each(self.element(), N::input(&self.blueprint.hidden));
            parts.push(self.shared(summed.times(each)));
        }
        N::sum(parts).named(
            "chosen results",
            "Every second product and attention's output; all else is computed again.",
        )
    }
}
