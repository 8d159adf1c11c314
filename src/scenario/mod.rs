//! What the user chose: one plain value. The link, the history and the command line are projections of it.

mod choices;
pub mod fields;
mod knob;
mod knob_id;
mod knobs;
mod link;
mod measured;
mod prune;

pub use crate::hardware::Engine;
pub use choices::{
    AttentionFlops, AttentionKernel, AttentionParallel, CachePlace, KvFormat, LatentCache, Lengths, Logits, MemoryRule,
    Mode, Offload, Recompute, Split, WindowCache,
};
pub use knob::{Group, Knob, KnobError, KnobKind, OptionRow, Word};
pub use knob_id::KnobId;
pub use knobs::{KNOBS, MOST_BESIDE, set_context, weight_key};
pub use link::{LinkError, from_query, link, link_without_config, to_query};
pub use prune::{DROPPED, prune};

use std::collections::BTreeMap;

use serde_json::Value;

/// A whole question: model, workload, precision, hardware, assumptions.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// Where the model comes from.
    pub model: ModelSource,
    /// Keys of the config which the user changed by hand.
    pub edits: BTreeMap<String, Value>,
    /// What runs.
    pub mode: Mode,
    /// Sequences at once; when serving, requests in flight.
    pub batch: u64,
    /// Whether requests queue without end, whatever the batch: the server is loaded as far as it goes.
    pub endless: bool,
    /// Tokens of each prompt; the sequence length in training.
    pub prompt: u64,
    /// Tokens generated for each sequence; `None` is the mode's own default.
    pub generate: Option<u64>,
    /// Key of the weights' format; `None` is as published.
    pub weights: Option<&'static str>,
    /// Format of the KV cache.
    pub kv_cache: KvFormat,
    /// Format of cached values, where it is another than that of keys; `Auto` is the same.
    pub value_cache: KvFormat,
    /// Attention kernel.
    pub attention: AttentionKernel,
    /// How causal attention is counted.
    pub attention_flops: AttentionFlops,
    /// Which positions get logits.
    pub logits: Logits,
    /// Engine; `None` is the one most used for the format and device.
    pub engine: Option<Engine>,
    /// What latent attention keeps; `Auto` is what the engine does.
    pub latent_cache: LatentCache,
    /// What training computes again instead of keeping.
    pub recompute: Recompute,
    /// Id of the device, if one is chosen, or the description of one.
    pub hardware: Option<String>,
    /// Ids or descriptions of further devices, each weighed by itself beside the first.
    pub also: Vec<String>,
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
    pub node: Option<String>,
    /// Bytes of RAM; `None` is enough.
    pub host_memory: Option<u64>,
    /// Percentage of the RAM that is left to others.
    pub host_reserve: u64,
    /// What may stay in RAM.
    pub offload: Offload,
    /// Percentage of a device's memory the engine may take; `None` is the engine's own default.
    pub memory_fraction: Option<u64>,
    /// How memory is counted.
    pub memory_rule: MemoryRule,
    /// Percentage of peak rate that products reach; `None` is what measurements show.
    pub compute_efficiency: Option<u64>,
    /// Percentage of bandwidth that reads reach; `None` is what measurements show.
    pub bandwidth_efficiency: Option<u64>,
    /// US dollars an hour and device; `None` is what the tables know.
    pub price: Option<f64>,
    /// Requests of a run that ends; `None` is a server in steady state.
    pub requests: Option<u64>,
    /// How lengths of prompts and answers differ from request to request.
    pub lengths: Lengths,
    /// Most sequences that run at once, for each device with sequences of its own; `None` is the engine's default.
    pub max_sequences: Option<u64>,
    /// Most tokens of a step; `None` is the engine's default.
    pub max_batched_tokens: Option<u64>,
    /// Tokens of a prompt that llama.cpp runs at once; `None` is its default.
    pub micro_batch: Option<u64>,
    /// Longest good wait for the first token, milliseconds.
    pub target_ttft: Option<u64>,
    /// Longest good time between tokens, milliseconds.
    pub target_tpot: Option<u64>,
    /// How long layers with a window keep their keys and values.
    pub window_cache: WindowCache,
    /// Where the cache lies.
    pub cache_place: CachePlace,
    /// Bytes the device's driver and runtime take.
    pub overhead: u64,
}

/// Where a model comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum ModelSource {
    /// A Hub id, in the catalogue or not; with a revision after `@`.
    Id(String),
    /// A config given whole: dropped, pasted, or read from a file.
    Config(Box<Value>),
}

impl Default for Scenario {
    fn default() -> Self {
        Self {
            model: ModelSource::Id(String::new()),
            edits: BTreeMap::new(),
            mode: Mode::Decode,
            batch: 1,
            endless: false,
            prompt: 512,
            generate: None,
            weights: None,
            kv_cache: KvFormat::Auto,
            value_cache: KvFormat::Auto,
            attention: AttentionKernel::Flash,
            attention_flops: AttentionFlops::Causal,
            logits: Logits::Last,
            engine: None,
            latent_cache: LatentCache::Auto,
            window_cache: WindowCache::Auto,
            cache_place: CachePlace::Auto,
            recompute: Recompute::Selective,
            hardware: None,
            also: Vec::new(),
            devices: 1,
            mixed: Vec::new(),
            tensor_split: Vec::new(),
            split: None,
            tensor: None,
            pipeline: 1,
            expert: 1,
            attention_parallel: AttentionParallel::Tp,
            node: None,
            host_memory: None,
            host_reserve: 20,
            offload: Offload::Auto,
            memory_fraction: None,
            memory_rule: MemoryRule::Exact,
            compute_efficiency: None,
            bandwidth_efficiency: None,
            price: None,
            requests: None,
            lengths: Lengths::Fixed,
            max_sequences: None,
            max_batched_tokens: None,
            micro_batch: None,
            target_ttft: None,
            target_tpot: None,
            overhead: 512 << 20,
        }
    }
}

impl Scenario {
    /// The worked example the page opens on.
    pub fn example() -> Self {
        Self {
            model: ModelSource::Id("meta-llama/Llama-3.1-8B-Instruct".to_owned()),
            hardware: Some("rtx-4090".to_owned()),
            prompt: 8192,
            generate: Some(512),
            ..Self::default()
        }
    }
    /// Whether the devices are named one by one: what that list says of their first and number still holds.
    pub fn is_mixed(&self) -> bool {
        !self.mixed.is_empty()
            && self.mixed.first() == self.hardware.as_ref()
            && self.mixed.len() as u64 == self.devices
    }
    /// Tokens generated, the mode's default where none are given; training writes none.
    pub fn generated(&self) -> u64 {
        if self.mode == Mode::Pretrain {
            return 0;
        }
        self.generate.unwrap_or(match self.mode {
            Mode::Decode | Mode::Serve => 128,
            Mode::Prefill | Mode::Pretrain => 0,
        })
    }
}

/// Writes the user's edits into a config: into the language model's object where the key lives there, else at the root.
/// `null` removes a key.
pub fn apply_edits(config: &mut Value, edits: &BTreeMap<String, Value>) {
    const NESTED: [&str; 3] = ["text_config", "llm_config", "language_config"];
    let Value::Object(root) = config else { return };
    for (key, value) in edits {
        let nested = NESTED
            .iter()
            .find(|name| root.get(**name).is_some_and(Value::is_object));
        let place = match nested {
            Some(name) if !matches!(key.as_str(), "model_type" | "quantization_config") => {
                root.get_mut(*name).and_then(Value::as_object_mut)
            }
            _ => Some(&mut *root),
        };
        let Some(place) = place else { continue };
        if value.is_null() {
            place.remove(key);
        } else {
            place.insert(key.clone(), value.clone());
        }
    }
}
