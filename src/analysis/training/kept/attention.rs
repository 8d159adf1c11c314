//! What attention keeps, by its kernel.

use super::Keeper;
use crate::model::autograd::AttentionForm;
use crate::model::operator::{Attention, Span};
use crate::scenario::training::Framework;
use crate::scenario::{AttentionKernel, Recompute};
use crate::units::Number;

impl Keeper<'_> {
    /// Attention: queries, keys, values and output, or the scores; and whether the output is among what is kept.
    pub(super) fn attention<N: Number>(&self, attention: &Attention, fused: bool, rotates: bool) -> (N, bool) {
        let element = self.element();
        let class = self.class();
        let own = self.plan.runs_classes();
        let input = N::input;
        let heads = || input(&attention.heads);
        let queries = || heads().times(input(&attention.key_dim));
        let keys = || input(&attention.kv_heads).times(input(&attention.key_dim));
        let values = || input(&attention.kv_heads).times(input(&attention.value_dim));
        let output = || heads().times(input(&attention.value_dim));
        // One head for all is no copy: every query reads the same.
        let single = attention.kv_heads.value == 1;
        let all_keys = || if single { keys() } else { queries() };
        let all_values = || match &attention.latent {
            // Values are a view of what the latent was expanded to.
            Some(latent) => heads().times(input(&latent.nope).plus(input(&attention.value_dim))),
            None if single => values(),
            None => output(),
        };
        let normed = if own && class.norms_values {
            self.each(4, values()).plus(self.each(8, input(&attention.kv_heads)))
        } else {
            N::zero()
        };
        let eager = self.plan.is_eager() || own && class.attention != AttentionForm::Fused;
        if eager {
            let selective = !own && self.plan.recompute == Recompute::Selective;
            let base = if own && class.counts_encoder {
                N::sum([queries(), all_keys(), all_values()])
            } else if fused && !rotates && own && !class.copies_values {
                queries().plus(keys()).plus(values())
            } else if fused && own && !class.copies_values {
                N::sum([queries(), keys(), queries(), keys(), values()])
            } else {
                N::sum([queries(), all_keys(), all_values()])
            };
            let float = class.attention == AttentionForm::EagerFloat && !self.plan.autocasts() && own;
            let mut kept = self.each(element, base);
            if float {
                kept = kept.plus(self.each(element, queries().plus(all_keys())));
            }
            let each = match class.attention {
                AttentionForm::EagerSink if own => element,
                // Under autocast the softmax of an encoder is FP32 all the same.
                _ if own && class.counts_encoder && class.halves_scores && self.plan.is_under_autocast() => {
                    4 + 2 + u64::from(class.drops_attention)
                }
                _ if own && class.halves_scores => {
                    if class.drops_attention {
                        2 * element + 1
                    } else {
                        element
                    }
                }
                _ if own => {
                    let caps = if class.caps_scores { element } else { 0 };
                    4 + element + caps + u64::from(class.drops_attention)
                }
                // Softmax, dropout's mask and its result (Korthikanti 2022, section 4.1).
                _ if selective => 0,
                _ => 5,
            };
            let scores = N::product([
                input(&self.batch),
                heads(),
                input(&self.sequence),
                input(&self.sequence),
                N::constant(each as f64),
            ]);
            return (self.shared(kept.plus(scores)).plus(normed), false);
        }
        let masked = own && class.always_masks && self.plan.attention != AttentionKernel::Flash
            || match &attention.span {
                Span::Window(window) | Span::Chunk(window) | Span::Around(window) => {
                    own && window.value <= self.plan.sequence && self.plan.attention != AttentionKernel::Flash
                }
                _ => false,
            };
        let efficient = masked
            || own
                && (attention.key_dim.value != attention.value_dim.value
                    || attention.key_dim.value > 256
                    || element == 4);
        let near = matches!(attention.span, Span::Around(_)) && fused && rotates;
        let mut kept = if efficient && !near {
            self.each(element, N::sum([queries(), all_keys(), all_values(), output()]))
        } else if (fused && own && !class.copies_values || self.splits_one_matrix(attention)) && rotates {
            // Values are a view of the one matrix' result, which stays whole.
            let whole = N::sum([queries(), keys(), values()]);
            self.each(element, N::sum([queries(), keys(), whole, output()]))
        } else {
            let repeats = self.plan.habits().repeats_heads && self.plan.runs_python();
            let (keys, values) = if repeats {
                (queries(), output())
            } else {
                (keys(), values())
            };
            // Values of a latent are a view of what it was expanded to.
            let values = match &attention.latent {
                Some(_) if own => all_values(),
                _ => values,
            };
            self.each(element, N::sum([queries(), keys, values, output()]))
        };
        // Heads of a latent are joined from two parts, one after the other.
        let joined = own && (class.copies_output || attention.latent.is_some() && !efficient);
        kept = self.shared(kept.plus(self.each(4, heads())));
        if masked {
            // A mask for each sequence, as transformers makes it; one for all in an encoder's layer that runs again.
            let sequences = if class.counts_encoder && self.checkpoints() {
                N::constant(1.0)
            } else {
                input(&self.batch)
            };
            let square = N::product([
                N::constant(element as f64),
                sequences,
                input(&self.sequence),
                input(&self.sequence),
            ]);
            kept = kept.plus(square);
        }
        (kept.plus(normed), !joined)
    }

    /// Whether queries, keys and values are parts of one product which no copy for more heads takes apart (LitGPT).
    fn splits_one_matrix(&self, attention: &Attention) -> bool {
        self.plan.framework == Framework::Litgpt && attention.heads.value == attention.kv_heads.value
    }
}
