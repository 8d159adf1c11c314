//! Adapters: where they stand, how many elements they train, what they keep.
//!
//! Source: Hu 2021 (arXiv 2106.09685): two matrices, `[rank, in]` and `[out, rank]`; Liu 2024 (arXiv 2402.09353) for the
//! magnitudes of DoRA, one for each output. PEFT `tuners/lora/layer.py`.

use super::plan::{Adapters, TrainingPlan};
use crate::model::autograd::Autograd;
use crate::model::blueprint::Repeated;
use crate::model::operator::{Block, Kind, Operator, Role};
use crate::model::{Blueprint, Component, TensorKind};
use crate::scenario::training::{Framework, LoraTargets, Target};
use crate::units::Number;

/// Whether an adapter stands beside an operator of a block.
pub fn adapts(adapters: &Adapters, block: &Block, operator: &Operator) -> bool {
    let linear = match &operator.kind {
        Kind::Linear { routing, .. } => routing.is_none(),
        Kind::Expand { .. } => true,
        _ => false,
    };
    // Convolutions are no linear layers.
    let kernel = block.role == Role::Tower
        && operator
            .tensors
            .first()
            .is_none_or(|tensor| tensor.kind != TensorKind::Matrix);
    if !linear || kernel || is_trained_whole(block, operator) {
        return false;
    }
    // A dense layer before the output layer is none.
    let head = operator.component == Component::LmHead && operator.name != "dense";
    match &adapters.targets {
        // Routers are modules of their own, no linear layers.
        LoraTargets::AllLinear => !head && operator.component != Component::Router,
        LoraTargets::Attention if block.role == Role::Tower => in_attention(operator),
        LoraTargets::Attention => {
            let projects = matches!(operator.component, Component::Projection | Component::Encoder);
            projects && block.attentions().next().is_some()
        }
        LoraTargets::List(list) => list.iter().any(|target| stands_at(*target, operator)),
    }
}

/// Whether any layer of a block gets adapters, where a run has them.
pub fn adapts_block(adapters: Option<&Adapters>, block: &Block) -> bool {
    adapters.is_some_and(|adapters| block.operators.iter().any(|operator| adapts(adapters, block, operator)))
}

/// Whether PEFT trains a part of the head whole beside adapters, in a copy: what it knows as the head of a class for labels, by
/// its name (`peft_model.py`, `modules_to_save` of its tasks). Of a class for answers that PEFT does not know by name a run has to
/// name it.
pub fn is_trained_whole(block: &Block, operator: &Operator) -> bool {
    let name = operator.tensors.first().map_or("", |tensor| &tensor.name);
    let mut modules = name.split('.').rev().skip(1);
    block.role == Role::Head && modules.any(|module| module.ends_with("classifier") || module == "qa_outputs")
}

/// Elements of what PEFT trains whole beside adapters; nothing where there is no head for labels.
pub fn trained_whole<N: Number>(blueprint: &Blueprint) -> Option<N> {
    let operators = blueprint.head.iter().flat_map(|block| {
        let whole = block.operators.iter();
        whole.filter(move |operator| is_trained_whole(block, operator))
    });
    let tensors = operators.flat_map(|operator| &operator.tensors);
    let elements: Vec<N> = tensors.map(|tensor| tensor.elements::<N>()).collect();
    (!elements.is_empty()).then(|| {
        N::sum(elements).named(
            "head",
            "The head for labels, which is trained whole beside the adapters, in a copy.",
        )
    })
}

/// Whether a layer of a tower belongs to its attention, by the names that PEFT matches.
fn in_attention(operator: &Operator) -> bool {
    let names = ["self_attn.", "attn.", "attention.", "self_attention."];
    let name = operator.tensors.first().map_or("", |tensor| &tensor.name);
    names.iter().any(|part| {
        name.match_indices(part)
            .any(|(at, _)| at == 0 || name.as_bytes().get(at.wrapping_sub(1)) == Some(&b'.'))
    })
}

/// Whether the class has an operator in one matrix with the one before it.
pub fn is_joined(class: &Autograd, operator: &Operator) -> bool {
    match operator.name {
        "k_proj" | "v_proj" => class.joins_qkv && operator.component == Component::Projection,
        "up_proj" => class.joins_gate && operator.component == Component::Mlp,
        _ => false,
    }
}

fn stands_at(target: Target, operator: &Operator) -> bool {
    let names: &[&str] = match target {
        Target::Q => &["q_proj", "q_a_proj", "q_b_proj", "qkv_proj"],
        Target::K => &["k_proj", "kv_a_proj_with_mqa", "kv_b_proj", "qkv_proj"],
        Target::V => &["v_proj", "qkv_proj"],
        Target::O => &["o_proj"],
        Target::Gate => &["gate_proj", "gate_up_proj"],
        Target::Up => &["up_proj", "gate_up_proj"],
        Target::Down => &["down_proj"],
        Target::Head => &["lm_head"],
    };
    names.contains(&operator.name)
}

/// Bytes kept of each element of an adapted layer's input, and of each element between the two matrices.
pub fn inputs_of(plan: &TrainingPlan) -> (u64, u64) {
    match plan.framework {
        // As wide as the base; LitGPT's read what dropout left, and its mask is kept.
        Framework::Litgpt => (3, 2),
        Framework::Torchtune | Framework::Unsloth => (2, 2),
        _ if plan.precision.is_mixed() => (2, 2),
        // PEFT's are FP32 and read a copy.
        _ => (4, 4),
    }
}

/// Elements that adapters train in an operator of one layer.
fn elements<N: Number>(class: &Autograd, adapters: &Adapters, operator: &Operator) -> N {
    let weight = operator.tensors.first();
    let dims = weight.map(|tensor| tensor.dims.as_slice()).unwrap_or_default();
    let (Some(out), Some(input)) = (dims.first(), dims.last()) else {
        return N::zero();
    };
    let both = if is_joined(class, operator) {
        N::input(out)
    } else {
        N::input(input).plus(N::input(out))
    };
    let all = N::constant(adapters.rank as f64).times(both);
    if adapters.magnitudes {
        all.plus(N::input(out))
    } else {
        all
    }
}

/// Elements of low rank that adapters train in the places that a filter lets through.
pub fn low_rank<N: Number>(
    blueprint: &Blueprint,
    adapters: &Adapters,
    copies: impl Fn(&Repeated<'_>) -> Option<N>,
) -> N {
    let mut parts = Vec::new();
    for place in blueprint.blocks() {
        // Adapters find the linear layers of towers as they find those of layers.
        let Some(times) = copies(&place) else { continue };
        let linear = place.block.operators.iter().filter(|operator| {
            adapts(adapters, place.block, operator)
                && (place.block.role != Role::Tower || !matches!(adapters.targets, LoraTargets::List(_)))
        });
        let sum = linear.map(|operator| elements::<N>(&blueprint.autograd, adapters, operator));
        parts.push(times.times(N::sum(sum)));
    }
    N::sum(parts).named("trainable", "Rank × (inputs + outputs) of each adapted layer.")
}

/// Elements that a run with adapters trains: theirs, and a head for labels.
pub fn trainable<N: Number>(blueprint: &Blueprint, adapters: &Adapters) -> N {
    let elements = low_rank(blueprint, adapters, |place| Some(place.times(N::constant(1.0))));
    match trained_whole::<N>(blueprint) {
        Some(head) => elements.plus(head),
        None => elements,
    }
}
