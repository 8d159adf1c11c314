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
        let cross = attention.span == Span::Cross;
        // Of an encoder there are as many keys and values as it read tokens.
        let reader;
        let keyed = if cross {
            reader = self.reader();
            &reader
        } else {
            self
        };
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
        if self.writes_scores() {
            let selective = !own && self.plan.recompute == Recompute::Selective;
            let base = if cross {
                queries()
            } else if own && class.counts_encoder {
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
            if cross {
                kept = kept.plus(keyed.each(element, all_keys().plus(all_values())));
            }
            if float {
                kept = kept.plus(self.each(element, queries().plus(all_keys())));
            }
            let each = match class.attention {
                AttentionForm::EagerSink if own => element,
                _ if own && self.softens_in_half() => {
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
                input(&keyed.sequence),
                N::constant(each as f64),
            ]);
            let mut kept = self.shared(kept.plus(scores)).plus(normed);
            if own && class.adds_positions {
                kept = kept.plus(self.positions(attention));
            }
            return (kept, false);
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
        let mut kept = if cross {
            let queries = self.each(element, queries().plus(output()));
            queries.plus(keyed.each(element, keys().plus(values())))
        } else if efficient && !near {
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
        if own && class.adds_positions {
            kept = kept.plus(self.positions(attention));
        }
        (kept.plus(normed), !joined)
    }

    /// Whether scores are written to memory.
    fn writes_scores(&self) -> bool {
        self.plan.is_eager() || self.plan.runs_classes() && self.class().attention != AttentionForm::Fused
    }

    /// Whether their softmax is in 16 bits; autocast runs every one in FP32.
    fn softens_in_half(&self) -> bool {
        self.class().halves_scores && !self.plan.is_under_autocast()
    }

    /// Gradients of written scores, before the softmax and after it.
    pub fn score_gradients<N: Number>(&self, attention: &Attention) -> N {
        if !self.plan.runs_classes() || !self.writes_scores() {
            return N::zero();
        }
        // In FP32 those in 16 bits which were kept are gone by then; of an encoder the copy behind the softmax is, too.
        let each = match (self.class().counts_encoder, self.softens_in_half()) {
            (true, true) => 2,
            (true, false) => 5,
            (false, true) => 2 * self.element(),
            (false, false) => 6,
        };
        let keys = if attention.span == Span::Cross {
            &self.read
        } else {
            &self.sequence
        };
        self.each(each, N::input(&attention.heads).times(N::input(keys)))
    }

    /// Whether queries, keys and values are parts of one product which no copy for more heads takes apart (LitGPT).
    fn splits_one_matrix(&self, attention: &Attention) -> bool {
        self.plan.framework == Framework::Litgpt && attention.heads.value == attention.kv_heads.value
    }
}
