//! Weights, gradients and optimizer states of a rank.

use super::adapters::{low_rank, trained_whole};
use super::plan::{Adapters, TrainingPlan};
use super::stage::{Held, Stage, held};
use crate::model::operator::Input;
use crate::model::{Blueprint, Component, TensorKind};
use crate::scenario::training::{BaseWeights, Optimizer};
use crate::units::{Number, Quantity};

/// What a rank holds from step to step, bytes.
#[derive(Clone, Debug)]
pub struct States<N> {
    /// Weights by component, adapters with what they stand beside.
    pub by_component: Vec<(Component, N)>,
    /// Weights.
    pub weights: N,
    /// Gradients.
    pub gradients: N,
    /// Of these, gradients of towers and of a pooler that is not read: a step makes none.
    pub idle_gradients: N,
    /// Of these, gradients of an encoder beside a decoder, or of the adapters in it.
    pub encoder_gradients: N,
    /// Optimizer states and master copies, wherever they lie.
    pub optimizer: N,
    /// Elements that are trained on the rank, before data-parallel sharding.
    pub trainable: N,
    /// Weights of the largest layer, whole, as they are gathered.
    pub unit: N,
    /// Weights of token table and head, whole.
    pub root: N,
}

fn shared<N: Number>(value: N, among: u64) -> N {
    if among > 1 {
        value.over_ceiling(N::input(&Quantity::choice("ranks that shard it", among, "Hardware")))
    } else {
        value
    }
}

/// Bytes of the states of a stage.
pub fn states<N: Number>(plan: &TrainingPlan, blueprint: &Blueprint, stage: &Stage) -> States<N> {
    let tensors = held::<N>(plan, blueprint, stage);
    let bytes = plan.bytes;
    let among = |one: &Held<'_, N>, shards: u64| if one.routed { plan.of_experts(shards) } else { shards };
    let mut by_component: Vec<(Component, N)> = Vec::new();
    let mut add = |component: Component, value: N| match by_component.iter_mut().find(|(known, _)| *known == component)
    {
        Some((_, sum)) => *sum = sum.clone().plus(value),
        None => by_component.push((component, value)),
    };
    let twice = if plan.schedule == crate::scenario::training::Schedule::Dualpipe && plan.pipeline > 1 {
        2.0
    } else {
        1.0
    };
    let mut gradients = Vec::new();
    let mut idle = Vec::new();
    let mut of_encoder = Vec::new();
    let mut optimizer = Vec::new();
    let mut trained = Vec::new();
    for one in &tensors {
        let weight = match &plan.adapters {
            None => N::constant(bytes.weight as f64).times(one.elements.clone()),
            Some(adapters) => base_bytes(plan, adapters, one),
        };
        add(
            one.tensor.component,
            shared(weight, among(one, plan.weight_shards())).scaled(twice),
        );
        if plan.adapters.is_some() || blueprint.autograd.freezes(&one.tensor.name) {
            continue;
        }
        trained.push(one.elements.clone());
        let gradient = N::constant(bytes.gradient as f64).times(one.elements.clone());
        let gradient = shared(gradient, among(one, plan.gradient_shards()));
        if one.idle {
            idle.push(gradient.clone());
        }
        if one.tensor.component == Component::Encoder {
            of_encoder.push(gradient.clone());
        }
        gradients.push(gradient);
        let state = moments(plan, blueprint.vocabulary.value, one)
            .plus(N::constant(bytes.master as f64).times(one.elements.clone()));
        optimizer.push(shared(state, among(one, plan.state_shards())));
    }
    if let Some(adapters) = &plan.adapters {
        let elements = low_rank::<N>(blueprint, adapters, |place| {
            stage.copies(place).map(|count| N::input(&count))
        });
        // A head for labels is trained in the format of the base, which is narrower than that of PEFT's adapters.
        let head = trained_whole::<N>(blueprint).filter(|_| stage.last);
        let base = if adapters.base == BaseWeights::Fp32 { 4 } else { 2 };
        let own = base.min(bytes.weight).max(1);
        let beside = |adapters: N, of_head: &dyn Fn(N) -> N| match &head {
            Some(head) => adapters.plus(of_head(head.clone())),
            None => adapters,
        };
        let narrower = |value: N| {
            let (own, wide) = (N::constant(own as f64), N::constant(bytes.weight.max(1) as f64));
            value.times(own).over(wide)
        };
        let whole = |each: u64| {
            let adapters = N::constant(each as f64).times(elements.clone());
            beside(adapters, &|head| narrower(N::constant(each as f64).times(head)))
        };
        add(
            Component::Projection,
            shared(whole(bytes.weight), plan.weight_shards()).named("adapters", "Weights of the adapters."),
        );
        gradients.push(shared(whole(bytes.gradient), plan.gradient_shards()));
        let read = low_rank::<N>(blueprint, adapters, |place| {
            (place.block.input == Input::Encoder)
                .then(|| stage.copies(place).map(|count| N::input(&count)))
                .flatten()
        });
        let read = N::constant(bytes.gradient as f64).times(read);
        of_encoder.push(shared(read, plan.gradient_shards()));
        let moments = beside(flat_moments(plan, elements.clone()), &|head| {
            narrower(flat_moments(plan, head))
        });
        let state = moments.plus(whole(bytes.master));
        optimizer.push(shared(state, plan.state_shards()));
        trained.push(elements);
        trained.extend(head);
    }
    by_component.sort_by_key(|(component, _)| *component);
    let weights = N::sum(by_component.iter().map(|(_, bytes)| bytes.clone()));
    let layers = N::input(&Quantity::assumed(
        "layers",
        stage.layers_in_all(blueprint).max(1),
        "layers on the rank",
    ));
    let of_layers = |inside: bool| {
        let some = tensors.iter().filter(|one| {
            let outside = matches!(one.tensor.kind, TensorKind::Table | TensorKind::Head);
            outside != inside
        });
        N::sum(some.map(|one| one.elements.clone()))
    };
    // Where each is taken as it is made, those of one layer are there at a time.
    let at_once = |gradients: N| match plan.in_backward {
        true => gradients.over(layers.clone()),
        false => gradients,
    };
    States {
        idle_gradients: N::sum(idle),
        encoder_gradients: at_once(N::sum(of_encoder)),
        gradients: at_once(N::sum(gradients)),
        optimizer: N::sum(optimizer),
        trainable: N::sum(trained),
        unit: N::constant(2.0).times(of_layers(true)).over(layers),
        root: N::constant(2.0).times(of_layers(false)),
        weights,
        by_component,
    }
}

/// Bytes of a frozen tensor under adapters.
///
/// Sources: Dettmers 2023 (arXiv 2305.14314) section 3 for NF4 and double quantisation; PEFT
/// `prepare_model_for_kbit_training` casts what is not quantised to FP32.
fn base_bytes<N: Number>(plan: &TrainingPlan, adapters: &Adapters, one: &Held<'_, N>) -> N {
    let elements = || one.elements.clone();
    let quantised = !matches!(adapters.base, BaseWeights::Bf16 | BaseWeights::Fp32);
    if !quantised {
        let each = if adapters.base == BaseWeights::Fp32 { 4.0 } else { 2.0 };
        return N::constant(each).times(elements());
    }
    if !one.is_packed() {
        return N::constant(if plan.widens_rest() { 4.0 } else { 2.0 }).times(elements());
    }
    // Bits of 16,384 weights, so that every scale is a whole number of them.
    let bits: f64 = match adapters.base {
        BaseWeights::Nf4 => 4.5 * 16_384.0,
        BaseWeights::Nf4Double => 4.0 * 16_384.0 + 8.0 * 256.0 + 32.0,
        BaseWeights::Int4 => 4.125 * 16_384.0,
        BaseWeights::Int8 | BaseWeights::Fp8 => 8.0 * 16_384.0,
        BaseWeights::Bf16 | BaseWeights::Fp32 => 16.0 * 16_384.0,
    };
    elements().times(N::constant(bits)).over(N::constant(8.0 * 16_384.0))
}

/// States of the optimizer for so many elements in one long vector.
fn flat_moments<N: Number>(plan: &TrainingPlan, elements: N) -> N {
    let each = plan.bytes.moment as f64;
    let blocks = |moments: f64| {
        let scales = N::constant(4.0).times(elements.clone().over_ceiling(N::constant(256.0)));
        N::constant(moments).times(elements.clone().plus(scales))
    };
    match plan.optimizer {
        Optimizer::Adamw => N::constant(2.0 * each).times(elements),
        Optimizer::PagedAdamw => N::constant(8.0).times(elements),
        Optimizer::Adamw8bit | Optimizer::PagedAdamw8bit => blocks(2.0),
        Optimizer::Lion => N::constant(4.0).times(elements),
        Optimizer::Lion8bit => blocks(1.0),
        Optimizer::Sgd => N::zero(),
        Optimizer::SgdMomentum | Optimizer::Muon => N::constant(each).times(elements),
        // Rows and columns of two thin matrices are about as many as there are inputs and outputs.
        Optimizer::Adafactor => N::constant(4.0).times(elements),
    }
}

/// States of the optimizer for a tensor.
///
/// Sources: torch.optim keeps moments in the parameter's type; bitsandbytes keeps FP32, and one byte with a scale for 256
/// in tensors of 4,096 elements or more; Shazeer 2018 (arXiv 1804.04235) for Adafactor; Jordan 2024 for Muon.
fn moments<N: Number>(plan: &TrainingPlan, vocabulary: u64, one: &Held<'_, N>) -> N {
    let each = plan.bytes.moment as f64;
    let elements = || one.elements.clone();
    let matrix = one.tensor.dims.len() >= 2;
    match plan.optimizer {
        Optimizer::Adamw8bit | Optimizer::PagedAdamw8bit | Optimizer::Lion8bit if one.tensor.count() < 4096 => {
            let moments = if plan.optimizer == Optimizer::Lion8bit {
                1.0
            } else {
                2.0
            };
            N::constant(4.0 * moments).times(elements())
        }
        Optimizer::Muon => {
            // Tables of positions are matrices like others; only those of words and the head are not.
            let words = matches!(one.tensor.kind, TensorKind::Table | TensorKind::Head)
                && one.tensor.dims.first().is_some_and(|rows| rows.value == vocabulary);
            let inside = matrix && !words;
            N::constant(if inside { each } else { 2.0 * each }).times(elements())
        }
        Optimizer::Adafactor if matrix => {
            let dims = &one.tensor.dims;
            let (last, before) = (dims.last(), dims.len().checked_sub(2).and_then(|at| dims.get(at)));
            let (Some(last), Some(before)) = (last, before) else {
                return N::zero();
            };
            let rows = elements().over(N::input(last));
            // Gate and up of experts are one tensor, which has its columns once.
            if one.routed && one.operator.name == "expert gate_proj" {
                return N::constant(4.0).times(rows);
            }
            N::constant(4.0).times(rows.plus(elements().over(N::input(before))))
        }
        Optimizer::Adafactor => N::constant(4.0).times(elements()),
        _ => {
            // Blocks are counted tensor by tensor.
            let single = one.tensor.elements::<N>();
            if single.value() >= 1.0
                && one.copies.value() > 1.0
                && single.value() * one.copies.value() == one.elements.value()
            {
                one.copies.clone().times(flat_moments(plan, single))
            } else {
                flat_moments(plan, elements())
            }
        }
    }
}
