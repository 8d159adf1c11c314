//! The parts of a scenario, each by the card its knobs stand on.

use std::collections::BTreeMap;

use serde_json::Value;

use super::choices::{
    AttentionFlops, AttentionKernel, AttentionParallel, CachePlace, KvFormat, LatentCache, Lengths, Logits, MemoryRule,
    Mode, Offload, Recompute, Split, WindowCache,
};
use crate::hardware::Engine;

/// The model: where it comes from and what was changed by hand.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelChoice {
    /// Where it comes from.
    pub source: ModelSource,
    /// Keys of the config which the user changed by hand.
    pub edits: BTreeMap<String, Value>,
}

/// Where a model comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum ModelSource {
    /// A Hub id, in the catalogue or not; with a revision after `@`.
    Id(String),
    /// A config given whole: dropped, pasted, or read from a file.
    Config(Box<Value>),
}

impl Default for ModelChoice {
    fn default() -> Self {
        Self {
            source: ModelSource::Id(String::new()),
            edits: BTreeMap::new(),
        }
    }
}

/// What is asked of the model: the mode and how many tokens of how many sequences.
#[derive(Clone, Debug, PartialEq)]
pub struct Workload {
    /// What runs.
    pub mode: Mode,
    /// Sequences at once; when serving, requests in flight.
    pub batch: u64,
    /// Whether requests queue without end, whatever the batch: the server is loaded as far as it goes.
    pub endless: bool,
    /// Tokens of each prompt; the sequence length in training.
    pub prompt: u64,
    /// Tokens of the encoder's input, where there is an encoder; `None` is as its class fixes them, else the prompt's.
    pub encoder_tokens: Option<u64>,
    /// Images of each request.
    pub images: u64,
    /// Width and height of each image, and of the frames of a video, in pixels.
    pub image_size: (u64, u64),
    /// Seconds of sound of each request.
    pub audio_seconds: u64,
    /// Seconds of video of each request.
    pub video_seconds: u64,
    /// Frames a second that are taken of a video.
    pub video_rate: u64,
    /// Tokens generated for each sequence; `None` is the mode's own default.
    pub generate: Option<u64>,
    /// Requests of a run that ends; `None` is a server in steady state.
    pub requests: Option<u64>,
    /// How lengths of prompts and answers differ from request to request.
    pub lengths: Lengths,
    /// What training computes again instead of keeping.
    pub recompute: Recompute,
}

impl Default for Workload {
    fn default() -> Self {
        Self {
            mode: Mode::Decode,
            batch: 1,
            endless: false,
            prompt: 512,
            encoder_tokens: None,
            images: 0,
            image_size: (1024, 1024),
            audio_seconds: 0,
            video_seconds: 0,
            video_rate: 2,
            generate: None,
            requests: None,
            lengths: Lengths::Fixed,
            recompute: Recompute::Selective,
        }
    }
}

/// Number formats of weights and cache.
#[derive(Clone, Debug, PartialEq)]
pub struct Precision {
    /// Key of the weights' format; `None` is as published.
    pub weights: Option<&'static str>,
    /// Format of the KV cache.
    pub kv_cache: KvFormat,
    /// Format of cached values, where it is another than that of keys; `Auto` is the same.
    pub value_cache: KvFormat,
}

impl Default for Precision {
    fn default() -> Self {
        Self {
            weights: None,
            kv_cache: KvFormat::Auto,
            value_cache: KvFormat::Auto,
        }
    }
}

/// The devices, how they share the model, and the machine around them.
#[derive(Clone, Debug, PartialEq)]
pub struct HardwareChoice {
    /// Id of the device, if one is chosen, or the description of one.
    pub device: Option<String>,
    /// Ids or descriptions of further devices, each weighed by itself beside the first.
    pub beside: Vec<String>,
    /// Devices that work together.
    pub devices: u64,
    /// Ids or descriptions of devices that work together and are not alike, the first included; empty where they are.
    pub mixed: Vec<String>,
    /// Shares of the layers that each device gets, where layers are split; empty is by memory.
    pub tensor_split: Vec<f64>,
    /// How they share the model; `None` is the engine's way.
    pub split: Option<Split>,
    /// Devices that share each layer; `None` is all, divided by the stages of the pipeline.
    pub tensor: Option<u64>,
    /// Stages of the pipeline.
    pub pipeline: u64,
    /// Devices of a tensor-parallel group over which whole experts are sharded.
    pub expert: u64,
    /// How a tensor-parallel group shares attention.
    pub attention_parallel: AttentionParallel,
    /// Id of the machine, if one is chosen.
    pub host: Option<String>,
    /// Bytes of RAM; `None` is enough.
    pub host_memory: Option<u64>,
    /// Percentage of the RAM that is left to others.
    pub host_reserve: u64,
    /// What may stay in RAM.
    pub offload: Offload,
    /// US dollars an hour and device; `None` is what the tables know.
    pub price: Option<f64>,
}

impl Default for HardwareChoice {
    fn default() -> Self {
        Self {
            device: None,
            beside: Vec::new(),
            devices: 1,
            mixed: Vec::new(),
            tensor_split: Vec::new(),
            split: None,
            tensor: None,
            pipeline: 1,
            expert: 1,
            attention_parallel: AttentionParallel::Tp,
            host: None,
            host_memory: None,
            host_reserve: 20,
            offload: Offload::Auto,
            price: None,
        }
    }
}

/// The engine and how it is set: what an operator writes on its command line, and the targets to meet.
#[derive(Clone, Debug, PartialEq)]
pub struct ServingChoice {
    /// Engine; `None` is the one most used for the format and device.
    pub engine: Option<Engine>,
    /// Most sequences that run at once, for each device with sequences of its own; `None` is the engine's default.
    pub max_sequences: Option<u64>,
    /// Most tokens of a step; `None` is the engine's default.
    pub max_batched_tokens: Option<u64>,
    /// Tokens of a prompt that llama.cpp runs at once; `None` is its default.
    pub micro_batch: Option<u64>,
    /// Percentage of a device's memory the engine may take; `None` is the engine's own default.
    pub memory_fraction: Option<u64>,
    /// What latent attention keeps; `Auto` is what the engine does.
    pub latent_cache: LatentCache,
    /// How long layers with a window keep their keys and values.
    pub window_cache: WindowCache,
    /// Where the cache lies.
    pub cache_place: CachePlace,
    /// Longest good wait for the first token, milliseconds.
    pub target_ttft: Option<u64>,
    /// Longest good time between tokens, milliseconds.
    pub target_tpot: Option<u64>,
}

impl Default for ServingChoice {
    fn default() -> Self {
        Self {
            engine: None,
            max_sequences: None,
            max_batched_tokens: None,
            micro_batch: None,
            memory_fraction: None,
            latent_cache: LatentCache::Auto,
            window_cache: WindowCache::Auto,
            cache_place: CachePlace::Auto,
            target_ttft: None,
            target_tpot: None,
        }
    }
}

/// How things are counted, and what stands in where nothing is known.
#[derive(Clone, Debug, PartialEq)]
pub struct Assumptions {
    /// Attention kernel.
    pub attention: AttentionKernel,
    /// How causal attention is counted.
    pub attention_flops: AttentionFlops,
    /// Which positions get logits.
    pub logits: Logits,
    /// How memory is counted.
    pub memory_rule: MemoryRule,
    /// Percentage of peak rate that products reach; `None` is what measurements show.
    pub compute_efficiency: Option<u64>,
    /// Percentage of bandwidth that reads reach; `None` is what measurements show.
    pub bandwidth_efficiency: Option<u64>,
    /// Bytes the device's driver and runtime take.
    pub overhead: u64,
}

impl Default for Assumptions {
    fn default() -> Self {
        Self {
            attention: AttentionKernel::Flash,
            attention_flops: AttentionFlops::Causal,
            logits: Logits::Last,
            memory_rule: MemoryRule::Exact,
            compute_efficiency: None,
            bandwidth_efficiency: None,
            overhead: 512 << 20,
        }
    }
}
