//! What head and loss have on the device for a moment: the end of the forward pass, and the loss's backward pass.

use super::kept::Keeper;
use super::plan::TrainingPlan;
use super::stage::Stage;
use crate::model::{Blueprint, Purpose};
use crate::scenario::training::{Framework, Loss};
use crate::units::{Number, Quantity};

/// The most FP32 logits that Unsloth has at once, bytes (unsloth_zoo ce232d6, `fused_losses/cross_entropy_loss.py`); half of
/// what is free where that is less.
const UNSLOTH_CHUNK: u64 = 4 << 30;

/// Elements of the logits of a micro-batch, over which the loss runs: of every token, or of every sequence where that is sorted.
pub fn scores<N: Number>(plan: &TrainingPlan, blueprint: &Blueprint) -> N {
    let rows = match blueprint.purpose {
        Some(Purpose::Texts) => Quantity::choice("micro-batch", plan.micro_batch, "Workload"),
        _ => Quantity::choice("tokens", plan.rank_tokens(), "Workload"),
    };
    let outputs = blueprint.outputs().map(N::input);
    outputs.map_or_else(N::zero, |outputs| N::input(&rows).times(outputs))
}

fn shared<N: Number>(plan: &TrainingPlan, value: N) -> N {
    if plan.tensor > 1 {
        value.over(N::input(&Quantity::choice(
            "devices that share it",
            plan.tensor,
            "Hardware",
        )))
    } else {
        value
    }
}

/// Gradients of the logits and their copies in FP32, in the loss's backward pass.
pub fn in_backward<N: Number>(plan: &TrainingPlan, blueprint: &Blueprint, stage: &Stage) -> N {
    let logits = |bytes: f64| shared(plan, N::constant(bytes).times(scores(plan, blueprint)));
    let habits = plan.habits();
    match plan.loss {
        _ if !stage.last => N::zero(),
        // Of a chunk no more than a chunk; all at once they are copied without the last token of each sequence.
        Loss::Full if habits.holds_logits => logits(4.0),
        Loss::Chunked if habits.holds_logits => N::zero(),
        Loss::Full if habits.writes_over_logits => N::zero(),
        // All in the format of the logits.
        Loss::Full if blueprint.keeps_loss_format() && !plan.is_under_autocast() => {
            logits(2.0 * plan.activation_bytes() as f64)
        }
        Loss::Full => logits(8.0),
        Loss::Chunked => logits(1.0),
        Loss::Fused => N::zero(),
    }
}

/// What is there as the model returns, beside all that is kept; `held_over` hangs on the logits of the micro-batch before,
/// `other` is all else on the device.
pub fn as_it_returns<N: Number>(
    plan: &TrainingPlan,
    blueprint: &Blueprint,
    stage: &Stage,
    keeper: &Keeper<'_>,
    held_over: N,
    other: &N,
) -> N {
    let logits = |bytes: f64| shared(plan, N::constant(bytes).times(scores(plan, blueprint)));
    let habits = plan.habits();
    match plan.loss {
        _ if !stage.last => N::zero(),
        // Those of the micro-batch before, and new ones in both formats.
        Loss::Full | Loss::Chunked if habits.holds_logits && keeper.checkpoints() => logits(2.0),
        Loss::Full | Loss::Chunked if habits.holds_logits => logits(2.0).plus(held_over),
        Loss::Full if habits.writes_over_logits => logits(4.0),
        Loss::Full | Loss::Chunked => N::zero(),
        Loss::Fused if plan.framework == Framework::Unsloth => {
            let free = plan.room.map(|room| (room as f64 - other.value()).max(0.0) / 2.0);
            let most = free.unwrap_or(f64::INFINITY).min(UNSLOTH_CHUNK as f64);
            let all = logits(4.0);
            // Chunks are as many as keep to it, a multiple of four.
            let chunks = (all.value() / most.max(1.0) / 4.0).ceil().max(1.0) * 4.0;
            if all.value() <= most {
                all
            } else {
                all.over(N::constant(chunks))
            }
        }
        Loss::Fused if plan.adapters.is_none() => shared(plan, N::constant(head_gradient(plan)).times(head(blueprint))),
        Loss::Fused => N::zero(),
    }
}

fn head<N: Number>(blueprint: &Blueprint) -> N {
    N::input(&blueprint.vocabulary).times(N::input(&blueprint.hidden))
}

/// Bytes of an element of a trained head as a fused loss makes its gradient, in the forward pass: the gradient, a chunk's part
/// of it, and that part in FP32 (Liger-Kernel 0.8.0, `ops/fused_linear_cross_entropy.py`).
fn head_gradient(plan: &TrainingPlan) -> f64 {
    let product = plan.activation_bytes();
    let gradient = if plan.autocasts() { 4 } else { product };
    let widened = if product == 4 { 0 } else { 4 };
    (gradient + product + widened) as f64
}
