//! Memory of a rank over a training step: what stays, what is kept for the backward pass, and the peak.

use super::encoder_memory::EncoderMemory;
use super::kept::Keeper;
use super::layer_memory::LayerMemory;
use super::logits;
use super::plan::TrainingPlan;
use super::stage::Stage;
use super::states::{States, states};
use crate::model::{Blueprint, Purpose};
use crate::scenario::Recompute;
use crate::scenario::training::{Framework, Optimizer, Zero};
use crate::units::{Number, Quantity};

/// Bytes on one rank.
#[derive(Clone, Debug)]
pub struct StageMemory<N> {
    /// What stays from step to step.
    pub states: States<N>,
    /// Optimizer states that lie on the device.
    pub optimizer: N,
    /// Kept by layers, all micro-batches in flight.
    pub layers: N,
    /// Kept after the head.
    pub loss: N,
    /// Final norm, head, stem, rotary tables, copies under autocast.
    pub other: N,
    /// All that is kept between forward and backward.
    pub activations: N,
    /// What else is alive at the peak.
    pub transient: N,
    /// The most alive at any moment of the step.
    pub peak: N,
    /// Moments of the step, in order, and what is alive then beside weights and states.
    pub moments: Vec<Moment<N>>,
}

/// A moment of a step.
#[derive(Clone, Debug)]
pub struct Moment<N> {
    /// Which.
    pub when: When,
    /// What is kept for the backward pass.
    pub activations: N,
    /// Gradients of weights.
    pub gradients: N,
    /// Everything else that lives for a moment.
    pub transient: N,
    /// All of it, with weights and states.
    pub total: N,
}

/// Moments of a training step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum When {
    /// Before anything runs.
    Start,
    /// As the mask of an encoder's windows is made, before its layers.
    Masks,
    /// After the forward pass.
    Forward,
    /// The loss's backward pass.
    Loss,
    /// The backward pass of the last layer, the first to run.
    Layer,
    /// The backward pass of the last layer of an encoder, after its decoder's.
    Encoder,
    /// After the backward pass, as the optimizer runs.
    Optimizer,
}

impl When {
    /// As the end of "at …".
    pub const fn at(self) -> &'static str {
        match self {
            Self::Start => "rest, between steps",
            Self::Masks => "the beginning of the forward pass, as the mask of the windows is made",
            Self::Forward => "the end of the forward pass",
            Self::Loss => "the backward pass of the loss",
            Self::Layer => "the backward pass of the last layer",
            Self::Encoder => "the backward pass of the encoder's last layer",
            Self::Optimizer => "the end of the backward pass, as the optimizer runs",
        }
    }
    /// In words.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Start => "Between steps",
            Self::Masks => "Mask of the windows",
            Self::Forward => "End of the forward pass",
            Self::Loss => "Backward pass of the loss",
            Self::Layer => "Backward pass of a layer",
            Self::Encoder => "Backward pass of the encoder",
            Self::Optimizer => "Optimizer",
        }
    }
}

/// What a rank of a stage holds over a step.
///
/// The peak is the largest of: the loss's backward pass, a layer's backward pass, the end with all gradients.
pub fn stage_memory<N: Number>(plan: &TrainingPlan, blueprint: &Blueprint, stage: &Stage) -> StageMemory<N> {
    memory_of_stage(plan, blueprint, stage, &LayerMemory::of(plan, blueprint))
}

/// The same, with what layers take found already.
pub fn memory_of_stage<N: Number>(
    plan: &TrainingPlan,
    blueprint: &Blueprint,
    stage: &Stage,
    each: &LayerMemory<N>,
) -> StageMemory<N> {
    let held = stage_memory_with::<N>(plan, blueprint, stage, each, false);
    let paged = matches!(plan.optimizer, Optimizer::PagedAdamw | Optimizer::PagedAdamw8bit);
    // Paged states are moved to the host where they do not fit.
    match plan.room {
        Some(room) if paged && held.peak.value() > room as f64 => stage_memory_with(plan, blueprint, stage, each, true),
        _ => held,
    }
}

fn stage_memory_with<N: Number>(
    plan: &TrainingPlan,
    blueprint: &Blueprint,
    stage: &Stage,
    each: &LayerMemory<N>,
    evicted: bool,
) -> StageMemory<N> {
    let keeper = Keeper::new(plan, blueprint);
    let mut states = states::<N>(plan, blueprint, stage);
    if plan.offloads_weights() {
        states.weights = N::zero();
        states.by_component = Vec::new();
    }
    if plan.offloads_gradients() {
        states.gradients = N::zero();
        states.idle_gradients = N::zero();
    }
    let states = states;
    let ranks = |value: N, among: u64| {
        if among > 1 {
            value.over(N::input(&Quantity::choice("devices that share it", among, "Hardware")))
        } else {
            value
        }
    };
    // Layers, in flight.
    let (flying, of) = stage.in_flight(plan);
    let mut layers = Vec::new();
    let mut held_over = Vec::new();
    let mut whole: Option<N> = None;
    let mut widest: Option<N> = None;
    for (kind, count) in each.kinds.iter().zip(&stage.counts).filter(|(_, count)| **count > 0) {
        let count = || N::constant(*count as f64);
        layers.push(count().times(kind.kept.clone()));
        held_over.push(count().times(kind.packed.clone()));
        let larger = |known: Option<N>, next: &N| known.map_or(next.clone(), |known| known.most(next.clone()));
        whole = Some(larger(whole, &kind.again));
        widest = Some(larger(widest, &kind.whole));
    }
    let mut layers = N::sum(layers);
    if stage.first && plan.adapters.is_some() && plan.recompute != Recompute::Full {
        layers = layers.minus(keeper.spared(stage.layers()));
    }
    let mut encoder = EncoderMemory::of(plan, &keeper, each);
    if let Some(encoder) = &encoder {
        layers = layers.plus(encoder.kept.clone());
        widest = Some(encoder.whole.clone());
    }
    if flying > 1 || of > 1 {
        layers = layers.times(N::input(&Quantity::assumed(
            "in flight",
            flying,
            "micro-batches, in chunks of layers",
        )));
        layers = ranks(layers, of);
    }
    if plan.activation_offload {
        if let Some(encoder) = &mut encoder {
            encoder.kept = N::zero();
        }
        // Of two buffers through which Unsloth's come back, one is read by the layer in hand.
        layers = if plan.framework == Framework::Unsloth {
            keeper.checkpoint()
        } else {
            N::zero()
        };
    }
    let layers = layers.named("layers", "What the layers keep for the backward pass.");
    let loss = if stage.last { keeper.loss::<N>() } else { N::zero() };
    let ends = keeper.ends::<N>(stage.first, stage.last);
    let other = ends.plus(keeper.once());
    let activations = N::sum([layers.clone(), loss.clone(), other.clone()]);
    let optimizer = if plan.optimizer_offload || evicted {
        N::zero()
    } else {
        states.optimizer.clone()
    };
    let base = states.weights.clone().plus(optimizer.clone());

    let of_logits = logits::in_backward::<N>(plan, blueprint, stage);
    let gathered = if plan.zero == Zero::Weights && plan.weight_shards() > 1 && plan.pipeline > 1 {
        // In a pipeline weights stay gathered between micro-batches, and gradients are added up whole, in FP32.
        let layers = N::constant(stage.layers() as f64);
        states.unit.clone().times(layers).plus(states.root.clone()).scaled(3.0)
    } else if plan.zero == Zero::Weights && plan.weight_shards() > 1 && plan.framework == Framework::Deepspeed {
        // `stage3_max_live_parameters`: gathered weights are let go only beyond a thousand million.
        let all = states
            .unit
            .clone()
            .times(N::constant(stage.layers_in_all(blueprint) as f64))
            .plus(states.root.clone());
        let bucket = N::constant(plan.activation_bytes() as f64 * plan.habits().bucket as f64);
        all.least(N::constant(2e9))
            .most(states.unit.clone().scaled(2.0).plus(states.root.clone()))
            .plus(bucket.named("bucket", "Gradients on their way to the other ranks."))
    } else if plan.zero == Zero::Weights && plan.weight_shards() > 1 {
        states.unit.clone().scaled(2.0).plus(states.root.clone())
    } else {
        N::zero()
    };
    let held = plan.accumulation > 1 || keeps_gradients(plan) || plan.pipeline > 1;
    // Those of towers are never made in a step on text.
    let gradients = || states.gradients.clone().minus(states.idle_gradients.clone());
    let before = match held {
        true if plan.adds_up_whole() => {
            let each = N::constant(plan.activation_bytes() as f64);
            each.times(states.trainable.clone())
        }
        true => gradients(),
        false => N::zero(),
    };
    // The last layer's backward pass: all layers are kept, the loss is gone.
    let unit_gradient = if plan.gradient_shards() > 1 {
        states.unit.clone()
    } else {
        N::zero()
    };
    // Of texts that run apart a layer's backward pass is that of half of them.
    let passes = plan.passes(blueprint) as f64;
    let of_pass = |value: N| {
        if passes > 1.0 {
            value.over(N::constant(passes))
        } else {
            value
        }
    };
    let again = of_pass(whole.unwrap_or_else(N::zero));
    let layer_gradients = of_pass(each.gradients.clone());
    // Classes for labels and embeddings have no head of words.
    let words = blueprint.purpose.is_none_or(|purpose| purpose == Purpose::Masked);
    let head_gradient = if plan.adapters.is_some() || held || !words {
        N::zero()
    } else {
        let root = ranks(states.root.clone(), plan.gradient_shards());
        root.times(N::constant(plan.bytes.gradient as f64))
            .over(N::constant(2.0))
    };
    // The end: all gradients, those of table and tied head side by side.
    let tied = if blueprint.ties_head()
        && !plan.habits().unties_head
        && plan.adapters.is_none()
        && plan.pipeline == 1
        && plan.gradient_shards() == 1
    {
        let root = states
            .root
            .clone()
            .times(N::constant(plan.bytes.gradient as f64))
            .over(N::constant(2.0));
        root.scaled(2.0)
    } else {
        N::zero()
    };
    // Both texts of a pair run apart: their gradients of the token table and the sum of those are there at once.
    let apart = passes > 1.0;
    let tables = if apart && plan.adapters.is_none() && plan.gradient_shards() == 1 {
        ranks(states.root.clone(), plan.gradient_shards()).times(N::constant(plan.bytes.gradient as f64))
    } else {
        N::zero()
    };
    // Where weights are sharded, token table and head are one unit: its weights, its gradients, and those as they are summed.
    let root = if plan.shards_units() && plan.adapters.is_none() {
        let copies = 2.0 + plan.habits().reduce_bytes as f64 / 2.0;
        states.root.clone().scaled(copies)
    } else {
        N::zero()
    };
    // As the first layer's pass runs all gradients are there but those of the layer itself and of the token table.
    let first = {
        let bytes = N::constant(plan.bytes.gradient as f64).over(N::constant(2.0));
        let table = if blueprint.ties_head() {
            N::zero()
        } else if words {
            states.root.clone().over(N::constant(2.0))
        } else {
            states.root.clone()
        };
        let missing = ranks(states.unit.clone().plus(table), plan.gradient_shards()).times(bytes);
        // Of an encoder the first layer may be of another kind than the widest.
        let own = blueprint
            .layout
            .kind_at(0)
            .filter(|_| blueprint.autograd.counts_encoder);
        let own = own.and_then(|kind| each.kinds.get(kind)).map(|kind| kind.whole.clone());
        let reads = match encoder.is_some() {
            true => each.encoder_gradients.clone(),
            false => layer_gradients.clone(),
        };
        let alive = of_pass(own.or(widest).unwrap_or_else(N::zero)).plus(reads);
        alive.minus(missing)
    };
    let at_once = if plan.habits().updates_at_once && plan.optimizer == Optimizer::Adamw && !plan.in_backward {
        optimizer.clone().over(N::constant(2.0))
    } else {
        N::zero()
    };
    // Blocks of tensors that are not there at the moment of the logits: a layer's, gradients, their sum over the ranks.
    let blocks = if plan.habits().prints_reserved {
        let freed = if held { N::zero() } else { gradients() };
        let summed = if plan.shards_units() && plan.adapters.is_none() {
            states.root.clone().scaled(plan.habits().reduce_bytes as f64 / 2.0)
        } else {
            N::zero()
        };
        N::sum([freed, again.clone(), layer_gradients.clone(), summed])
    } else {
        N::zero()
    };
    let moment = |when, activations: N, gradients: N, transient: N| Moment {
        when,
        total: N::sum([base.clone(), activations.clone(), gradients.clone(), transient.clone()]),
        activations,
        gradients,
        transient,
    };
    let alive = N::sum([base.clone(), activations.clone(), before.clone()]);
    let returned = logits::as_it_returns(plan, blueprint, stage, &keeper, N::sum(held_over), &alive);
    let none = N::zero;
    let of_layer = N::sum([
        again,
        layer_gradients,
        each.unpacked.clone(),
        unit_gradient.clone(),
        gathered.clone(),
    ]);
    let last_layer = moment(
        When::Layer,
        layers.clone().plus(other.clone()),
        before.clone().plus(head_gradient),
        of_layer.clone(),
    );
    // As the first of two passes runs backward, all gradients of the second wait for its own.
    let half = || of_pass(layers.clone().plus(other.clone()));
    let between = apart.then(|| moment(When::Layer, half(), before.clone().plus(gradients()), of_layer));
    let layer = match between {
        Some(between) if between.total.value() > last_layer.total.value() => between,
        _ => last_layer,
    };
    let before_masks = before.clone();
    let mut moments = vec![
        moment(
            When::Start,
            none(),
            if keeps_gradients(plan) { gradients() } else { none() },
            none(),
        ),
        moment(
            When::Forward,
            activations.clone(),
            before.clone(),
            gathered.clone().plus(returned),
        ),
        moment(
            When::Loss,
            activations.clone(),
            before.clone(),
            N::sum([of_logits, gathered.clone(), blocks]),
        ),
        layer,
    ];
    if let Some(encoder) = encoder {
        let kept = encoder.kept.plus(keeper.encoder_alone());
        let made = if held {
            before.clone()
        } else {
            gradients().minus(states.encoder_gradients.clone())
        };
        let alive = [encoder.again, each.encoder_gradients.clone(), unit_gradient, gathered];
        // Before it the gradient of the decoder's table is added to that of a tied head.
        let alive = N::sum(alive).most(tied.clone());
        moments.push(moment(When::Encoder, kept, made, alive));
    }
    moments.push(moment(
        When::Optimizer,
        none(),
        if plan.adds_up_whole() { before } else { gradients() },
        tied.most(at_once).most(root).most(first).most(tables),
    ));
    if stage.first && keeper.masks_windows() {
        // How far each token is from each other one, and the same without a sign, in 64 bits.
        let sequence = Quantity::choice("sequence", plan.sequence, "Workload");
        let apart = N::product([N::constant(16.0), N::input(&sequence), N::input(&sequence)]);
        moments.insert(1, moment(When::Masks, none(), before_masks, apart));
    }
    let totals = moments.iter().map(|moment| moment.total.clone());
    let peak = totals
        .reduce(N::most)
        .unwrap_or_else(N::zero)
        .named("peak", "The most alive at any moment of a step.");
    let stays = N::sum([base, activations.clone(), gradients()]);
    let transient = peak.clone().minus(stays);
    StageMemory {
        states,
        optimizer,
        layers,
        loss,
        other,
        activations,
        transient,
        peak,
        moments,
    }
}

/// Whether gradients have a buffer of their own that is there from step to step.
fn keeps_gradients(plan: &TrainingPlan) -> bool {
    match plan.framework {
        Framework::Megatron | Framework::Internevo | Framework::Colossalai => true,
        Framework::Deepspeed => plan.zero == Zero::Weights && plan.weight_shards() > 1,
        _ => false,
    }
}
