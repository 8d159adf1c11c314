//! A server: a model on devices under an engine, with what it may run at once.

use crate::analysis::placement::{HostShare, Layout};
use crate::analysis::setup::Setup;
use crate::analysis::time::{Mix, Runner, TimeParts};
use crate::hardware::Device;
use crate::scenario::Lengths;

/// Tokens of a step of a server whose engine runs prompts whole.
const WHOLE: u64 = 2048;

/// Sequences that run at once at most by the engine's limits, on all devices that share a model.
pub fn at_once(setup: &Setup) -> u64 {
    let layout = &setup.layout;
    let stages = if setup.engine.limits_each_stage() {
        stages(layout)
    } else {
        1
    };
    let each = setup.budget().sequences;
    each.saturating_mul(layout.replicas()).saturating_mul(stages)
}

/// Stages that work on batches of their own.
const fn stages(layout: &Layout) -> u64 {
    if layout.by_layers || layout.pipeline == 0 {
        1
    } else {
        layout.pipeline
    }
}

/// A model on devices under an engine, ready to be asked about any load.
#[derive(Clone, Debug)]
pub struct Server<'a> {
    pub(super) runner: Runner<'a, f64>,
    /// Tokens of a prompt.
    pub(super) prompt: f64,
    /// Tokens of an answer, at least one.
    pub(super) generated: f64,
    /// Whether answers differ in length.
    pub(super) spread: bool,
    /// Whether prompts run in steps of their own.
    pub(super) separate: bool,
    /// Tokens of a step at most, prompts and answers together, all ranks of a stage.
    pub(super) budget: f64,
    /// Whether each token goes to its client at once; an endless queue is worked off without.
    pub streams: bool,
    /// Sequences that run at most; zero where not even one fits.
    pub capacity: f64,
}

impl<'a> Server<'a> {
    /// The server a question describes on a device; none where the device has no rate.
    pub fn of(setup: &Setup, device: &'a Device) -> Option<Self> {
        let scenario = &*setup.scenario;
        let runner = Runner::<f64>::of(setup, device, &HostShare::default())?;
        if runner.works.iter().any(|work| work.rate.is_none()) {
            return None;
        }
        let streams = setup.admission.is_none_or(|load| load.requests.is_some());
        Some(Self {
            runner,
            prompt: scenario.workload.prompt.max(1) as f64,
            generated: scenario.generated().max(1) as f64,
            spread: scenario.workload.lengths == Lengths::Spread,
            separate: setup.engine.separates_prompts(),
            budget: setup.budget().tokens.unwrap_or(WHOLE) as f64 * setup.layout.replicas() as f64,
            streams,
            capacity: setup.admission.map_or(0.0, |load| load.max_running as f64),
        })
    }
    /// The same with other shares of peak, for a fit.
    pub fn runner_mut(&mut self) -> &mut Runner<'a, f64> {
        &mut self.runner
    }
    /// Stages that work on batches of their own at the same time.
    pub(super) fn stages(&self) -> f64 {
        self.runner.stages()
    }
    /// Tokens of a prompt that are read in one step beside so many that are written.
    pub(super) fn chunk(&self, decodes: f64) -> f64 {
        self.prompt.min((self.budget - decodes).max(1.0)).max(1.0)
    }

    /// The steps that a stage runs when it writes so many tokens and reads so many tokens of prompts a step on average, each with
    /// its share: with less than one chunk a step, some steps read one and the others none.
    pub(super) fn steps(&self, decodes: f64, tokens: f64) -> [(f64, Mix<f64>); 2] {
        let mix = |decodes: f64, tokens: f64| Mix {
            decodes,
            prompts: tokens / self.prompt,
        };
        let chunk = self.chunk(decodes);
        if tokens <= 0.0 {
            return [(1.0, mix(decodes, 0.0)), (0.0, mix(0.0, 0.0))];
        }
        if self.separate {
            // Prompts together fill a step of their own.
            let together = self.budget.min(tokens.max(chunk)).max(1.0);
            return [(1.0, mix(decodes, 0.0)), (tokens / together, mix(0.0, together))];
        }
        let share = (tokens / chunk).min(1.0);
        [
            (share, mix(decodes, tokens.max(chunk))),
            (1.0 - share, mix(decodes, 0.0)),
        ]
    }
    /// Where the seconds of a step of one stage go, on average.
    pub(super) fn parts(&self, decodes: f64, tokens: f64) -> TimeParts {
        let steps = self
            .steps(decodes, tokens)
            .into_iter()
            .filter(|(share, _)| *share > 0.0);
        steps.fold(TimeParts::default(), |sum, (share, mix)| {
            sum.plus(TimeParts::of_step(&self.runner.step(&mix)).scaled(share))
        })
    }
    /// Seconds of such a step.
    pub(super) fn seconds(&self, decodes: f64, tokens: f64) -> f64 {
        self.parts(decodes, tokens).total()
    }
    /// Tokens a second, no more than the front end hands out to clients: both limits blend where they are alike.
    pub(super) fn handed_out(&self, rate: f64) -> f64 {
        if !self.streams || rate <= 0.0 {
            return rate;
        }
        let (each, client) = (1.0 / rate, self.runner.set.with.client);
        (each.powi(4) + client.powi(4)).powf(-0.25)
    }
}
