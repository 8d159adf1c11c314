//! What is kept once for the model: before the layers, after them, and of the loss.

use super::{Keeper, Seen};
use crate::analysis::training::adapters::{adapts_block, low_rank};
use crate::model::autograd::AttentionForm;
use crate::model::operator::{Block, Kind, Role, Span, Step};
use crate::scenario::{AttentionKernel, Recompute};
use crate::units::Number;

impl Keeper<'_> {
    /// Of the blocks before the first layer, and of final norm and head.
    pub fn ends<N: Number>(&self, stem: bool, head: bool) -> N {
        let mut parts = Vec::new();
        let mut seen = Seen::default();
        if stem {
            let class = self.class();
            parts.push(self.after_tables());
            let linear = |block: &&Block| {
                block.role != Role::Embedding
                    || block
                        .operators
                        .iter()
                        .any(|operator| matches!(operator.kind, Kind::Linear { .. }))
            };
            // Layers that are computed again make their input need a gradient: the norm before them does too.
            let leads = self.checkpoints() && (class.counts_encoder || class.counts_pair);
            // Under adapters nothing before the first of them needs a gradient.
            let adapted = |block: &&Block| {
                let adapters = self.plan.adapters.as_ref();
                adapters.is_none() || (leads && block.role == Role::Norm) || adapts_block(adapters, block)
            };
            // Where tables are added up, their sum is another tensor than the rows of the tokens, which adapters' checkpoints keep.
            let tables = self.blueprint.stem.iter().filter(|block| block.role == Role::Embedding);
            let added = class.counts_encoder && tables.count() > 1;
            if class.changes_embedding || added {
                parts.push(self.rows_with_gradient());
            }
            {
                let blocks = self.blueprint.stem.iter().filter(linear).filter(adapted);
                for block in blocks {
                    seen.stream = false;
                    parts.push(if block.role == Role::Norm {
                        self.norm_block(block, &mut seen)
                    } else {
                        self.block(block, &mut seen)
                    });
                    seen.residual = false;
                }
            }
        }
        if stem {
            parts.push(self.encoder_ends());
        }
        if head {
            parts.push(self.head(&mut seen));
            if self.class().drops_end {
                parts.push(self.each(1, N::input(&self.blueprint.hidden)));
            }
        }
        N::sum(parts)
    }

    /// The rows of the token table under adapters beside layers that are computed again: they are made to need a gradient, and
    /// live on beside what is made of them.
    pub(super) fn rows_with_gradient<N: Number>(&self) -> N {
        if self.plan.adapters.is_some() && self.checkpoints() && self.plan.runs_classes() {
            self.each(self.element(), N::input(&self.blueprint.hidden))
        } else {
            N::zero()
        }
    }

    /// The mask of dropout after the token tables, where anything before it needs a gradient.
    pub(super) fn after_tables<N: Number>(&self) -> N {
        let reached = self.plan.adapters.is_none() || self.checkpoints();
        if self.plan.runs_classes() && self.class().drops_embedding && reached {
            self.each(1, N::input(&self.blueprint.hidden))
        } else {
            N::zero()
        }
    }

    /// Kept once for the whole model: rotary tables, positions, copies of weights under autocast.
    pub fn once<N: Number>(&self) -> N {
        let mut parts = Vec::new();
        let passes = self.plan.passes(self.blueprint) as f64;
        let rotated = self
            .blueprint
            .kinds
            .iter()
            .flat_map(|kind| &kind.blocks)
            .find_map(|block| {
                let rotates = block
                    .operators
                    .iter()
                    .any(|operator| matches!(operator.kind, Kind::Elementwise { step: Step::Rotary, .. }));
                block.attentions().next().filter(|_| rotates)
            });
        if let Some(attention) = rotated {
            let bytes = if self.plan.autocasts() {
                8.0
            } else {
                2.0 * self.element() as f64
            };
            let width = attention
                .latent
                .as_ref()
                .map_or(&attention.key_dim, |latent| &latent.rope);
            // Layers with windows rotate by tables of their own where an encoder has both.
            let sets = if self.class().counts_encoder && self.windowed().is_some() {
                2.0
            } else {
                1.0
            };
            parts.push(N::product([
                N::constant(bytes * passes * sets),
                N::input(&self.sequence),
                N::input(width),
            ]));
        }
        match self.plan.recompute {
            Recompute::Full => parts.push(N::constant(8.0 * passes).times(N::input(&self.sequence))),
            _ if self.plan.runs_classes() && !self.plan.is_eager() => {
                parts.push(N::constant(24.0 * passes).times(N::input(&self.blueprint.layers)));
            }
            _ => {}
        }
        if self.plan.autocasts() {
            parts.push(self.weight_copies());
        } else if let Some(adapters) = &self.plan.adapters
            && self.plan.is_under_autocast()
            && !self.checkpoints()
        {
            let all = low_rank::<N>(self.blueprint, adapters, |place| {
                (place.block.role != Role::Tower).then(|| place.times(N::constant(1.0)))
            });
            parts.push(N::constant(2.0).times(all));
        }
        if self.checkpoints() && self.plan.runs_classes() {
            parts.push(self.handed());
        }
        parts.push(self.between());
        N::sum(parts).named(
            "once",
            "Rotary tables, positions, and 16-bit copies of weights under autocast.",
        )
    }

    /// What layers that are computed again are handed beside their input: with written scores a mask for layers that see all and
    /// one for those with windows; the slice of what each layer adds, of a tensor for all of them.
    fn handed<N: Number>(&self) -> N {
        let mut parts = Vec::new();
        if self.plan.is_eager() || self.class().attention != AttentionForm::Fused {
            let spans = || {
                let blocks = self.blueprint.kinds.iter().flat_map(|kind| &kind.blocks);
                blocks
                    .flat_map(|block| block.attentions())
                    .map(|one| matches!(one.span, Span::Window(_) | Span::Chunk(_) | Span::Around(_)))
            };
            let masks = [true, false]
                .into_iter()
                .filter(|bounded| spans().any(|one| one == *bounded))
                // An encoder whose layers see all needs none.
                .filter(|bounded| *bounded || !self.class().counts_encoder);
            parts.push(N::product([
                N::constant((self.residual_bytes() * masks.count() as u64) as f64),
                N::input(&self.batch),
                N::input(&self.sequence),
                N::input(&self.sequence),
            ]));
        } else if self.masks_windows() {
            // Which tokens a window lets see, a byte each.
            parts.push(N::product([
                N::constant(self.plan.passes(self.blueprint) as f64),
                N::input(&self.sequence),
                N::input(&self.sequence),
            ]));
        }
        let stem = self.blueprint.stem.iter().flat_map(|block| &block.operators);
        let slices = stem.filter_map(|operator| match &operator.kind {
            Kind::Linear { output, .. } if operator.name == "per_layer_model_projection" => Some(output),
            _ => None,
        });
        parts.extend(slices.map(|row| self.each(self.element(), N::input(row))));
        N::sum(parts)
    }

    /// Whether the class of an encoder makes a mask for its windows.
    pub fn masks_windows(&self) -> bool {
        self.class().counts_encoder
            && self.plan.attention != AttentionKernel::Flash
            && self.windowed().is_some_and(|window| window <= self.plan.sequence)
    }

    /// The window of layers that see some of the tokens on both sides.
    fn windowed(&self) -> Option<u64> {
        let mut blocks = self.blueprint.kinds.iter().flat_map(|kind| &kind.blocks);
        blocks.find_map(|block| {
            block.attentions().find_map(|one| match &one.span {
                Span::Around(window) => Some(window.value),
                _ => None,
            })
        })
    }

    /// The 16-bit copy of every linear weight, which autocast keeps until the backward pass.
    pub(super) fn weight_copies<N: Number>(&self) -> N {
        let linear = self.blueprint.blocks().flat_map(|place| {
            let operators = place.block.operators.iter();
            let matrices = operators.filter(move |operator| {
                matches!(operator.kind, Kind::Linear { routing: None, .. } | Kind::Expand { .. })
                    && !operator.is_idle()
                    && place.block.needs_no_image()
                    && (!self.checkpoints() || !place.is_in_layer())
            });
            matrices.filter_map(move |operator| {
                let weight = operator.tensors.first()?;
                Some(place.times(weight.elements::<N>()))
            })
        });
        N::constant(2.0).times(N::sum(linear)).named(
            "copies of weights",
            "Autocast keeps the 16-bit copy of each linear weight.",
        )
    }
}
