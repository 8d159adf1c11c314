//! Training: what a run keeps, how long a step takes, what it costs.

mod adapters;
mod answers;
mod at_hand;
mod communication;
mod efficiency;
mod encoder_memory;
mod explained;
mod habits;
mod kept;
pub mod launch;
pub mod law;
mod layer_memory;
mod layouts;
mod legal;
mod links;
mod logits;
mod memory;
mod parameter_bytes;
mod passes;
mod plan;
mod reinforcement;
pub mod schedule;
mod search;
mod stage;
mod states;
mod time;
mod traced;
mod usual;

pub use answers::{Budget, Priced, Way, cheapest, fewest, longest_sequence, quickest, ways};
pub use at_hand::{arrive, planner};
pub use communication::{Communication, Traffic};
pub use efficiency::{Efficiency, FEW, Question, USUAL};
pub use memory::{Moment, StageMemory, When, stage_memory};
pub use parameter_bytes::ParameterBytes;
pub use passes::Passes;
pub use plan::{Adapters, TrainingPlan};
pub use reinforcement::RlStage;
pub use search::{Candidate, Search, search, usual_batch};
pub use stage::{Stage, stages};
pub use time::{StepTime, Work};
pub use usual::UsualWay;

use super::error::AnalysisError;
use super::memory::Memory;
use super::placement::{RankGroup, RankMemory, Ranks};
use super::setup::Setup;
use crate::hardware::Device;
use crate::model::{Blueprint, Component, Tensor};
use crate::units::{Exact, Number, Quantity};

/// Everything that follows for a training run.
#[derive(Clone, Debug)]
pub struct Training {
    /// The run, resolved.
    pub plan: TrainingPlan,
    /// Each stage of the pipeline and what its ranks hold.
    pub stages: Vec<(Stage, StageMemory<Exact>)>,
    /// How long a step takes, with a device.
    pub time: Option<StepTime>,
    /// Stages of an update, where answers are reinforced.
    pub rl_stages: Vec<RlStage>,
}

/// A whole run.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// Tokens trained on.
    pub tokens: u64,
    /// Operations of the model itself over all tokens.
    pub flops: f64,
    /// Optimizer steps.
    pub steps: u64,
    /// Days of calendar time.
    pub days: f64,
    /// Between which they lie, four times of five.
    pub days_between: (f64, f64),
    /// Hours of all devices together.
    pub device_hours: f64,
    /// US dollars.
    pub cost_usd: Option<f64>,
    /// Energy of the devices at their power limit.
    pub energy_kwh: Option<f64>,
}

impl Training {
    /// Analyses the run of a setup.
    ///
    /// # Errors
    /// A layout that cannot be, or totals beyond 64 bits.
    pub fn of(setup: &Setup) -> Result<Self, AnalysisError> {
        let blueprint = &setup.blueprint;
        let plan = TrainingPlan::of(blueprint, &setup.scenario)?.on(room(setup));
        let layers = layer_memory::LayerMemory::of(&plan, blueprint);
        let each = stages(&plan, blueprint).into_iter().map(|stage| {
            let memory = memory::memory_of_stage::<Exact>(&plan, blueprint, &stage, &layers);
            (stage, memory)
        });
        let stages: Vec<_> = each.collect();
        if stages.iter().any(|(_, memory)| memory.peak == Exact::OVERFLOW) {
            return Err(AnalysisError::Overflow("the memory"));
        }
        let time = setup
            .device()
            .and_then(|device| time::step_time(setup, &plan, &stages, device, &Work::of(setup)));
        let peak = stages.iter().map(|(_, memory)| memory.peak.0).max().unwrap_or(0);
        let rl_stages = reinforcement::rl_stages(setup, &plan, time.as_ref(), peak);
        Ok(Self {
            plan,
            stages,
            time,
            rl_stages,
        })
    }
    /// The whole run, where its tokens are given; its cost where an hour of all devices has a price.
    pub fn run(&self, setup: &Setup) -> Option<Run> {
        let device = setup.device();
        let usd_per_hour = super::price(setup).map(|price| price.usd_per_hour);
        let (time, tokens) = (self.time.as_ref()?, self.plan.tokens?);
        let rate = time.tokens_per_second(&self.plan);
        let seconds = tokens as f64 / rate / self.plan.goodput.max(0.01);
        let (low, high) = time.tokens_between(&self.plan);
        let days = |rate: f64| tokens as f64 / rate / self.plan.goodput.max(0.01) / 86_400.0;
        let hours = seconds / 3600.0;
        let devices = self.plan.devices as f64;
        Some(Run {
            tokens,
            flops: time.model_flops / self.plan.step_tokens().max(1) as f64 * tokens as f64,
            steps: tokens.div_ceil(self.plan.step_tokens().max(1)),
            days: seconds / 86_400.0,
            days_between: (days(high), days(low)),
            device_hours: hours * devices,
            cost_usd: usd_per_hour.map(|price| price * hours),
            energy_kwh: device
                .and_then(|device| device.tdp_w)
                .map(|watts| watts * devices * hours / 1000.0),
        })
    }
    /// Elements that are trained, all stages together, each once.
    pub fn trainable(&self, setup: &Setup) -> u64 {
        let blueprint = &setup.blueprint;
        match &self.plan.adapters {
            None => {
                let own = blueprint.parameters().saturating_sub(frozen(blueprint));
                own.saturating_add(if self.plan.habits().unties_head {
                    tied(blueprint)
                } else {
                    0
                })
            }
            Some(adapters) => adapters::trainable::<Exact>(blueprint, adapters).0,
        }
    }
    /// Whether a head for labels is trained whole beside adapters.
    pub fn trains_head(&self, setup: &Setup) -> bool {
        self.plan.adapters.is_some() && adapters::trained_whole::<Exact>(&setup.blueprint).is_some()
    }
    /// What each rank holds: a group for each stage.
    pub fn ranks(&self, setup: &Setup) -> Ranks {
        let each = self.plan.devices / self.plan.pipeline.max(1);
        let group = |(stage, memory): &(Stage, StageMemory<Exact>)| {
            let overhead = setup.scenario.assumptions.overhead;
            let peak = memory.moments.iter().max_by_key(|moment| moment.total);
            RankGroup {
                first: stage.index.saturating_mul(each),
                count: each,
                room: None,
                device: None,
                memory: RankMemory {
                    weights_by_component: components(&memory.states.by_component),
                    weights_bytes: memory.states.weights.0,
                    activation_bytes: memory.activations.0,
                    gradient_bytes: memory.states.gradients.0,
                    optimizer_bytes: memory.optimizer.0,
                    transient_bytes: memory.transient.0,
                    at_peak: peak.map(|moment| [moment.gradients.0, moment.activations.0, moment.transient.0]),
                    peak_bytes: memory.peak.0,
                    overhead_bytes: overhead,
                    total_bytes: memory.peak.0.saturating_add(overhead),
                    ..RankMemory::default()
                },
            }
        };
        Ranks {
            groups: self.stages.iter().map(group).collect(),
        }
    }
}

/// Elements of parameters that no gradient reaches.
fn frozen(blueprint: &Blueprint) -> u64 {
    let named = |tensor: &Tensor| blueprint.autograd.freezes(&tensor.name) && tensor.is_parameter();
    let all = blueprint.tensors().filter(|(_, tensor)| named(tensor));
    all.fold(0, |sum: u64, (place, tensor)| {
        sum.saturating_add(place.stored(tensor, tensor.elements::<Exact>()).0)
    })
}

/// Elements of tensors that are others' storage, where a framework gives them their own.
fn tied(blueprint: &Blueprint) -> u64 {
    let all = blueprint.tensors().filter(|(_, tensor)| tensor.tied);
    all.fold(0, |sum: u64, (_, tensor)| {
        sum.saturating_add(tensor.elements::<Exact>().0)
    })
}

fn components(weights: &[(Component, Exact)]) -> Vec<(Component, u64)> {
    weights.iter().map(|(component, bytes)| (*component, bytes.0)).collect()
}

/// Memory of the fullest rank of a run at its fullest moment, in the parts that every mode has. A layout that cannot be holds nothing.
pub fn memory<N: Number>(setup: &Setup) -> Memory<N> {
    let blueprint = &setup.blueprint;
    let overhead = Quantity::choice("overhead", setup.scenario.assumptions.overhead, "Assumptions");
    let overhead = N::input(&overhead);
    let fullest = TrainingPlan::of(blueprint, &setup.scenario).ok().and_then(|plan| {
        let plan = plan.on(room(setup));
        let layers = layer_memory::LayerMemory::of(&plan, blueprint);
        let each = stages(&plan, blueprint).into_iter();
        let each = each.map(|stage| memory::memory_of_stage::<N>(&plan, blueprint, &stage, &layers));
        each.reduce(|known, next| {
            if next.peak.value() > known.peak.value() {
                next
            } else {
                known
            }
        })
    });
    let none = N::zero;
    let Some(held) = fullest else {
        return nothing(overhead);
    };
    let fullest = held
        .moments
        .iter()
        .max_by(|one, other| one.total.value().total_cmp(&other.total.value()));
    let (activations, gradients) = match fullest {
        Some(moment) => (moment.activations.clone(), moment.gradients.clone()),
        None => (none(), none()),
    };
    Memory {
        weights_by_component: held.states.by_component.clone(),
        weights: held.states.weights.clone(),
        weights_off_device: Vec::new(),
        kv_cache: none(),
        kv_cache_per_token: none(),
        state_per_sequence: none(),
        state_cache: none(),
        activations,
        gradients,
        optimizer: held.optimizer,
        total: held.peak.clone().plus(overhead.clone()),
        peak: held.peak,
        overhead,
    }
}

fn room(setup: &Setup) -> Option<u64> {
    setup.device().map(Device::usable_bytes)
}

/// A rank that holds nothing.
pub fn nothing<N: Number>(overhead: N) -> Memory<N> {
    let none = N::zero;
    Memory {
        weights_by_component: Vec::new(),
        weights: none(),
        weights_off_device: Vec::new(),
        kv_cache: none(),
        kv_cache_per_token: none(),
        state_per_sequence: none(),
        state_cache: none(),
        activations: none(),
        gradients: none(),
        optimizer: none(),
        peak: none(),
        total: overhead.clone(),
        overhead,
    }
}
