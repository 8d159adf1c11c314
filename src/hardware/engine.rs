//! Inference engines: what they keep in memory and how they schedule.

use serde::{Deserialize, Serialize};

/// An engine by the facts the analysis needs of it.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
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
        }
    }
    /// Tokens in one block of the paged cache; one where the cache is not paged.
    ///
    /// Sources: vLLM `CacheConfig.block_size` 16; SGLang `--page-size` 1; TensorRT-LLM `tokens_per_block` 32;
    /// transformers `DynamicCache` grows token by token.
    pub const fn block(self) -> u64 {
        match self {
            Self::Vllm => 16,
            Self::TensorRtLlm => 32,
            Self::Sglang | Self::Transformers => 1,
        }
    }
    /// Whether latent attention multiplies with the latent itself in decode (absorbed) instead of expanding the cache.
    pub const fn absorbs_latent(self) -> bool {
        !matches!(self, Self::Transformers)
    }
    /// Whether attention is limited to what an indexer chooses; otherwise all scores are computed and masked.
    ///
    /// Sources: vLLM and SGLang `FlashMLA` sparse kernels, TensorRT-LLM DSA; transformers masks dense scores.
    pub const fn skips_unchosen(self) -> bool {
        !matches!(self, Self::Transformers)
    }
    /// Whether the cache stores heads or vectors again that are the same (Falcon, DeepSeek V4).
    ///
    /// Source: transformers `modeling_falcon.py` and `cache_utils.py`; servers keep each once.
    pub const fn stores_copies(self) -> bool {
        matches!(self, Self::Transformers)
    }
    /// Whether the state of a convolution holds as many columns as its kernel, the current token included.
    ///
    /// Sources: transformers `cache_utils.py`; vLLM `mamba_utils.py` keeps `kernel − 1`.
    pub const fn keeps_whole_convolution(self) -> bool {
        matches!(self, Self::Transformers)
    }
    /// Tokens of a prefill that run at once; longer prompts are cut into chunks.
    ///
    /// Sources: vLLM `max_num_batched_tokens` 8,192 for online serving on large devices (2,048 elsewhere); SGLang
    /// `--chunked-prefill-size` 8,192; TensorRT-LLM `max_num_tokens` 8,192; transformers runs the whole prompt.
    pub const fn chunk(self) -> Option<u64> {
        match self {
            Self::Vllm | Self::Sglang | Self::TensorRtLlm => Some(8192),
            Self::Transformers => None,
        }
    }
}
