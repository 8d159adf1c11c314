//! The whole analysis as plain numbers.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::compute::{OpCost, costs};
use super::error::AnalysisError;
use super::fit::{Fit, Verdict, fit, host_memory};
use super::memory::{Memory, memory, table_bytes};
use super::parameters::{Parameters, parameters};
use super::placement::{Plan, RankMemory, Ranks, ranks};
use super::roofline::{Bound, Roof};
use super::serving::{self, Serving};
use super::setup::Setup;
use super::simple_rule;
use super::speed::{Speed, speed};
use super::training::{Training, planner};
use crate::hardware::Engine;
use crate::model::blueprint::Reading;
use crate::model::quantisation::{Loss, quality};
use crate::model::{Blueprint, Component, Notice};
use crate::scenario::Scenario;
use crate::units::{Exact, grouped, percent};

/// What a component costs in one pass.
#[derive(Clone, Debug, PartialEq)]
pub struct ComponentCost {
    /// The component.
    pub component: Component,
    /// Operations.
    pub flops: f64,
    /// Bytes moved.
    pub bytes: f64,
    /// Least time on the device, if there is one with a known rate.
    pub seconds: Option<f64>,
    /// What holds it back there.
    pub bound: Option<Bound>,
}

impl ComponentCost {
    /// FLOP a byte.
    pub fn intensity(&self) -> f64 {
        if self.bytes > 0.0 { self.flops / self.bytes } else { 0.0 }
    }
}

/// Everything that follows.
#[derive(Clone, Debug)]
pub struct Analysis {
    /// What it is of: the scenario resolved, as it runs.
    pub setup: Arc<Setup>,
    /// Parameters.
    pub parameters: Parameters<Exact>,
    /// Memory.
    pub memory: Memory<Exact>,
    /// Operators of the pass, in order.
    pub operators: Vec<OpCost<f64>>,
    /// Costs by component, in the order of components.
    pub components: Vec<ComponentCost>,
    /// Operations of the pass.
    pub flops: f64,
    /// Operations of matrix products alone.
    pub matmul_flops: f64,
    /// Bytes moved in the pass.
    pub bytes: f64,
    /// Speed on the device.
    pub speed: Option<Speed>,
    /// A server in steady state, in the mode that serves.
    pub serving: Option<Serving>,
    /// A training run, in the modes that train.
    pub training: Option<Training>,
    /// What each device holds.
    pub ranks: Ranks,
    /// Fit on the device.
    pub fit: Option<Fit>,
    /// What was assumed: by the model and here.
    pub notices: Vec<Notice>,
}

impl Analysis {
    /// FLOP a byte of the whole pass.
    pub fn intensity(&self) -> f64 {
        if self.bytes > 0.0 { self.flops / self.bytes } else { 0.0 }
    }
    /// Bytes of caches and states that lie in RAM because that was asked for.
    pub fn cache_in_ram(&self) -> u64 {
        if self.setup.keeps_cache_in_ram() {
            self.memory.kv_cache.0.saturating_add(self.memory.state_cache.0)
        } else {
            0
        }
    }
    /// The plan that is carried out, if part of the model is in RAM.
    pub fn offloaded(&self) -> Option<&Plan> {
        let fit = self.fit.as_ref()?;
        fit.offload.as_ref().filter(|_| fit.verdict == Verdict::Offload)
    }
    /// What each device holds, with part of the model in RAM, if it is.
    pub fn ranks_as_they_lie(&self) -> Cow<'_, Ranks> {
        match self.offloaded() {
            Some(plan) => Cow::Owned(self.ranks.under(plan)),
            None => Cow::Borrowed(&self.ranks),
        }
    }
    /// Bytes of weights in RAM: the token table where the engine keeps it there, and what does not fit.
    pub fn weights_in_ram(&self) -> u64 {
        let plan = self
            .offloaded()
            .map_or(0, |plan| plan.in_ram.weights.saturating_add(plan.in_ram.copied));
        table_bytes(&self.setup).saturating_add(plan)
    }
    /// Bytes of caches and states in RAM, because that was asked for or does not fit.
    pub fn caches_in_ram(&self) -> u64 {
        let plan = self.offloaded().map_or(0, |plan| plan.in_ram.caches);
        self.cache_in_ram().saturating_add(plan)
    }
    /// What the fullest device holds: all of it where there is one.
    pub fn held(&self) -> &RankMemory {
        static NONE: RankMemory = RankMemory::NONE;
        self.ranks.fullest().unwrap_or(&NONE)
    }
}

/// Analyses a scenario.
///
/// # Errors
/// An unknown device, or totals beyond 64 bits.
pub fn analyse(blueprint: &Arc<Blueprint>, scenario: &Scenario) -> Result<Analysis, AnalysisError> {
    analyse_setup(Setup::new(blueprint, scenario)?)
}

/// Analyses what is resolved already.
///
/// # Errors
/// Totals beyond 64 bits.
pub fn analyse_setup(setup: Setup) -> Result<Analysis, AnalysisError> {
    let setup = serving::admitted(setup);
    let training = match setup.scenario.workload.mode.trains() {
        true => Some((planner()?.training)(&setup)?),
        false => None,
    };
    let memory = memory::<Exact>(&setup);
    if memory.total == Exact::OVERFLOW {
        return Err(AnalysisError::Overflow("the memory"));
    }
    let operators = costs::<f64>(&setup);
    let components = by_component(&operators, &setup);
    let flops = components.iter().map(|one| one.flops).sum();
    let bytes = components.iter().map(|one| one.bytes).sum();
    let matmul_flops = operators.iter().map(|one| one.matmul).sum();
    let ranks = match &training {
        Some(training) => training.ranks(&setup),
        None => ranks(&setup, &memory)?,
    };
    let fit = setup.device().map(|device| fit(&setup, &ranks, device));
    let host = fit.as_ref().map(Fit::host).unwrap_or_default();
    let mut serving = serving::serving(&setup);
    let mut speed = speed(&setup, &operators, &host);
    if let (Some(speed), Some(serving)) = (&mut speed, &mut serving) {
        speed.serve(serving);
    }
    if let (Some(speed), Some(training)) = (&mut speed, &training) {
        speed.train(training);
    }
    let mut notices = notices(&setup, speed.as_ref(), fit.as_ref());
    notices.extend(serving::notices(&setup, serving.as_ref()));
    Ok(Analysis {
        parameters: parameters(&setup.blueprint),
        memory,
        operators,
        components,
        flops,
        matmul_flops,
        bytes,
        speed,
        serving,
        training,
        ranks,
        fit,
        notices,
        setup: Arc::new(setup),
    })
}

fn by_component(operators: &[OpCost<f64>], setup: &Setup) -> Vec<ComponentCost> {
    struct Sum {
        flops: f64,
        bytes: f64,
        roof: Option<Roof>,
    }
    let mut sums: BTreeMap<Component, Sum> = BTreeMap::new();
    for cost in operators {
        let roof = setup.device().and_then(|device| Roof::of(cost, device));
        let start = || Sum {
            flops: 0.0,
            bytes: 0.0,
            roof: Some(Roof::default()),
        };
        let sum = sums.entry(cost.component).or_insert_with(start);
        sum.flops += cost.flops();
        sum.bytes += cost.bytes();
        sum.roof = sum.roof.zip(roof).map(|(sum, roof)| sum.then(roof));
    }
    let row = |(component, sum): (Component, Sum)| ComponentCost {
        component,
        flops: sum.flops,
        bytes: sum.bytes,
        seconds: sum.roof.map(|roof| roof.seconds),
        bound: sum.roof.map(|roof| roof.bound()),
    };
    sums.into_iter().map(row).collect()
}

/// What a format that was chosen loses, where published figures say that it is much.
fn lossy(setup: &Setup) -> Option<Notice> {
    let figure = quality(setup.scenario.precision.weights?)?;
    let (code, words) = match figure.loss() {
        Loss::Heavy => ("format_loses_much", "loses much of the model"),
        Loss::Noticeable => ("format_loses", "loses some of the model"),
        _ => return None,
    };
    let before = figure.perplexity - figure.perplexity_increase;
    Some(Notice::new(
        code,
        format!(
            "{} {words}: {} measured a perplexity {} higher on {}.",
            setup.weights.method,
            figure.source.split(',').next().unwrap_or_default(),
            percent(figure.perplexity_increase / before.max(f64::MIN_POSITIVE)),
            figure.model,
        ),
    ))
}

fn notices(setup: &Setup, speed: Option<&Speed>, fit: Option<&Fit>) -> Vec<Notice> {
    let mut all = setup.blueprint.notices.clone();
    all.extend(setup.notices.iter().cloned());
    let scenario = &*setup.scenario;
    if let Some(most) = setup
        .blueprint
        .max_context
        .as_ref()
        .filter(|most| setup.tokens().value > most.value)
    {
        let key = most.key().map_or_else(String::new, |key| format!(" ({key})"));
        all.push(Notice::new(
            "beyond_context",
            format!(
                "{} tokens are more than the {} this model was made for{key}.",
                grouped(setup.tokens().value),
                grouped(most.value)
            ),
        ));
    }
    all.extend(speed.and_then(|speed| speed.notice(setup)));
    if let Some(device) = setup.device()
        && device.memory_by_rule()
    {
        all.push(Notice::new(
            "memory_nominal",
            format!(
                "What a driver reports as the memory of {} is not known; {}.",
                device.name,
                device.memory_basis.trim_start_matches("by rule: ")
            ),
        ));
    }
    all.extend(lossy(setup));
    if !scenario.workload.mode.trains() && scenario.serving.engine.is_none() {
        all.push(Notice::new(
            "engine_assumed",
            format!("No engine is chosen; {} is assumed.", setup.engine.label()),
        ));
    }
    let pair = matches!(setup.blueprint.reading, Reading::Both(_));
    if !scenario.workload.mode.trains()
        && pair
        && setup.engine == Engine::Vllm
        && !setup.engine.runs_pair(&setup.blueprint.model_type)
    {
        all.push(Notice::new(
            "engine_without_encoder",
            "vLLM runs no model of this kind, which reads by an encoder; Whisper is the only one.",
        ));
    }
    let offloads = fit.is_some_and(|fit| fit.verdict == Verdict::Offload);
    if offloads && host_memory(scenario).is_none() {
        all.push(Notice::new(
            "host_memory_unknown",
            "How much RAM the machine has is not given: as much as this needs is assumed. The longest context and the most users are those of the devices, with no more layers in RAM (--host-memory says how much there is).",
        ));
    }
    if simple_rule::applies(setup) {
        all.push(Notice::new(
            "memory_simple_rule",
            "Memory is counted by percentages, as many calculators do: weights + 5 %, caches + 5 %, activations 10 % of the weights, and 5 % of all that for the system. Context and engine change the cache alone.",
        ));
    }
    if !scenario.model.edits.is_empty() {
        all.push(Notice::new("edited", "Some keys of the config were changed by hand."));
    }
    all
}
