//! Passes as steps: a token for each sequence, or whole prompts in chunks, over the stages that devices form.

use std::borrow::Cow;

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
    /// Devices that are not alike, each with the work and setting it would have alone and its share of the layers.
    pub unlike: Vec<(f64, Runner<'a, N>)>,
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
        let alone = |device: Cow<'a, Device>| {
            Some(Self {
                works: works(setup, &device),
                set: Setting::of(setup, device, host)?,
                unlike: Vec::new(),
            })
        };
        let items = setup.blueprint.layers.value.saturating_add(1) as f64;
        let each = setup.members.iter().map(|member| {
            let share = member.items() as f64 / items;
            alone(Cow::Owned(Device::clone(&member.device))).map(|runner| (share, runner))
        });
        Some(Self {
            unlike: each.collect::<Option<Vec<_>>>()?,
            ..alone(Cow::Borrowed(device))?
        })
    }
    /// Says of each device where its shares of peak are from.
    pub fn say(&mut self, origin: impl Fn(&Device) -> String) {
        self.set.origin = Cow::Owned(origin(&self.set.device));
        for (_, runner) in &mut self.unlike {
            runner.set.origin = Cow::Owned(origin(&runner.set.device));
        }
    }
    /// One step of the whole model: of unlike devices each computes its own layers, one after the other.
    fn whole(&self, mix: &Mix<N>) -> StepTime<N> {
        if self.unlike.is_empty() {
            return step(&self.works, mix, &self.set);
        }
        let each: Vec<(f64, &str, StepTime<N>)> = self
            .unlike
            .iter()
            .map(|(share, one)| (*share, one.set.device.short_name(), step(&one.works, mix, &one.set)))
            .collect();
        let sum = |of: fn(&StepTime<N>) -> &N| {
            N::sum(
                each.iter()
                    .map(|(share, name, step)| of(step).clone().scaled(*share).named(name, "Its share of the layers.")),
            )
        };
        let plain = |of: fn(&StepTime<N>) -> f64| each.iter().map(|(share, _, step)| of(step) * share).sum();
        StepTime {
            operators: sum(|step| &step.operators),
            launches: sum(|step| &step.launches),
            communication: sum(|step| &step.communication),
            host: sum(|step| &step.host),
            memory: plain(|step| step.memory),
            ram: plain(|step| step.ram),
        }
    }
    /// The share of a step's time that the slowest of unlike devices takes.
    fn slowest(&self, mix: &Mix<N>) -> Option<f64> {
        let each = self.unlike.iter();
        let times: Vec<f64> = each
            .map(|(share, one)| share * step(&one.works, mix, &one.set).device().value())
            .collect();
        let (all, most) = (times.iter().sum::<f64>(), times.iter().copied().fold(0.0, f64::max));
        (all > 0.0).then(|| most / all)
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
        let whole = self.whole(mix);
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
        let mix = Mix::prompt(prompts);
        let step = self.step(&mix);
        let layout = self.set.layout;
        let seconds = if layout.by_layers && layout.devices > 1 {
            self.by_layers(step.total(), tokens / chunks, chunks, self.slowest(&mix))
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
    fn by_layers(&self, step: N, tokens: f64, chunks: f64, slowest: Option<f64>) -> N {
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
        let stage = slowest.unwrap_or(((layers + 1.0) / devices).ceil() / layers);
        let share = stage.max(1.0 / devices.min(COPIES)).max(queue).min(1.0);
        let hop = tokens * self.set.row_bytes / terms.hop_bytes_per_s.max(1.0) + COPY;
        step.plus(N::constant((devices - 1.0) * hop).named("hops", "From one device to the next."))
            .times(N::constant((chunks - 1.0).mul_add(share, 1.0)).named(
                "micro-batches",
                "Devices work on different parts of the prompt at the same time, as far as the host keeps them fed.",
            ))
    }
}
