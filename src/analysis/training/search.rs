//! The search for a plan: every layout a framework can run on so many devices, ranked by the time of a step.

use std::collections::HashMap;

use super::layer_memory::LayerMemory;
use super::layouts::{Layout, Limits, Shape, powers};
use super::memory::memory_of_stage;
use super::plan::TrainingPlan;
use super::stage::{Stage, stages};
use super::time::{StepTime, Work, step_time};
use super::usual::UsualWay;
use crate::analysis::error::AnalysisError;
use crate::analysis::price;
use crate::analysis::setup::Setup;
use crate::hardware::Device;
use crate::model::{Blueprint, Component};
use crate::scenario::training::{Framework, Optimizer, Zero};
use crate::scenario::{Mode, Recompute, Scenario};
use crate::units::Exact;

/// A layout and how it does.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// The scenario that runs it.
    pub scenario: Scenario,
    /// The same, resolved.
    pub plan: TrainingPlan,
    /// Bytes of the fullest rank, driver and runtime included.
    pub total_bytes: u64,
    /// The step.
    pub time: StepTime,
    /// Whether it fits the device.
    pub fits: bool,
}

impl Candidate {
    /// Tokens a second of all devices.
    pub fn tokens_per_second(&self) -> f64 {
        self.time.tokens_per_second(&self.plan)
    }
    /// Days of calendar time for the tokens of the run, where they are given.
    pub fn days(&self) -> Option<f64> {
        let seconds = self.plan.tokens? as f64 / self.tokens_per_second() / self.plan.goodput.max(0.01);
        Some(seconds / 86_400.0)
    }
    /// US dollars of the run, where its tokens are given and a device of the setup has a price.
    pub fn dollars(&self, setup: &Setup) -> Option<f64> {
        let each = price(setup)?.usd_per_hour / setup.layout.devices.max(1) as f64;
        Some(self.days()? * 24.0 * each * self.plan.devices as f64)
    }
}

/// What was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Search {
    /// Those that fit, fastest first.
    pub best: Vec<Candidate>,
    /// The one that needs least, where none fits.
    pub nearest: Option<Candidate>,
    /// What people try first, whether or not it fits: name and layout.
    pub usual: Vec<(String, Candidate)>,
    /// Layouts that were weighed.
    pub tried: usize,
    /// Bytes of a device.
    pub room: u64,
    /// Sequences of a step, in every layout.
    pub global_batch: u64,
}

/// Most plans that are kept.
const KEPT: usize = 20;
/// What a step usually takes: four million tokens in pretraining, as open runs of this decade do, and so many sequences in
/// fine-tuning.
const USUAL_TOKENS: u64 = 4 << 20;
const USUAL_FINETUNE: u64 = 128;

/// What comes of weighing a layout.
enum Weighed {
    Candidate(Box<Candidate>),
    /// It needs more than a device has, and more than anybody asks about.
    TooLarge,
}

/// Weighs layouts of one model on one device.
struct Scale<'a> {
    setup: &'a Setup,
    device: &'a Device,
    work: Work,
    room: u64,
    /// Parameters of routed experts, and all others.
    routed: f64,
    dense: f64,
}

impl Scale<'_> {
    /// What a rank holds of weights and states at least, bytes, by their numbers alone; `like` is a plan of the framework.
    fn least(&self, layout: &Layout, like: &TrainingPlan) -> f64 {
        if like.adapters.is_some() || like.optimizer_offload {
            return 0.0;
        }
        let bytes = like.bytes;
        // Optimizers but AdamW keep less; a bound may not be above what is kept.
        let moments = if like.optimizer == Optimizer::Adamw {
            2 * bytes.moment
        } else {
            0
        };
        let experts = if layout.expert > 1 {
            layout.expert
        } else {
            layout.tensor
        };
        let replicas = layout.group.unwrap_or(like.devices / (layout.tensor * layout.pipeline));
        let of = |sharded: bool| {
            let shards = if sharded { replicas } else { 1 };
            let of_experts = if sharded && layout.expert > 1 {
                (shards * layout.tensor / layout.expert).max(1)
            } else {
                shards
            };
            let dense = self.dense / (layout.tensor * shards) as f64;
            let routed = self.routed / (experts * of_experts) as f64;
            (dense + routed) / layout.pipeline as f64
        };
        // The middle of a pipeline holds a little less than its share.
        let states = (moments + bytes.master) as f64 * of(layout.zero != Zero::None);
        0.8 * (bytes.weight as f64 * of(layout.zero == Zero::Weights) + states)
    }
    /// Weighs a layout; `None` where it cannot be.
    fn weigh(&self, scenario: Scenario) -> Option<Candidate> {
        match self.weigh_below(scenario, None)? {
            Weighed::Candidate(one) => Some(*one),
            Weighed::TooLarge => None,
        }
    }
    /// The same; a layout that does not fit and needs at least so many bytes is not looked at further.
    fn weigh_below(&self, scenario: Scenario, most: Option<u64>) -> Option<Weighed> {
        let blueprint = &self.setup.blueprint;
        let plan = self.plan(&scenario)?;
        let all = stages(&plan, blueprint);
        // The first stage has most in flight, the last the loss; those between lie between, unless they have more layers.
        let (first, last) = (all.first()?, all.last().filter(|_| all.len() > 1));
        let ends = last.map_or(0, Stage::layers).max(first.layers());
        let fullest = all.iter().max_by_key(|stage| stage.layers());
        let middle = fullest.filter(|stage| stage.layers() > ends);
        let layers = LayerMemory::<Exact>::of(&plan, blueprint);
        let mut held = Vec::with_capacity(3);
        let mut total_bytes = 0;
        for stage in [Some(first), middle, last].into_iter().flatten() {
            let memory = memory_of_stage(&plan, blueprint, stage, &layers);
            let bytes = memory.peak.0.saturating_add(self.setup.scenario.assumptions.overhead);
            total_bytes = bytes.max(total_bytes);
            if total_bytes > self.room && most.is_some_and(|most| total_bytes >= most) {
                return Some(Weighed::TooLarge);
            }
            held.push((stage.clone(), memory));
        }
        let time = step_time(&self.asking(&scenario), &plan, &held, self.device, &self.work)?;
        Some(Weighed::Candidate(Box::new(Candidate {
            scenario,
            plan,
            fits: total_bytes <= self.room,
            total_bytes,
            time,
        })))
    }
    fn plan(&self, scenario: &Scenario) -> Option<TrainingPlan> {
        let plan = TrainingPlan::of(&self.setup.blueprint, scenario).ok()?;
        Some(plan.on(Some(self.device.usable_bytes())))
    }
    fn asking(&self, scenario: &Scenario) -> Setup {
        self.setup.working(|own| *own = scenario.clone())
    }
}

fn elements(blueprint: &Blueprint, routed: bool) -> f64 {
    let mine = blueprint.tensors().filter(|(_, tensor)| {
        tensor.is_parameter() && (tensor.component == Component::Experts && tensor.copies.is_some()) == routed
    });
    mine.map(|(place, tensor)| place.stored(tensor, tensor.elements::<f64>()))
        .sum()
}

/// Finds the best plans for a setup's model, devices and sequence, at the sequences of a step that its own run takes
/// ([`step_batch`]). Frameworks are those that were chosen, else the usual ones.
///
/// # Errors
/// No device, or a global batch that no layout divides.
pub fn search(setup: &Setup) -> Result<Search, AnalysisError> {
    let Some(device) = setup.device() else {
        return Err(AnalysisError::Layout(
            "Choose a device with --hardware: a plan is for devices of one kind.".to_owned(),
        ));
    };
    let scenario = &*setup.requested;
    let devices = scenario.hardware.devices.max(1);
    let finetune = scenario.workload.mode == Mode::Finetune;
    let sequence = scenario.workload.prompt.max(1);
    let global = step_batch(setup);
    let frameworks: Vec<Framework> = match scenario.training.framework {
        Some(one) => vec![one],
        None if devices == 1 => vec![Framework::Transformers],
        None if finetune => vec![Framework::Deepspeed, Framework::Fsdp],
        None => vec![Framework::Fsdp, Framework::Torchtitan, Framework::Megatron],
    };
    let shape = Shape::of(&setup.blueprint);
    let node = device.link_domain.unwrap_or(8).min(8);
    let scale = Scale {
        setup,
        device,
        work: Work::of(setup),
        room: crate::analysis::fit::capacity(setup, device),
        routed: elements(&setup.blueprint, true),
        dense: elements(&setup.blueprint, false),
    };
    let mut found = Vec::new();
    let mut nearest: Option<Candidate> = None;
    let mut smallest: Option<(f64, Scenario)> = None;
    let mut tried = 0;
    for framework in frameworks {
        let limits = Limits {
            framework,
            shape: &shape,
            devices,
            node,
            sequence,
            global,
            schedule: scenario.training.schedule,
        };
        let mut like = None;
        // Of layouts that differ in micro-batch alone: whether a smaller one was too large already, and which fitted with
        // everything kept, where computing layers again only costs time.
        let mut known: HashMap<Layout, (bool, u64)> = HashMap::new();
        for layout in limits.layouts() {
            tried += 1;
            let way = Layout {
                micro_batch: 0,
                recompute: Recompute::None,
                ..layout
            };
            let (too_large, kept) = known.get(&way).copied().unwrap_or_default();
            if too_large || layout.recompute == Recompute::Full && kept == layout.micro_batch {
                continue;
            }
            let asked = || layout.scenario(scenario, global);
            if like.is_none() {
                like = scale.plan(&asked());
            }
            let least = like.as_ref().map_or(0.0, |like| scale.least(&layout, like));
            if least > scale.room as f64 {
                if smallest.as_ref().is_none_or(|(known, _)| least < *known) {
                    smallest = Some((least, asked()));
                }
                continue;
            }
            // Of those that do not fit the smallest is told, and only where none fits.
            let most = if found.is_empty() {
                nearest.as_ref().map(|known| known.total_bytes)
            } else {
                Some(0)
            };
            let Some(weighed) = scale.weigh_below(asked(), most) else {
                continue;
            };
            let fits = matches!(&weighed, Weighed::Candidate(one) if one.fits);
            known.insert(
                way,
                match layout.recompute {
                    Recompute::Full => (!fits, kept),
                    _ => (false, if fits { layout.micro_batch } else { kept }),
                },
            );
            match weighed {
                Weighed::Candidate(one) if fits => found.push(*one),
                Weighed::Candidate(one) => nearest = Some(*one),
                Weighed::TooLarge => {}
            }
        }
    }
    if found.is_empty() && nearest.is_none() {
        nearest = smallest.and_then(|(_, asked)| scale.weigh(asked));
    }
    found.sort_by(|one, other| {
        one.time
            .seconds
            .total_cmp(&other.time.seconds)
            .then(one.plan.context.cmp(&other.plan.context))
            .then(one.total_bytes.cmp(&other.total_bytes))
    });
    let found = distinct(found);
    let usual = usual(&scale, scenario, &shape, devices, global, node);
    Ok(Search {
        nearest: if found.is_empty() { nearest } else { None },
        best: found,
        usual,
        tried,
        room: scale.room,
        global_batch: global,
    })
}

/// The best of each way to share a model, fastest first: variants that differ in micro-batch and chunks alone are one way, and
/// one that shares less comes before an equally fast one that shares more.
fn distinct(found: Vec<Candidate>) -> Vec<Candidate> {
    let ways = |plan: &TrainingPlan| [plan.tensor, plan.pipeline, plan.context, plan.expert].map(|degree| degree > 1);
    let mut kept: Vec<Candidate> = Vec::new();
    for one in found {
        let same = |known: &&Candidate| {
            let (a, b) = (&known.plan, &one.plan);
            (a.framework, a.tensor, a.pipeline, a.context, a.expert)
                == (b.framework, b.tensor, b.pipeline, b.context, b.expert)
                && (a.zero, a.shard_group, a.recompute) == (b.zero, b.shard_group, b.recompute)
        };
        // Sharing a sequence as well is no other way where it is no faster.
        let no_faster = |known: &&Candidate| {
            let fewer = ways(&known.plan)
                .iter()
                .zip(ways(&one.plan))
                .all(|(known, here)| !known || here);
            fewer
                && one.plan.context > known.plan.context
                && (known.plan.framework, known.plan.tensor, known.plan.pipeline)
                    == (one.plan.framework, one.plan.tensor, one.plan.pipeline)
        };
        if kept.len() < KEPT && !kept.iter().any(|known| same(&known) || no_faster(&known)) {
            kept.push(one);
        }
    }
    kept
}

/// Sequences of a step of a setup's run, as it is answered: those that were chosen, else what its layout makes of micro-batch
/// and accumulation; of a layout that cannot be, a micro-batch on each device.
fn step_batch(setup: &Setup) -> u64 {
    let scenario = &*setup.requested;
    let given = scenario.training.global_batch;
    let of_run = || {
        TrainingPlan::of(&setup.blueprint, scenario)
            .ok()
            .map(|plan| plan.global_batch)
    };
    let once = || {
        let steps = scenario.training.accumulation.unwrap_or(1).max(1);
        let all = scenario
            .workload
            .batch
            .max(1)
            .saturating_mul(scenario.hardware.devices.max(1));
        all.saturating_mul(steps)
    };
    given.or_else(of_run).unwrap_or_else(once)
}

/// Sequences of a step that people choose where a whole run is planned: a number that most layouts divide.
pub fn usual_batch(scenario: &Scenario) -> u64 {
    let wanted = if scenario.workload.mode == Mode::Finetune {
        USUAL_FINETUNE
    } else {
        (USUAL_TOKENS / scenario.workload.prompt.max(1)).max(1)
    };
    wanted.max(scenario.hardware.devices.max(1)).next_power_of_two()
}

/// What people try first.
fn usual(
    scale: &Scale<'_>,
    scenario: &Scenario,
    shape: &Shape,
    devices: u64,
    global: u64,
    node: u64,
) -> Vec<(String, Candidate)> {
    let plain = Layout {
        framework: scenario.training.framework.unwrap_or(if devices == 1 {
            Framework::Transformers
        } else {
            Framework::Fsdp
        }),
        tensor: 1,
        pipeline: 1,
        chunks: 1,
        context: 1,
        expert: 1,
        zero: Zero::None,
        group: None,
        micro_batch: 1,
        recompute: Recompute::None,
    };
    let again = UsualWay::Recomputes(Recompute::Full);
    let sharded = UsualWay::Shares(Zero::Weights);
    let mut rows = vec![(UsualWay::Shares(Zero::None).name().to_owned(), plain)];
    if devices > 1 {
        rows.push((
            sharded.name().to_owned(),
            Layout {
                zero: Zero::Weights,
                ..plain
            },
        ));
        rows.push((
            format!("{}, {}", sharded.name(), again.how()),
            Layout {
                zero: Zero::Weights,
                recompute: Recompute::Full,
                ..plain
            },
        ));
        let tensor = powers(node.min(devices))
            .filter(|one| shape.heads.is_multiple_of(*one))
            .max()
            .unwrap_or(1);
        rows.push((
            UsualWay::SplitsProducts.name().to_owned(),
            Layout {
                tensor,
                zero: Zero::States,
                framework: Framework::Megatron,
                ..plain
            },
        ));
    } else {
        rows.push((
            again.name().to_owned(),
            Layout {
                recompute: Recompute::Full,
                ..plain
            },
        ));
    }
    let weighed = rows.into_iter().filter_map(|(name, layout)| {
        let data = devices / (layout.tensor * layout.pipeline * layout.context).max(1);
        let global = global.div_ceil(data.max(1)) * data.max(1);
        Some((name, scale.weigh(layout.scenario(scenario, global))?))
    });
    weighed.collect()
}
