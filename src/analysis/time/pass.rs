//! Passes as steps: a token for each sequence, or whole prompts in chunks, over the stages that devices form.

use super::setting::Setting;
use super::step::{Mix, StepTime, step};
use super::work::{Work, works};
use crate::analysis::placement::HostShare;
use crate::analysis::setup::Setup;
use crate::hardware::Device;
use crate::units::{Number, Quantity};

/// Copies of the inputs llama.cpp keeps so that devices may work ahead (`GGML_SCHED_MAX_COPIES`).
const COPIES: f64 = 4.0;
/// Launches that wait in a device's queue at most.
const QUEUE: f64 = 1024.0;
/// How far from the edge of the queue the two cases blend.
const BLEND: [f64; 3] = [0.92, 1.0, 1.08];
/// Seconds of a copy from one device to the next, however small.
const COPY: f64 = 1e-4;

/// A model on devices under an engine, ready to be asked about any mix of tokens.
#[derive(Clone, Debug)]
pub struct Runner<'a, N> {
    /// What runs.
    pub works: Vec<Work<N>>,
    /// On what, and how well.
    pub set: Setting<'a>,
}

/// Seconds of a pass, and the step it is made of.
#[derive(Clone, Debug)]
pub struct PassParts<N> {
    /// All of it.
    pub seconds: N,
    /// One step.
    pub step: StepTime<N>,
}

impl<'a, N: Number> Runner<'a, N> {
    /// Of a setup on a device; `None` only where the table of efficiencies cannot be read.
    pub fn of(setup: &Setup, device: &'a Device, host: &HostShare) -> Option<Self> {
        Some(Self {
            works: works(setup, device),
            set: Setting::of(setup, device, host)?,
        })
    }
    /// Stages that work on batches of their own at the same time.
    pub fn stages(&self) -> f64 {
        if self.set.layout.by_layers {
            1.0
        } else {
            self.set.layout.pipeline.max(1) as f64
        }
    }
    /// One step of one stage.
    pub fn step(&self, mix: &Mix<N>) -> StepTime<N> {
        let whole = step(&self.works, mix, &self.set);
        let stages = self.stages();
        if stages <= 1.0 {
            return whole;
        }
        let part = |value: N| value.over(N::constant(stages));
        StepTime {
            operators: part(whole.operators),
            launches: part(whole.launches),
            communication: part(whole.communication),
            host: whole.host,
            memory: whole.memory / stages,
            ram: whole.ram / stages,
        }
    }
    /// A token for each of so many sequences: stages take them one after the other, each with its share of the batch.
    pub fn decode(&self, batch: &Quantity) -> PassParts<N> {
        let stages = self.stages();
        let mut sequences = N::input(batch);
        if stages > 1.0 {
            sequences = sequences.over(N::constant(stages));
        }
        let step = self.step(&Mix::decode(sequences));
        PassParts {
            seconds: step.total().scaled(stages),
            step,
        }
    }
    /// So many prompts, `chunk` tokens at once at most.
    pub fn prefill(&self, batch: &Quantity, chunk: Option<u64>) -> PassParts<N> {
        let tokens = batch.value as f64 * self.set.prompt;
        let chunks = chunk
            .map_or(1.0, |most| (tokens / (most.max(1) as f64)).ceil())
            .max(1.0);
        let mut prompts = N::input(batch);
        if chunks > 1.0 {
            prompts = prompts.over(N::constant(chunks));
        }
        let step = self.step(&Mix::prompt(prompts));
        let layout = self.set.layout;
        let seconds = if layout.by_layers && layout.devices > 1 {
            self.by_layers(step.total(), tokens / chunks, chunks)
        } else {
            // The last chunk passes every stage, the others follow each other.
            step.total().scaled(chunks + self.stages() - 1.0)
        };
        PassParts { seconds, step }
    }
    /// Micro-batches over devices with whole layers each: one host thread feeds them all, and each holds a queue of launches.
    ///
    /// The slowest of three decides how far devices overlap: the largest stage (the output counts as a layer), the copies of
    /// inputs that are kept, and the queue, which blocks the host when it is full. Source: llama.cpp `ggml-backend.cpp`
    /// (`ggml_backend_sched`), CUDA's launch queue.
    fn by_layers(&self, step: N, tokens: f64, chunks: f64) -> N {
        let devices = self.set.layout.devices as f64;
        let layers = self.set.layers.max(1.0);
        let terms = &self.set.terms;
        let each = if self.set.plain {
            terms.queue_plain
        } else {
            terms.queue_quantised
        };
        let held = QUEUE / (each * (layers + 1.0) / devices).max(1e-9);
        let blocked = |held: f64| (devices - held.fract()) / (devices * (held.floor() + 1.0));
        let queue = BLEND.iter().map(|by| blocked(held * by)).sum::<f64>() / BLEND.len() as f64;
        let stage = ((layers + 1.0) / devices).ceil() / layers;
        let share = stage.max(1.0 / devices.min(COPIES)).max(queue).min(1.0);
        let hop = tokens * self.set.row_bytes / terms.hop_bytes_per_s.max(1.0) + COPY;
        step.plus(N::constant((devices - 1.0) * hop).named("hops", "From one device to the next."))
            .times(N::constant((chunks - 1.0).mul_add(share, 1.0)).named(
                "micro-batches",
                "Devices work on different parts of the prompt at the same time, as far as the host keeps them fed.",
            ))
    }
}
