//! Inference engines: what they keep in memory and how they schedule.

mod cache;
mod kernels;
mod schedule;
mod set_aside;

pub use cache::Windows;
pub use schedule::Budget;
pub use set_aside::Start;

use serde::{Deserialize, Serialize};

use super::Device;

/// What of a device changes what an engine puts into its memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryTraits {
    budget: Budget,
    memory: Option<(u64, u64)>,
    padding: Option<(u64, u64)>,
    own_memory: bool,
}

/// An engine by the facts the analysis needs of it.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    strum::EnumIter,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantNames,
)]
#[strum(ascii_case_insensitive)]
pub enum Engine {
    /// vLLM.
    #[default]
    #[strum(serialize = "vllm")]
    #[serde(rename = "vllm")]
    Vllm,
    /// SGLang.
    #[strum(serialize = "sglang")]
    #[serde(rename = "sglang")]
    Sglang,
    /// TensorRT-LLM.
    #[strum(serialize = "tensorrt-llm")]
    #[serde(rename = "tensorrt-llm")]
    TensorRtLlm,
    /// transformers.
    #[strum(serialize = "transformers")]
    #[serde(rename = "transformers")]
    Transformers,
    /// llama.cpp.
    #[strum(serialize = "llama.cpp")]
    #[serde(rename = "llama.cpp")]
    LlamaCpp,
    /// MLX.
    #[strum(serialize = "mlx")]
    #[serde(rename = "mlx")]
    Mlx,
    /// ExLlamaV2.
    #[strum(serialize = "exllamav2")]
    #[serde(rename = "exllamav2")]
    ExLlamaV2,
    /// ExLlamaV3.
    #[strum(serialize = "exllamav3")]
    #[serde(rename = "exllamav3")]
    ExLlamaV3,
}

impl Engine {
    /// Its key.
    pub fn key(self) -> &'static str {
        self.into()
    }
    /// Its name for people.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Vllm => "vLLM",
            Self::Sglang => "SGLang",
            Self::TensorRtLlm => "TensorRT-LLM",
            Self::Transformers => "transformers",
            Self::LlamaCpp => "llama.cpp",
            Self::Mlx => "MLX",
            Self::ExLlamaV2 => "ExLlamaV2",
            Self::ExLlamaV3 => "ExLlamaV3",
        }
    }
    /// The program that loads a model for it, for people.
    pub const fn loader(self) -> &'static str {
        match self {
            Self::Mlx => "mlx-lm",
            other => other.label(),
        }
    }
    /// Whether it batches requests of many users step by step.
    pub const fn serves(self) -> bool {
        matches!(self, Self::Vllm | Self::Sglang | Self::TensorRtLlm)
    }
    /// Whether it runs a model of this type that reads by an encoder and writes by a decoder.
    ///
    /// Sources: vLLM since 0.11 runs Whisper only (pull request 24907, "Remove V0 Encoder-Decoder Support"); TensorRT-LLM's
    /// guide "Use encoder-decoder models with the PyTorch backend" names T5, BART, mBART and Whisper; llama.cpp runs T5
    /// since b3295; transformers runs what it has a class for. Of the others none is known.
    pub fn runs_pair(self, model_type: &str) -> bool {
        match self {
            Self::Transformers => true,
            Self::Vllm => model_type == "whisper",
            Self::TensorRtLlm => matches!(model_type, "t5" | "bart" | "mbart" | "whisper"),
            Self::LlamaCpp => matches!(model_type, "t5" | "mt5" | "umt5"),
            Self::Sglang | Self::Mlx | Self::ExLlamaV2 | Self::ExLlamaV3 => false,
        }
    }
    /// What of a device, beside its size, changes what must lie in its memory: devices alike in this need the same.
    /// `mxfp4` says whether experts may be in that format.
    pub fn memory_traits(self, device: &Device, mxfp4: bool) -> MemoryTraits {
        MemoryTraits {
            budget: self.budget(Some(device)),
            memory: self
                .reserves_by_device()
                .then(|| (device.memory_bytes, device.usable_bytes())),
            padding: self.pads_mxfp4_experts(Some(device)).filter(|_| mxfp4),
            own_memory: self.keeps_table_in_ram() && device.has_own_memory(),
        }
    }
}
