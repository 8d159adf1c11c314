//! What lives between the forward and the backward pass of a micro-batch: tensors that autograd keeps, operator by
//! operator, as the classes of transformers write them, or as fused kernels do.
//!
//! Sources: autograd's saved tensors of PyTorch's operators; transformers' `modeling_*.py`; Korthikanti 2022
//! (arXiv 2205.05198) for fused layers and their sharding.

use super::adapters::{adapts, inputs_of, is_joined, trainable};
use super::plan::TrainingPlan;
use crate::model::autograd::{ActivationForm, AttentionForm, Autograd, NormForm};
use crate::model::blueprint::LayerKind;
use crate::model::operator::{Attention, Block, Kind, Norm, Operator, Role, Routing, Span, Step};
use crate::model::{Blueprint, Component};
use crate::scenario::training::{Framework, Loss};
use crate::scenario::{AttentionKernel, Recompute};
use crate::units::{Number, Quantity};

/// What is kept on one rank for one micro-batch.
#[derive(Debug)]
pub struct Keeper<'a> {
    plan: &'a TrainingPlan,
    blueprint: &'a Blueprint,
    tokens: Quantity,
    batch: Quantity,
    sequence: Quantity,
    tensor: Quantity,
}

/// Where the input of a linear layer comes from; one tensor is kept once, however many layers read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    /// The normed residual.
    Stream,
    /// A tensor inside the block.
    Inner(u32),
}

/// What is known to be kept already while a layer is walked through.
#[derive(Debug, Default)]
struct Seen {
    stream: bool,
    residual: bool,
    inner: Vec<u32>,
    next: u32,
}

impl<'a> Keeper<'a> {
    /// For a plan.
    pub fn new(plan: &'a TrainingPlan, blueprint: &'a Blueprint) -> Self {
        Self {
            plan,
            blueprint,
            tokens: Quantity::choice("tokens", plan.rank_tokens(), "Workload"),
            batch: Quantity::choice("micro-batch", plan.micro_batch, "Workload"),
            sequence: Quantity::choice("sequence", plan.sequence, "Workload"),
            tensor: Quantity::choice("tensor parallel", plan.tensor, "Hardware"),
        }
    }
    fn class(&self) -> &Autograd {
        &self.blueprint.autograd
    }
    fn element(&self) -> u64 {
        self.plan.activation_bytes()
    }
    /// So many bytes of each element of a width, for every token.
    fn each<N: Number>(&self, bytes: u64, width: N) -> N {
        N::product([N::input(&self.tokens), N::constant(bytes as f64), width])
    }
    /// What the tensor group shares.
    fn shared<N: Number>(&self, value: N) -> N {
        if self.plan.tensor > 1 {
            value.over(N::input(&self.tensor))
        } else {
            value
        }
    }
    /// What it shares only with sequence parallelism.
    fn outer<N: Number>(&self, value: N) -> N {
        if self.plan.sequence_parallel {
            self.shared(value)
        } else {
            value
        }
    }
    /// Bytes of an element of the residual stream.
    fn residual_bytes(&self) -> u64 {
        if self.plan.autocasts() || self.plan.widens_rest() {
            4
        } else {
            self.element()
        }
    }

    /// One layer of a kind, all of it kept. The first layer of a model under adapters needs no gradient of its input.
    pub fn layer<N: Number>(&self, kind: &LayerKind, first: bool) -> N {
        let mut seen = Seen::default();
        let mut parts = Vec::new();
        // Whether the residual, and what a norm made of it, need a gradient.
        let mut residual = !(first && self.plan.adapters.is_some() && self.plan.recompute != Recompute::Full);
        let mut stream = residual;
        for block in &kind.blocks {
            if block.role == Role::Norm {
                seen.stream = false;
                let kept = self.norm_block(block, &mut seen);
                if !self.class().shared_residual {
                    stream = residual;
                }
                if stream {
                    parts.push(kept);
                }
                continue;
            }
            let adapted = self
                .plan
                .adapters
                .as_ref()
                .is_some_and(|adapters| block.operators.iter().any(|operator| adapts(adapters, block, operator)));
            if !(stream || adapted) {
                continue;
            }
            residual |= adapted;
            parts.push(self.block(block, &mut seen));
            if !self.class().shared_residual {
                seen.residual = false;
            }
            if self.plan.runs_classes()
                && self.class().drops_residual
                && matches!(block.role, Role::TokenMixer | Role::ChannelMixer)
            {
                parts.push(self.each(1, N::input(&self.blueprint.hidden)));
            }
        }
        N::sum(parts)
    }

    /// What a checkpointed layer keeps: its input.
    pub fn checkpoint<N: Number>(&self) -> N {
        let input = self.each(self.residual_bytes(), N::input(&self.blueprint.hidden));
        self.outer(input)
            .named("layer input", "All that is kept of a layer which is computed again.")
    }

    /// Of the blocks before the first layer, and of final norm and head.
    pub fn ends<N: Number>(&self, stem: bool, head: bool) -> N {
        let mut parts = Vec::new();
        let mut seen = Seen::default();
        if stem {
            let class = self.class();
            if self.plan.runs_classes() && class.drops_embedding {
                parts.push(self.each(1, N::input(&self.blueprint.hidden)));
            }
            let linear = |block: &&Block| {
                block.role != Role::Embedding
                    || block
                        .operators
                        .iter()
                        .any(|operator| matches!(operator.kind, Kind::Linear { .. }))
            };
            let adapted = |block: &&Block| match &self.plan.adapters {
                // Under adapters nothing before the first of them needs a gradient.
                Some(adapters) => block.operators.iter().any(|operator| adapts(adapters, block, operator)),
                None => true,
            };
            if self.plan.adapters.is_some() && self.checkpoints() && self.plan.runs_classes() && class.changes_embedding
            {
                parts.push(self.each(self.element(), N::input(&self.blueprint.hidden)));
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
        if head {
            seen.stream = false;
            for block in &self.blueprint.head {
                parts.push(if block.role == Role::Norm {
                    self.norm_block(block, &mut seen)
                } else {
                    self.block(block, &mut seen)
                });
            }
        }
        N::sum(parts)
    }

    /// After the head: log-probabilities of all tokens in FP32, labels, and capped logits.
    pub fn loss<N: Number>(&self) -> N {
        let vocabulary = || N::input(&self.blueprint.vocabulary);
        let labels = if self.plan.micro_batch == 1 { 1.0 } else { 0.0 };
        let labels = N::constant(8.0)
            .times(N::input(&self.tokens).plus(N::constant(labels)))
            .plus(N::constant(4.0));
        let kept = match self.plan.loss {
            Loss::Full => {
                let caps = if self.class().caps_logits { self.element() } else { 0 };
                self.shared(self.each(4 + caps, vocabulary()))
            }
            Loss::Chunked => self.shared(self.each(2, vocabulary())),
            Loss::Fused => N::zero(),
        };
        kept.plus(labels).named(
            "loss",
            "Log-probabilities of every token over the vocabulary in FP32, and the labels.",
        )
    }

    /// Kept once for the whole model: rotary tables, positions, copies of weights under autocast.
    pub fn once<N: Number>(&self) -> N {
        let mut parts = Vec::new();
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
            parts.push(N::product([
                N::constant(bytes),
                N::input(&self.sequence),
                N::input(width),
            ]));
        }
        match self.plan.recompute {
            Recompute::Full => parts.push(N::constant(8.0).times(N::input(&self.sequence))),
            _ if self.plan.runs_classes() && !self.plan.is_eager() => {
                parts.push(N::constant(24.0).times(N::input(&self.blueprint.layers)));
            }
            _ => {}
        }
        if self.plan.autocasts() {
            parts.push(self.weight_copies());
        } else if let Some(adapters) = &self.plan.adapters
            && self.plan.is_under_autocast()
            && !self.checkpoints()
        {
            let all = trainable::<N>(self.blueprint, adapters, |place| {
                (place.block.role != Role::Tower).then(|| place.times(N::constant(1.0)))
            });
            parts.push(N::constant(2.0).times(all));
        }
        if self.checkpoints() && self.plan.runs_classes() && self.class().attention == AttentionForm::EagerSink {
            // The masks of full and of windowed layers.
            parts.push(N::product([
                N::constant(4.0),
                N::input(&self.sequence),
                N::input(&self.sequence),
            ]));
        }
        N::sum(parts).named(
            "once",
            "Rotary tables, positions, and 16-bit copies of weights under autocast.",
        )
    }

    /// The 16-bit copy of every linear weight, which autocast keeps until the backward pass.
    fn weight_copies<N: Number>(&self) -> N {
        let linear = self.blueprint.blocks().flat_map(|place| {
            let operators = place.block.operators.iter();
            let matrices = operators.filter(move |operator| {
                matches!(operator.kind, Kind::Linear { routing: None, .. } | Kind::Expand { .. })
                    && !operator.is_idle()
                    && (!self.checkpoints() || place.kind.is_none())
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

    fn norm_block<N: Number>(&self, block: &Block, seen: &mut Seen) -> N {
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
    fn norm<N: Number>(&self, operator: &Operator, width: &Quantity, norm: Norm, residual: bool, seen: &mut Seen) -> N {
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
            (_, NormForm::Float) => float(if frozen { 4 } else { 8 }, 4),
            (_, NormForm::OnePlus) => float(if frozen { 4 } else { 8 }, 4).plus(N::constant(4.0).times(weight())),
            (_, NormForm::OnePlusPower) if operator.tensors.is_empty() => float(4, 8),
            (_, NormForm::OnePlusPower) => float(if frozen { 4 } else { 8 }, 8).plus(N::constant(4.0).times(weight())),
        }
    }

    fn block<N: Number>(&self, block: &Block, seen: &mut Seen) -> N {
        let scans = block
            .operators
            .iter()
            .any(|operator| matches!(operator.kind, Kind::Scan(_) | Kind::Conv { .. }));
        if scans {
            // A kernel for the whole mixer keeps what the block lists.
            let widths = N::sum(block.saved.iter().map(|live| N::input(&live.width)));
            return self
                .shared(self.each(self.element(), widths))
                .named(block.title, "What the backward pass of this block needs.");
        }
        let mut parts = Vec::new();
        let mut source = Source::Stream;
        let mut after: Option<Component> = None;
        let fused = self.class().joins_qkv || block.operators.iter().any(|operator| operator.name == "qkv_proj");
        let rotates = block
            .operators
            .iter()
            .any(|operator| matches!(operator.kind, Kind::Elementwise { step: Step::Rotary, .. }));
        for operator in &block.operators {
            match &operator.kind {
                Kind::Linear {
                    input, routing, output, ..
                } => {
                    let reads_stream = match after {
                        Some(component) => component != operator.component,
                        None => input.value == self.blueprint.hidden.value || source == Source::Stream,
                    };
                    let from = if reads_stream { Source::Stream } else { source };
                    if is_joined(self.class(), operator) && self.plan.runs_classes() {
                        continue;
                    }
                    if operator.component == Component::Router && self.reads_float_copy() {
                        parts.push(self.each(4, N::input(&self.blueprint.hidden)));
                        continue;
                    }
                    parts.push(self.linear(block, operator, input, routing.as_ref(), from, seen));
                    if routing.is_some() && after == Some(operator.component) {
                        parts.push(self.routed_output(input, output, routing.as_ref()));
                    }
                    if operator.component == Component::SharedExperts && output.value == 1 {
                        parts.push(self.each(self.element(), N::input(&self.blueprint.hidden)));
                    }
                }
                Kind::Expand { latent, .. } => {
                    parts.push(self.linear(block, operator, &latent.rank, None, source, seen));
                }
                Kind::Elementwise {
                    width, step, routing, ..
                } => match step {
                    Step::Norm(norm) => {
                        let kept = self.norm(operator, width, *norm, false, seen);
                        parts.push(self.shared(kept));
                        source = Source::Inner(seen.next);
                        seen.next += 1;
                    }
                    Step::Activation | Step::GatedActivation => {
                        let gated = *step == Step::GatedActivation;
                        parts.push(self.activation(operator.component, width, gated, routing.as_ref()));
                        after = Some(operator.component);
                        source = Source::Inner(seen.next);
                        if !gated && self.class().activation == ActivationForm::Result && self.plan.runs_classes() {
                            // The result is the input of what follows.
                            seen.inner.push(seen.next);
                        }
                        seen.next += 1;
                    }
                    Step::Softmax if operator.component == Component::Router => {
                        parts.push(self.each(4, N::input(width)));
                        if self.class().jitters_input && self.plan.runs_classes() {
                            parts.push(self.each(2 * self.element(), N::input(&self.blueprint.hidden)));
                        }
                    }
                    Step::Rotary | Step::Softmax | Step::Plain(_) => {}
                },
                Kind::Attention(attention) => {
                    let (kept, kept_output) = self.attention(attention, fused, rotates);
                    parts.push(kept);
                    source = Source::Inner(seen.next);
                    if kept_output {
                        seen.inner.push(seen.next);
                    }
                    seen.next += 1;
                    after = Some(Component::Projection);
                }
                Kind::Lookup { .. } | Kind::Index(_) | Kind::Conv { .. } | Kind::Scan(_) | Kind::Idle => {}
            }
        }
        N::sum(parts).named(block.title, "What the backward pass of this block needs.")
    }

    /// The input of a linear layer: kept for the gradient of its weight, once for all layers that read it.
    fn linear<N: Number>(
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
    fn reads_float_copy(&self) -> bool {
        self.class().routes_in_float
            && self.plan.runs_classes()
            && self.plan.adapters.is_none()
            && !self.plan.autocasts()
    }

    /// Whether an expert's first matrix is not the one that reads first.
    fn has_gate(&self, operator: &Operator) -> bool {
        operator.name == "expert up_proj"
            && self
                .blueprint
                .blocks()
                .any(|place| place.block.operators.iter().any(|one| one.name == "expert gate_proj"))
    }

    /// Outputs of the chosen experts, their weights and the order of their rows.
    fn routed_output<N: Number>(&self, _: &Quantity, output: &Quantity, routing: Option<&Routing>) -> N {
        let Some(routing) = routing else { return N::zero() };
        let top = || N::input(&routing.top_k);
        let rows = top().times(N::input(output));
        self.each(self.expert_element(), rows).plus(self.each(26 + 12, top()))
    }

    /// Bytes of an element inside experts: autocast knows nothing of grouped products, which stay in FP32.
    fn expert_element(&self) -> u64 {
        if self.plan.autocasts() { 4 } else { self.element() }
    }

    /// A nonlinearity and the product behind it; the product itself is kept by the layer that reads it.
    fn activation<N: Number>(
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

    /// Attention: queries, keys, values and output, or the scores; and whether the output is among what is kept.
    fn attention<N: Number>(&self, attention: &Attention, fused: bool, rotates: bool) -> (N, bool) {
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
            let base = if fused && !rotates && own && !class.copies_values {
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
                Span::Window(window) | Span::Chunk(window) => {
                    own && window.value <= self.plan.sequence && self.plan.attention != AttentionKernel::Flash
                }
                _ => false,
            };
        let efficient = masked
            || own
                && (attention.key_dim.value != attention.value_dim.value
                    || attention.key_dim.value > 256
                    || element == 4);
        let mut kept = if efficient {
            self.each(element, N::sum([queries(), all_keys(), all_values(), output()]))
        } else if (fused && own && !class.copies_values || self.plan.framework == Framework::Litgpt) && rotates {
            // Values are a view of the one matrix' result, which stays whole.
            let whole = N::sum([queries(), keys(), values()]);
            self.each(element, N::sum([queries(), keys(), whole, output()]))
        } else {
            // torchtitan repeats keys and values to all heads before its kernel.
            let repeats = self.plan.framework == Framework::Torchtitan && self.plan.runs_python();
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
            // A mask for each sequence, as transformers makes it.
            let square = N::product([
                N::constant(element as f64),
                input(&self.batch),
                input(&self.sequence),
                input(&self.sequence),
            ]);
            kept = kept.plus(square);
        }
        (kept.plus(normed), !(joined || self.plan.framework == Framework::Litgpt))
    }

    /// Whether layers are computed again.
    pub fn checkpoints(&self) -> bool {
        self.plan.recompute == Recompute::Full
    }

    /// What a layer keeps under the plan's recomputation.
    pub fn kept_layer<N: Number>(&self, kind: &LayerKind, first: bool) -> N {
        match self.plan.recompute {
            Recompute::Full => self.checkpoint(),
            // torchtitan leaves every second layer without a checkpoint or keeps every second product.
            Recompute::Selective if self.plan.framework == Framework::Torchtitan => self
                .layer::<N>(kind, first)
                .plus(self.checkpoint())
                .over(N::constant(2.0)),
            _ => self.layer(kind, first),
        }
    }
}
