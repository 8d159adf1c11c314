//! What layers take, whatever stage they are on: found once for a plan.

use super::adapters::{adapts, adapts_block};
use super::kept::Keeper;
use super::plan::TrainingPlan;
use crate::model::Blueprint;
use crate::model::operator::{Block, Kind, Operator, Step};
use crate::scenario::training::Framework;
use crate::units::{Number, Quantity};

/// Bytes of a layer of each kind, for one micro-batch.
#[derive(Clone, Debug)]
pub struct LayerMemory<N> {
    /// Kinds, in the blueprint's order.
    pub kinds: Vec<KindMemory<N>>,
    /// Layers of an encoder beside a decoder, of each kind, and how many there are.
    pub encoder: Vec<(KindMemory<N>, Quantity)>,
    /// Gradients of activations while the widest part of a layer runs backward.
    pub gradients: N,
    /// The same of a layer of the encoder.
    pub encoder_gradients: N,
    /// The widest matrix of a packed base, unpacked.
    pub unpacked: N,
}

/// Of one kind.
#[derive(Clone, Debug)]
pub struct KindMemory<N> {
    /// All that the backward pass needs.
    pub whole: N,
    /// What is kept of it.
    pub kept: N,
    /// What is made anew.
    pub again: N,
    /// Inputs of packed products, where they outlive the pass.
    pub packed: N,
}

impl<N: Number> LayerMemory<N> {
    /// Of a plan.
    pub fn of(plan: &TrainingPlan, blueprint: &Blueprint) -> Self {
        let keeper = Keeper::new(plan, blueprint);
        let each = blueprint.kinds.iter().map(|kind| {
            let whole = keeper.layer::<N>(kind, false);
            let (kept, again) = keeper.kept_and_again(kind, &whole);
            KindMemory {
                kept,
                again,
                packed: keeper.packed_inputs(kind),
                whole,
            }
        });
        let reader = keeper.reader();
        let read = blueprint.encoder_layers().map(|(blocks, count)| {
            let whole = keeper.encoder_layer::<N>(blocks, false);
            let (kept, again) = reader.kept_or_again(&whole);
            let memory = KindMemory {
                kept,
                again,
                packed: N::zero(),
                whole,
            };
            (memory, count.clone())
        });
        Self {
            kinds: each.collect(),
            encoder: read.collect(),
            gradients: of_layer(plan, blueprint),
            encoder_gradients: of_encoder(plan, blueprint),
            unpacked: widest_packed(plan, blueprint),
        }
    }
}

/// The widest matrix of a packed base as it is unpacked for a product of the backward pass, in 16 bits (bitsandbytes 012c660,
/// `autograd/_functions.py`, `MatMul4Bit`). Unsloth has a buffer for those of the forward pass that stays (015bdef,
/// `kernels/utils.py`, `fast_dequantize`).
fn widest_packed<N: Number>(plan: &TrainingPlan, blueprint: &Blueprint) -> N {
    if !plan.is_quantised() {
        return N::zero();
    }
    let layers = blueprint.kinds.iter().flat_map(|kind| &kind.blocks);
    let operators = layers
        .filter(|block| block.needs_no_image())
        .flat_map(|block| &block.operators);
    let matrices = operators.filter(|one| matches!(one.kind, Kind::Linear { routing: None, .. } | Kind::Expand { .. }));
    let sizes = matrices.filter_map(|one| Some(one.tensors.first()?.elements::<N>()));
    let widest = sizes.reduce(N::most).unwrap_or_else(N::zero);
    let copies = if plan.framework == Framework::Unsloth { 2.0 } else { 1.0 };
    N::constant(2.0 * copies).times(widest)
}

/// Gradients of activations while the widest part of a layer runs backward.
fn of_layer<N: Number>(plan: &TrainingPlan, blueprint: &Blueprint) -> N {
    let own = blueprint.kinds.iter().flat_map(|kind| &kind.blocks);
    of_blocks(plan, blueprint, own, &Keeper::new(plan, blueprint))
}

/// The same of a layer of an encoder beside a decoder.
fn of_encoder<N: Number>(plan: &TrainingPlan, blueprint: &Blueprint) -> N {
    let read = blueprint.encoder_layers().flat_map(|(blocks, _)| blocks);
    of_blocks(plan, blueprint, read, &Keeper::new(plan, blueprint).reader())
}

/// The same of some blocks.
fn of_blocks<'a, N: Number>(
    plan: &TrainingPlan,
    blueprint: &Blueprint,
    blocks: impl Iterator<Item = &'a Block>,
    keeper: &Keeper<'_>,
) -> N {
    let blocks: Vec<_> = blocks.collect();
    let attentions = blocks.iter().flat_map(|block| block.attentions());
    let scores = attentions.map(|attention| keeper.score_gradients::<N>(attention));
    let scores = scores.reduce(N::most).unwrap_or_else(N::zero);
    let tokens = keeper.tokens();
    let widest = blocks
        .into_iter()
        .filter(|block| block.needs_no_image())
        .flat_map(|block| block.operators.iter().map(move |operator| (block, operator)))
        .filter_map(|(block, operator)| match &operator.kind {
            Kind::Elementwise {
                width,
                step: Step::Activation | Step::GatedActivation,
                routing,
                ..
            } => {
                let top = routing.as_ref().map_or(1, |routing| routing.top_k.value);
                let gated = matches!(
                    operator.kind,
                    Kind::Elementwise {
                        step: Step::GatedActivation,
                        ..
                    }
                );
                Some((
                    width.value.saturating_mul(top),
                    width,
                    routing,
                    gated,
                    adapts_block(plan.adapters.as_ref(), block),
                ))
            }
            _ => None,
        })
        .max_by_key(|(wide, ..)| *wide);
    let Some((_, width, routing, gated, adapted)) = widest else {
        return N::zero();
    };
    let mut elements = N::input(tokens).times(N::input(width));
    if let Some(routing) = routing {
        elements = elements.times(N::input(&routing.top_k));
    }
    // Liger's kernels write gradients over what they were made from; one more is on its way.
    let joined = plan.adapters.as_ref().is_some_and(|adapters| {
        let mut blocks = blueprint.kinds.iter().flat_map(|kind| &kind.blocks);
        let of = |block: &Block, one: &Operator| one.name == "gate_up_proj" && adapts(adapters, block, one);
        blocks.any(|block| block.operators.iter().any(|one| of(block, one)))
    });
    let encodes = blueprint.autograd.counts_encoder;
    let tensors = if plan.is_patched() && plan.framework != Framework::Unsloth {
        1.0
    } else if plan.encoder > 0 {
        // What the last product read makes room as its gradient goes on; adapters have a wider one beside it.
        1.0 + f64::from(u8::from(adapted))
    } else if encodes && plan.adapters.is_none() {
        // As the nonlinearity's gradient is made what was kept behind it is gone.
        1.0
    } else if encodes && !gated {
        // Adapters have an FP32 one of their copy.
        2.0
    } else if encodes && joined {
        // The gradient of gate and up is one tensor, which adapters read in FP32.
        5.0
    } else {
        3.0
    };
    let bytes = N::constant(tensors * plan.activation_bytes() as f64).times(elements);
    let stream = match encodes {
        true => 1.0,
        false if plan.encoder > 0 => 3.0,
        false => 4.0,
    };
    let hidden = N::product([
        N::constant(stream * plan.activation_bytes() as f64),
        N::input(tokens),
        N::input(&blueprint.hidden),
    ]);
    if plan.tensor > 1 {
        return bytes
            .most(scores)
            .over(N::input(&Quantity::choice("tensor parallel", plan.tensor, "Hardware")))
            .plus(hidden);
    }
    if encodes {
        bytes.plus(hidden).most(scores)
    } else {
        bytes.most(scores).plus(hidden)
    }
}
