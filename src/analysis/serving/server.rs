//! A server: a model on devices under an engine, with what it may run at once.

use crate::analysis::placement::{HostShare, Layout};
use crate::analysis::setup::Setup;
use crate::analysis::time::{Mix, Runner, TimeParts};
use crate::hardware::{Device, Engine};
use crate::scenario::Lengths;

/// What an engine runs at once unless told otherwise.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Limits {
    /// Most sequences that run, for each device that keeps its own.
    pub sequences: f64,
    /// Most tokens of a step, prompts and answers together.
    pub tokens: f64,
}

impl Limits {
    /// The engine's budget; with an endless queue, what it is tuned to for one.
    ///
    /// Source: `trtllm-bench` `finetune_setting` (4,096 sequences over all stages, tokens as the steady state needs them
    /// up to 32,768).
    pub fn of(setup: &Setup, device: &Device, endless: bool) -> Self {
        let engine = setup.engine;
        let scenario = &*setup.scenario;
        let (sequences, tokens) = if endless && engine == Engine::TensorRtLlm {
            let each = 4096.0 / setup.layout.stages().max(1) as f64;
            let share = scenario.workload.prompt as f64 / scenario.generated().max(1) as f64;
            (each, (each * (1.0 + share)).clamp(2048.0, 32768.0))
        } else {
            let budget = engine.budget(Some(device));
            (budget.sequences as f64, budget.tokens.unwrap_or(2048) as f64)
        };
        let or = |chosen: Option<u64>, usual: f64| chosen.map_or(usual, |value| value.max(1) as f64);
        Self {
            sequences: or(scenario.serving.max_sequences, sequences),
            tokens: or(scenario.serving.max_batched_tokens, tokens),
        }
    }
    /// Sequences that run at once on devices that share a model so.
    pub fn at_once(&self, layout: &Layout) -> u64 {
        (self.sequences as u64)
            .saturating_mul(groups(layout))
            .saturating_mul(stages(layout))
    }
}

/// Ranks with sequences of their own.
const fn groups(layout: &Layout) -> u64 {
    if layout.attention_dp && layout.tensor > 1 {
        layout.tensor
    } else {
        1
    }
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
    /// Scheduling.
    pub limits: Limits,
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
            limits: Limits::of(setup, device, !streams),
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
    /// Tokens of a step at most, all ranks of a stage together.
    pub(super) fn budget(&self) -> f64 {
        self.limits.tokens * groups(&self.runner.set.layout) as f64
    }
    /// Tokens of a prompt that are read in one step beside so many that are written.
    pub(super) fn chunk(&self, decodes: f64) -> f64 {
        self.prompt.min((self.budget() - decodes).max(1.0)).max(1.0)
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
            let together = self.budget().min(tokens.max(chunk)).max(1.0);
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
