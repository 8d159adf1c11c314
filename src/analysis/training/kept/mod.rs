//! What lives between the forward and the backward pass of a micro-batch: tensors that autograd keeps, operator by
//! operator, as the classes of transformers write them, or as fused kernels do.
//!
//! Sources: autograd's saved tensors of PyTorch's operators; transformers' `modeling_*.py`; Korthikanti 2022
//! (arXiv 2205.05198) for fused layers and their sharding.

mod attention;
mod chosen;
mod ends;
mod head;
mod linear;
mod norm;
mod pair;

use super::adapters::{adapts, is_joined};
use super::plan::TrainingPlan;
use crate::model::autograd::{ActivationForm, Autograd};
use crate::model::blueprint::LayerKind;
use crate::model::operator::{Block, Kind, Operator, Role, Rows, Step};
use crate::model::{Blueprint, Component};
use crate::scenario::Recompute;
use crate::scenario::training::Framework;
use crate::units::{Number, Quantity};

/// What is kept on one rank for one micro-batch.
#[derive(Debug)]
pub struct Keeper<'a> {
    plan: &'a TrainingPlan,
    blueprint: &'a Blueprint,
    tokens: Quantity,
    batch: Quantity,
    sequence: Quantity,
    /// Tokens that an encoder beside the decoder reads of each sequence.
    read: Quantity,
    tensor: Quantity,
}

/// Where the input of a linear layer comes from; one tensor is kept once, however many layers read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    /// The normed residual.
    Stream,
    /// A tensor inside the block.
    Inner(u32),
    /// What an encoder made, which all layers of its decoder read.
    Encoder,
}

/// What is known to be kept already while a layer is walked through.
#[derive(Debug, Default)]
struct Seen {
    stream: bool,
    /// An adapter for queries, keys and values together.
    adapter: bool,
    residual: bool,
    inner: Vec<u32>,
    next: u32,
}

/// Whose result the next operator of a block reads.
struct Flow {
    source: Source,
    after: Option<Component>,
}

/// What an operator belongs to: of an encoder beside a decoder, which is one component, by what its block is for.
fn place_of(block: &Block, operator: &Operator) -> Component {
    match (operator.component, block.role) {
        (Component::Encoder, Role::TokenMixer) => Component::Projection,
        (Component::Encoder, Role::ChannelMixer) => Component::Mlp,
        (component, _) => component,
    }
}

/// Whether it is a linear layer over what an encoder made.
const fn reads_encoder(operator: &Operator) -> bool {
    matches!(
        operator.kind,
        Kind::Linear {
            rows: Rows::Encoder,
            ..
        }
    )
}

impl Flow {
    const fn new() -> Self {
        Self {
            source: Source::Stream,
            after: None,
        }
    }
    /// Where a linear layer reads from.
    fn reads(&self, component: Component, input: &Quantity, hidden: &Quantity) -> Source {
        let stream = match self.after {
            Some(after) => after != component,
            None => input.value == hidden.value || self.source == Source::Stream,
        };
        if stream { Source::Stream } else { self.source }
    }
    /// A new tensor inside the block; its number.
    fn passes(&mut self, seen: &mut Seen) -> u32 {
        let number = seen.next;
        self.source = Source::Inner(number);
        seen.next += 1;
        number
    }
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
            read: Quantity::choice("encoder tokens", plan.encoder, "Workload"),
            tensor: Quantity::choice("tensor parallel", plan.tensor, "Hardware"),
        }
    }
    /// The same over what an encoder reads.
    pub fn reader(&self) -> Self {
        let all = self.plan.micro_batch.saturating_mul(self.plan.encoder);
        Self {
            tokens: Quantity::choice("encoder tokens of a micro-batch", all, "Workload"),
            batch: self.batch.clone(),
            sequence: self.read.clone(),
            read: self.read.clone(),
            tensor: self.tensor.clone(),
            ..*self
        }
    }
    /// Tokens of a micro-batch.
    pub const fn tokens(&self) -> &Quantity {
        &self.tokens
    }
    const fn class(&self) -> &Autograd {
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
        // A norm before the layers of an encoder makes FP32 of them under autocast, whatever the base is.
        let stem = || self.blueprint.stem.iter().any(|block| block.role == Role::Norm);
        let normed = self.plan.is_under_autocast() && self.class().counts_encoder && stem();
        if self.plan.autocasts() || self.plan.widens_rest() || normed {
            4
        } else {
            self.element()
        }
    }

    /// One layer of a kind, all of it kept. The first layer of a model under adapters needs no gradient of its input.
    pub fn layer<N: Number>(&self, kind: &LayerKind, first: bool) -> N {
        self.blocks(&kind.blocks, first)
    }

    /// The same of the blocks of a layer.
    pub fn blocks<N: Number>(&self, blocks: &[Block], first: bool) -> N {
        let mut seen = Seen::default();
        let mut parts = Vec::new();
        // Whether the residual, and what a norm made of it, need a gradient.
        let mut residual = !(first && self.plan.adapters.is_some() && self.plan.recompute != Recompute::Full);
        let mut stream = residual;
        for block in blocks.iter().filter(|block| block.needs_no_image()) {
            if block.role == Role::Norm {
                seen.stream = false;
                seen.adapter = false;
                let kept = self.norm_block(block, &mut seen);
                if !self.class().shared_residual {
                    stream = residual;
                }
                if stream {
                    parts.push(kept);
                }
                continue;
            }
            // Where there are adapters the encoder has some, and what reads it needs a gradient.
            let adapted = self.plan.adapters.as_ref().is_some_and(|adapters| {
                let each = |operator: &Operator| adapts(adapters, block, operator) || reads_encoder(operator);
                block.operators.iter().any(each)
            });
            if !(stream || adapted) {
                continue;
            }
            residual |= adapted;
            parts.push(self.block(block, &mut seen));
            if !self.class().shared_residual {
                seen.residual = false;
            }
            let [after_mixer, after_channel] = self.class().drops_residual;
            let drops = match block.role {
                Role::TokenMixer => after_mixer,
                Role::ChannelMixer => after_channel,
                _ => false,
            };
            if drops && self.plan.runs_classes() {
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

    fn block<N: Number>(&self, block: &Block, seen: &mut Seen) -> N {
        let scans = block
            .operators
            .iter()
            .any(|operator| matches!(operator.kind, Kind::Scan(_) | Kind::Conv { .. }));
        if scans {
            // A kernel for the whole mixer keeps what the block lists.
            let widths = N::sum(block.saved.iter().map(|live| N::input(&live.width)));
            let kept = self.each(self.element(), widths);
            return self
                .shared(self.beside_adapters(block, kept))
                .named(block.title, "What the backward pass of this block needs.");
        }
        let mut parts = Vec::new();
        let mut flow = Flow::new();
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
                    if reads_encoder(operator) {
                        let reader = self.reader();
                        parts.push(reader.linear(block, operator, input, None, Source::Encoder, seen));
                        continue;
                    }
                    let from = flow.reads(place_of(block, operator), input, &self.blueprint.hidden);
                    if is_joined(self.class(), operator) && self.plan.runs_classes() {
                        continue;
                    }
                    if operator.component == Component::Router && self.reads_float_copy() {
                        parts.push(self.each(4, N::input(&self.blueprint.hidden)));
                        continue;
                    }
                    parts.push(self.linear(block, operator, input, routing.as_ref(), from, seen));
                    if routing.is_some() && flow.after == Some(place_of(block, operator)) {
                        parts.push(self.routed_output(input, output, routing.as_ref()));
                    }
                    if operator.component == Component::SharedExperts && output.value == 1 {
                        parts.push(self.each(self.element(), N::input(&self.blueprint.hidden)));
                    }
                }
                Kind::Expand { latent, .. } => {
                    parts.push(self.linear(block, operator, &latent.rank, None, flow.source, seen));
                }
                Kind::Elementwise {
                    width, step, routing, ..
                } => match step {
                    Step::Norm(norm) => {
                        let kept = self.norm(operator, width, *norm, false, seen);
                        parts.push(self.shared(kept));
                        flow.passes(seen);
                    }
                    Step::Activation | Step::GatedActivation => {
                        let gated = *step == Step::GatedActivation;
                        let component = place_of(block, operator);
                        parts.push(self.activation(component, width, gated, routing.as_ref()));
                        flow.after = Some(component);
                        let number = flow.passes(seen);
                        let drops = self.class().drops_inside;
                        if !gated
                            && !drops
                            && self.class().activation == ActivationForm::Result
                            && self.plan.runs_classes()
                        {
                            // The result is the input of what follows.
                            seen.inner.push(number);
                        }
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
                    let number = flow.passes(seen);
                    if kept_output {
                        seen.inner.push(number);
                    }
                    flow.after = Some(Component::Projection);
                }
                Kind::Lookup { .. } | Kind::Index(_) | Kind::Conv { .. } | Kind::Scan(_) | Kind::Idle => {}
            }
        }
        N::sum(parts).named(block.title, "What the backward pass of this block needs.")
    }

    /// What layers before the first adapter would keep with all trained, and do not: nothing in them needs a gradient.
    pub fn spared<N: Number>(&self, layers: u64) -> N {
        let mut parts = Vec::new();
        for at in 0..layers {
            let kind = self.blueprint.layout.kind_at(at);
            let Some(kind) = kind.and_then(|kind| self.blueprint.kinds.get(kind)) else {
                break;
            };
            let needs = self.layer::<N>(kind, true);
            let reached = needs.value() > 0.0;
            parts.push(self.layer::<N>(kind, false).minus(needs));
            if reached {
                break;
            }
        }
        N::sum(parts)
    }

    /// Whether layers are computed again.
    pub fn checkpoints(&self) -> bool {
        self.plan.recompute == Recompute::Full
    }

    /// What a layer keeps under the plan's recomputation, and what of it is made anew; `whole` is all that it would keep.
    pub fn kept_and_again<N: Number>(&self, kind: &LayerKind, whole: &N) -> (N, N) {
        match self.plan.recompute {
            Recompute::Selective if self.plan.framework == Framework::Torchtitan => {
                let chosen = || self.chosen::<N>(kind);
                let again = whole.clone().minus(chosen().least(whole.clone()));
                (self.checkpoint::<N>().plus(chosen()), again)
            }
            _ => self.kept_or_again(whole),
        }
    }

    /// The same of a layer that is kept or made anew as a whole.
    pub fn kept_or_again<N: Number>(&self, whole: &N) -> (N, N) {
        if self.checkpoints() {
            (self.checkpoint(), whole.clone())
        } else {
            (whole.clone(), N::zero())
        }
    }
}
