//! What linear layers and the functions between them keep.

use super::{Keeper, Seen, Source};
use crate::analysis::training::adapters::{adapts, inputs_of};
use crate::model::Component;
use crate::model::autograd::ActivationForm;
use crate::model::operator::{Block, Operator, Routing};
use crate::scenario::training::Framework;
use crate::units::{Number, Quantity};

impl Keeper<'_> {
    /// The input of a linear layer: kept for the gradient of its weight, once for all layers that read it.
    pub(super) fn linear<N: Number>(
        &self,
        block: &Block,
        operator: &Operator,
        input: &Quantity,
        routing: Option<&Routing>,
        source: Source,
        seen: &mut Seen,
    ) -> N {
        let width = || match routing {
            Some(routing) => N::input(&routing.top_k).times(N::input(input)),
            None => N::input(input),
        };
        let split = |value: N| match source {
            Source::Stream => self.outer(value),
            Source::Inner(_) => self.shared(value),
        };
        if let Some(adapters) = &self.plan.adapters {
            // LitGPT's 4-bit products keep their input (bitsandbytes `MatMul4Bit` of its time).
            let packed = self.plan.framework == Framework::Litgpt && self.plan.is_quantised();
            if !adapts(adapters, block, operator) {
                let read = packed && operator.component != Component::LmHead;
                return if read { self.each(2, width()) } else { N::zero() };
            }
            let (bytes, rank) = inputs_of(self.plan);
            // Torchtune's and Unsloth's adapters read the very tensor that the layer reads.
            let same = matches!(self.plan.framework, Framework::Torchtune | Framework::Unsloth);
            let known = same
                && match source {
                    Source::Stream => std::mem::replace(&mut seen.stream, true),
                    Source::Inner(at) if seen.inner.contains(&at) => true,
                    Source::Inner(at) => {
                        seen.inner.push(at);
                        false
                    }
                };
            let bytes = if known { 0 } else { bytes };
            let kept = self
                .each(bytes, width())
                .plus(self.each(rank, N::constant(adapters.rank as f64)));
            return split(kept);
        }
        let cast = self.plan.autocasts();
        let known = match (source, routing) {
            // Chosen experts read a copy of their own.
            (Source::Stream, Some(_)) => operator.name != "expert gate_proj" && self.has_gate(operator),
            (Source::Stream, None) => !cast && std::mem::replace(&mut seen.stream, true),
            (Source::Inner(at), _) if seen.inner.contains(&at) => true,
            (Source::Inner(at), _) => {
                seen.inner.push(at);
                false
            }
        };
        if known {
            return N::zero();
        }
        let element = if routing.is_some() {
            self.expert_element()
        } else {
            self.element()
        };
        split(self.each(element, width()))
    }

    /// Whether the router keeps an FP32 copy of its input; under autocast that is FP32 already, and cast for the product.
    pub(super) fn reads_float_copy(&self) -> bool {
        self.class().routes_in_float
            && self.plan.runs_classes()
            && self.plan.adapters.is_none()
            && !self.plan.autocasts()
    }

    /// Whether an expert's first matrix is not the one that reads first.
    pub(super) fn has_gate(&self, operator: &Operator) -> bool {
        operator.name == "expert up_proj"
            && self
                .blueprint
                .blocks()
                .any(|place| place.block.operators.iter().any(|one| one.name == "expert gate_proj"))
    }

    /// Outputs of the chosen experts, their weights and the order of their rows.
    pub(super) fn routed_output<N: Number>(&self, _: &Quantity, output: &Quantity, routing: Option<&Routing>) -> N {
        let Some(routing) = routing else { return N::zero() };
        let top = || N::input(&routing.top_k);
        let rows = top().times(N::input(output));
        self.each(self.expert_element(), rows).plus(self.each(26 + 12, top()))
    }

    /// Bytes of an element inside experts: autocast knows nothing of grouped products, which stay in FP32.
    pub(super) fn expert_element(&self) -> u64 {
        if self.plan.autocasts() { 4 } else { self.element() }
    }

    /// A nonlinearity and the product behind it; the product itself is kept by the layer that reads it.
    pub(super) fn activation<N: Number>(
        &self,
        component: Component,
        width: &Quantity,
        gated: bool,
        routing: Option<&Routing>,
    ) -> N {
        let element = if routing.is_some() {
            self.expert_element()
        } else {
            self.element()
        };
        let class = self.class();
        let own = self.plan.runs_classes();
        let python = self.plan.runs_python();
        let bytes = match component {
            Component::Mlp | Component::Experts | Component::SharedExperts => {
                match (gated, python, class.activation) {
                    (true, true, _) if own && class.clamps_gate => 6 * element,
                    (true, true, _) => 3 * element,
                    // Fused kernels compute the nonlinearity again; a compiler also the product.
                    (true, false, _) if self.plan.compiled => element,
                    (true, false, _) => 2 * element,
                    (false, true, ActivationForm::WrittenOut) if own && self.plan.is_under_autocast() => 14,
                    (false, true, ActivationForm::WrittenOut) if own => 4 * element,
                    (false, true, ActivationForm::Xielu) if own => 4 * element + 1,
                    (false, true, ActivationForm::Quick) if own => 2 * element,
                    (false, _, _) => element,
                }
            }
            _ if own && class.gates_in_place => element,
            // A gate on the output of attention: its sigmoid and what it scales.
            _ => 2 * element,
        };
        let width = match routing {
            Some(routing) => N::input(&routing.top_k).times(N::input(width)),
            None => N::input(width),
        };
        self.shared(self.each(bytes, width))
    }
}
