//! A server: what of the model each device holds, and what it may run at once.

use super::work::{Class, Work, works};
use crate::analysis::placement::Layout;
use crate::analysis::question::Question;
use crate::hardware::{Device, Engine};

/// What an engine runs at once unless told otherwise.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Limits {
    /// Most sequences that run, for each device that keeps its own.
    pub sequences: f64,
    /// Most tokens of a step, prompts and answers together.
    pub tokens: f64,
}

impl Limits {
    /// The engine's defaults; with an endless queue, what it is tuned to for one.
    ///
    /// Sources: vLLM `EngineArgs.get_batch_defaults` (devices of 70 GiB or more that are no A100: 1,024 sequences and
    /// 8,192 tokens, else 256 and 2,048); SGLang `ServerArgs` (`chunked_prefill_size` 8,192, `max_running_requests` up to
    /// 4,096); TensorRT-LLM `BuildConfig` (`max_batch_size` 2,048, `max_num_tokens` 8,192) and, for an endless queue,
    /// `trtllm-bench` `finetune_setting` (4,096 sequences over all stages, tokens as the steady state needs them up to 32,768).
    pub fn of(question: &Question<'_>, device: &Device, endless: bool) -> Self {
        let engine = question.engine;
        let large = device.memory_bytes >= 70 << 30 && device.family != "Ampere";
        let (sequences, tokens) = match engine {
            Engine::Vllm if large => (1024.0, 8192.0),
            Engine::Vllm => (256.0, 2048.0),
            Engine::TensorRtLlm if endless => {
                let scenario = &*question.scenario;
                let each = 4096.0 / question.layout.stages().max(1) as f64;
                let share = scenario.prompt as f64 / scenario.generated().max(1) as f64;
                (each, (each * (1.0 + share)).clamp(2048.0, 32768.0))
            }
            Engine::Sglang | Engine::TensorRtLlm => (2048.0, 8192.0),
            // These run one batch that is given to them.
            _ => (256.0, engine.chunk().unwrap_or(2048) as f64),
        };
        Self { sequences, tokens }
    }
    /// Sequences that run at once on devices that share a model so.
    pub fn at_once(&self, layout: &Layout) -> u64 {
        let groups = if layout.attention_dp { layout.tensor } else { 1 };
        (self.sequences as u64)
            .saturating_mul(groups.max(1))
            .saturating_mul(layout.stages().max(1))
    }
}

/// One device's part of an operator's work.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub(super) struct Slice {
    pub class: Class,
    /// Weights on the device, bytes.
    pub weights: f64,
    /// Share of them one token reads.
    pub share: f64,
    /// Peak rate of its products, operations a second.
    pub rate: f64,
    /// Of a decode step and of a prompt, for one sequence of the group: operations, activations, cache.
    pub decode: [f64; 3],
    pub prefill: [f64; 3],
}

/// A model on devices under an engine, ready to be asked about any load.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Server {
    pub(super) slices: Vec<Slice>,
    pub(super) layout: Layout,
    /// Layers of the model, all stages.
    pub(super) layers: f64,
    /// Bytes of one token between layers.
    pub(super) row_bytes: f64,
    /// Bytes a second.
    pub(super) bandwidth: f64,
    /// Bytes a second to the neighbours, one direction.
    pub(super) link: f64,
    /// Tokens of a prompt.
    pub(super) prompt: f64,
    /// Tokens of an answer, at least one.
    pub(super) generated: f64,
    /// Scheduling.
    pub limits: Limits,
    /// Whether each token goes to its client at once; an endless queue is worked off without.
    pub streams: bool,
    /// Sequences that run at most; zero where not even one fits.
    pub capacity: f64,
}

/// A link that no table knows: PCIe 3.0 x16.
const LINK: f64 = 15.75e9;

impl Server {
    /// The server a question describes; none without a device or where the device has no rate.
    pub fn of(question: &Question<'_>) -> Option<Self> {
        let device = question.device()?;
        let layout = question.layout;
        let slices = works(question)
            .iter()
            .map(|work| slice(work, device, &layout))
            .collect::<Option<Vec<_>>>()?;
        let scenario = &*question.scenario;
        let streams = question.load.is_none_or(|load| load.requests.is_some());
        Some(Self {
            slices,
            layout,
            layers: question.blueprint.layers.value as f64,
            row_bytes: question.blueprint.hidden.value as f64 * question.activation_bytes().value as f64,
            bandwidth: device.bandwidth_bytes_per_s.max(1.0),
            link: device.link_bytes_per_s.filter(|link| *link > 0.0).unwrap_or(LINK),
            prompt: scenario.prompt.max(1) as f64,
            generated: scenario.generated().max(1) as f64,
            limits: Limits::of(question, device, !streams),
            streams,
            capacity: question.load.map_or(0.0, |load| load.capacity as f64),
        })
    }
    /// Devices with sequences of their own.
    pub(super) fn groups(&self) -> f64 {
        if self.layout.attention_dp {
            self.layout.tensor as f64
        } else {
            1.0
        }
    }
    /// Stages that work on batches of their own at the same time.
    pub(super) const fn stages(&self) -> f64 {
        self.layout.stages() as f64
    }
}

/// The part of an operator that each device of a tensor-parallel group has.
fn slice(work: &Work, device: &Device, layout: &Layout) -> Option<Slice> {
    let tensor = layout.tensor.max(1) as f64;
    let own = layout.attention_dp;
    let rate = match &work.format {
        Some(format) => device.rate(format)?,
        None => device.rate_vector()?,
    };
    // Norms and the router are not divided; with sequences of its own a device sees fewer rows instead.
    let rows = if work.class == Class::Repeated && !own {
        1.0
    } else {
        tensor
    };
    let weights = match work.class {
        Class::Repeated => 1.0,
        Class::Projection if own => 1.0,
        _ => tensor,
    };
    // Keys of one head are kept whole: more devices than heads hold copies.
    let cache = if own {
        tensor
    } else {
        tensor.min(work.kv_heads.max(1) as f64)
    };
    let part = |load: &super::work::Load| {
        [
            load.flops / rows,
            load.activation_bytes / rows,
            load.cache_bytes / cache,
        ]
    };
    Some(Slice {
        class: work.class,
        weights: work.weight_bytes / weights,
        share: work.share,
        rate: rate.flops.max(1.0),
        decode: part(&work.decode),
        prefill: part(&work.prefill),
    })
}
