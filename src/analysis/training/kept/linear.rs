//! What linear layers and the functions between them keep.

use super::{Flow, Keeper, Seen, Source, place_of};
use crate::analysis::training::adapters::{adapts, inputs_of};
use crate::analysis::training::plan::Adapters;
use crate::model::Component;
use crate::model::autograd::ActivationForm;
use crate::model::blueprint::LayerKind;
use crate::model::operator::{Block, Kind, Operator, Role, Routing, Step};
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
            Source::Stream | Source::Encoder => self.outer(value),
            Source::Inner(_) => self.shared(value),
        };
        if let Some(adapters) = &self.plan.adapters {
            let read = if self.holds_packed_input(operator) && !self.is_known(source, seen) {
                split(self.each(2, width()))
            } else {
                N::zero()
            };
            if !adapts(adapters, block, operator) {
                return read;
            }
            let (bytes, rank) = inputs_of(self.plan);
            // LitGPT has one adapter for queries, keys and values.
            let joined = self.plan.framework == Framework::Litgpt
                && operator.component == Component::Projection
                && source == Source::Stream
                && std::mem::replace(&mut seen.adapter, true);
            // Torchtune's and Unsloth's adapters read the very tensor that the layer reads.
            let same = matches!(self.plan.framework, Framework::Torchtune | Framework::Unsloth);
            let known = joined || same && self.is_known(source, seen);
            let anew = source != Source::Stream && self.remakes_product(adapters, block, operator);
            let bytes = if known || anew { 0 } else { bytes };
            let kept = self
                .each(bytes, width())
                .plus(self.each(rank, N::constant(adapters.rank as f64)))
                .plus(self.padded(adapters, block, operator));
            return read.plus(split(kept));
        }
        let cast = self.plan.autocasts();
        let known = match (source, routing) {
            // Chosen experts read a copy of their own.
            (Source::Stream, Some(_)) => operator.name != "expert gate_proj" && self.has_gate(operator),
            (Source::Stream | Source::Encoder, None) if cast => false,
            _ => self.is_known(source, seen),
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

    /// What a mixer that is listed whole keeps: under adapters its frozen first and last product no input, and what stands
    /// beside them a copy of it.
    pub(super) fn beside_adapters<N: Number>(&self, block: &Block, kept: N) -> N {
        let Some(adapters) = &self.plan.adapters else {
            return kept;
        };
        let inputs = || {
            block.operators.iter().filter_map(|one| match &one.kind {
                Kind::Linear {
                    input, routing: None, ..
                } => Some((one, input)),
                _ => None,
            })
        };
        let ends = inputs().next().into_iter().chain(inputs().skip(1).last());
        let frozen = ends.map(|(_, input)| self.each(self.element(), N::input(input)));
        let (bytes, rank) = inputs_of(self.plan);
        let beside = inputs()
            .filter(|(one, _)| adapts(adapters, block, one))
            .map(|(_, input)| {
                let copy = self.each(bytes, N::input(input));
                copy.plus(self.each(rank, N::constant(adapters.rank as f64)))
            });
        kept.minus(N::sum(frozen)).plus(N::sum(beside))
    }

    /// Whether the backward pass makes what a gated MLP's last product reads anew.
    fn remakes_product(&self, adapters: &Adapters, block: &Block, operator: &Operator) -> bool {
        let inside = |one: &&Operator| one.component == Component::Mlp && matches!(one.kind, Kind::Linear { .. });
        self.plan.habits().remakes_product
            && operator.component == Component::Mlp
            && block.operators.iter().filter(inside).count() == 3
            && block
                .operators
                .iter()
                .filter(inside)
                .all(|one| adapts(adapters, block, one))
    }

    /// LitGPT puts what its adapter adds into a row of zeros for queries, keys and values, which keeps it, unless all three have
    /// one (`lora.py`, `LoRAQKVLinear.zero_pad`).
    fn padded<N: Number>(&self, adapters: &Adapters, block: &Block, operator: &Operator) -> N {
        let parts = || {
            block
                .operators
                .iter()
                .filter(|one| ["q_proj", "k_proj", "v_proj"].contains(&one.name))
        };
        let all = parts().all(|one| adapts(adapters, block, one));
        let here = parts().any(|one| std::ptr::eq(one, operator));
        match &operator.kind {
            Kind::Linear { output, .. } if self.plan.framework == Framework::Litgpt && here && !all => {
                self.each(2, N::input(output))
            }
            _ => N::zero(),
        }
    }

    /// Whether a tensor is kept already; from now on it is.
    fn is_known(&self, source: Source, seen: &mut Seen) -> bool {
        match source {
            Source::Stream => std::mem::replace(&mut seen.stream, true),
            // Kept once for all layers.
            Source::Encoder => true,
            Source::Inner(at) if seen.inner.contains(&at) => true,
            Source::Inner(at) => {
                seen.inner.push(at);
                false
            }
        }
    }

    /// Whether a product with packed weights keeps its input, though they need no gradient.
    fn holds_packed_input(&self, operator: &Operator) -> bool {
        self.plan.habits().holds_packed_inputs && self.plan.is_quantised() && operator.component != Component::LmHead
    }

    /// Inputs of the packed products of a layer, each tensor once: those of the micro-batch before, where they live on.
    pub fn packed_inputs<N: Number>(&self, kind: &LayerKind) -> N {
        let mut seen = Seen::default();
        let mut parts = Vec::new();
        for block in &kind.blocks {
            if block.role == Role::Norm {
                seen.stream = false;
                continue;
            }
            let mut flow = Flow::new();
            for operator in &block.operators {
                match &operator.kind {
                    Kind::Linear {
                        input, routing: None, ..
                    } => {
                        let from = flow.reads(place_of(block, operator), input, &self.blueprint.hidden);
                        if self.holds_packed_input(operator) && !self.is_known(from, &mut seen) {
                            parts.push(self.each(2, N::input(input)));
                        }
                    }
                    Kind::Attention(_) => {
                        flow.passes(&mut seen);
                        flow.after = Some(Component::Projection);
                    }
                    Kind::Elementwise { step, .. } => match step {
                        Step::Norm(_) => {
                            flow.passes(&mut seen);
                        }
                        Step::Activation | Step::GatedActivation => {
                            flow.passes(&mut seen);
                            flow.after = Some(operator.component);
                        }
                        _ => {}
                    },
                    _ => {}
                }
            }
        }
        N::sum(parts)
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
                    (true, true, ActivationForm::WrittenOut) if own && self.plan.is_under_autocast() => 14 + 6,
                    (true, true, ActivationForm::WrittenOut) if own => 6 * element,
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
        let inside = matches!(component, Component::Mlp) && own && class.drops_inside;
        self.shared(self.each(bytes + u64::from(inside), width))
    }
}
