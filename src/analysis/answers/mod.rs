//! What would it take: how far this hardware goes, and what else would do. Each answer comes with the scenario after it.

mod change;
mod cheapest;
pub(super) mod degree;
pub(super) mod formats;
mod sentences;

pub use cheapest::Cheapest;
pub use degree::Degree;
pub use formats::{BestFormat, RankedBy};
pub use sentences::Said;

use serde::Serialize;

use super::fit::Verdict;
use super::setup::Setup;
use super::summary::Analysis;
use crate::scenario::Scenario;

/// The longest context.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LongestContext {
    /// Tokens of each sequence, prompt and answer; zero if not even one fits.
    pub tokens: u64,
    /// Whether the model's own limit is reached before that of memory.
    pub limited_by_model: bool,
    /// Whether part of the model lies in RAM then.
    pub with_offload: bool,
    /// The scenario with it.
    #[serde(skip)]
    pub scenario: Scenario,
}

/// The most sequences at once.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MostUsers {
    /// How many; zero if not even one fits.
    pub count: u64,
    /// Tokens of each.
    pub tokens_each: u64,
    /// Whether part of the model lies in RAM then.
    pub with_offload: bool,
    /// The scenario with them.
    #[serde(skip)]
    pub scenario: Scenario,
}

/// Every answer; those that make no sense in a mode are left out.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Answers {
    /// Why it does not run as it was asked; then the first two and the last are left out.
    #[serde(skip)]
    pub unsupported: Option<&'static str>,
    /// The longest context with this batch.
    pub context: Option<LongestContext>,
    /// The most sequences of this length.
    pub users: Option<MostUsers>,
    /// The format that loses least and fits whole.
    pub format: Option<BestFormat>,
    /// The hardware that carries it whole for the least money.
    pub cheapest: Option<Cheapest>,
    /// The fewest of these devices that carry it, every layer shared among them.
    pub degree: Option<Degree>,
}

/// The scenario with the format that loses least and fits whole on its device, in the engine most used for that format; `None`
/// without a device, in training, and where no format fits.
pub fn in_best_format(setup: &Setup) -> Option<Scenario> {
    let scenario = &*setup.requested;
    let free = scenario.clone().on_any_engine();
    let device = setup.device().filter(|_| !scenario.workload.mode.trains())?;
    let best = formats::best(setup, device, &free)?;
    best.format.is_some().then_some(best.scenario)
}

/// The answers to an analysis; `None` without a device.
pub fn answers(analysis: &Analysis) -> Option<Answers> {
    let setup = &*analysis.setup;
    let fit = analysis.fit.as_ref()?;
    let device = setup.device()?;
    let scenario = &*setup.requested;
    let runs = !scenario.workload.mode.trains();
    let asked_to = scenario.hardware.offload.is_forced();
    let with_offload = fit.verdict == Verdict::Offload || (asked_to && fit.offload.is_some());
    let own = setup.blueprint.max_context.as_ref().map(|most| most.value);
    let (prompt, generate) = setup.split(fit.max_context);
    let context = LongestContext {
        tokens: fit.max_context,
        limited_by_model: Some(fit.max_context) == own,
        with_offload,
        scenario: scenario.clone().with(|s| {
            s.workload.prompt = prompt;
            s.workload.generate = Some(generate);
        }),
    };
    let users = MostUsers {
        count: fit.max_batch,
        tokens_each: scenario
            .workload
            .prompt
            .saturating_add(setup.media.tokens())
            .saturating_add(scenario.generated()),
        with_offload,
        scenario: scenario.clone().with(|s| {
            s.workload.batch = fit.max_batch.max(1);
            // Another micro-batch need not divide the step's sequences.
            s.training.global_batch = None;
            s.workload.endless = false;
        }),
    };
    let unsupported = (fit.verdict == Verdict::Unsupported).then_some(fit.why);
    let runs_so = unsupported.is_none();
    // What does not run is asked of any engine, with the cache it keeps by itself.
    let free = scenario.clone().on_any_engine();
    let asked = if runs_so { scenario } else { &free };
    Some(Answers {
        unsupported,
        context: (runs && runs_so).then_some(context),
        users: runs_so.then_some(users),
        format: runs.then(|| formats::best(setup, device, asked)).flatten(),
        cheapest: cheapest::cheapest(setup, asked),
        degree: (runs && runs_so && !device.unified).then(|| degree::degree(setup, device)),
    })
}
