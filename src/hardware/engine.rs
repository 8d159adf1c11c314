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
    /// Tokens in one block of the paged cache; one where the cache is not paged.
    ///
    /// Sources: vLLM `CacheConfig.block_size` 16; SGLang `--page-size` 1; TensorRT-LLM `tokens_per_block` 32;
    /// transformers `DynamicCache` grows token by token; llama.cpp pads the context to 256 cells; MLX's `KVCache` grows in
    /// steps of 256; ExLlamaV2 and V3 have pages of 256.
    pub const fn block(self) -> u64 {
        match self {
            Self::Vllm => 16,
            Self::TensorRtLlm => 32,
            Self::Sglang | Self::Transformers => 1,
            Self::LlamaCpp | Self::Mlx | Self::ExLlamaV2 | Self::ExLlamaV3 => 256,
        }
    }
    /// Percentage of a device's memory it takes unless told otherwise.
    ///
    /// Sources: vLLM `gpu_memory_utilization` 0.9; SGLang `mem_fraction_static`, about 0.88 on large devices, for weights
    /// and caches; TensorRT-LLM takes 0.9 of what is free after loading for its cache, so weights and activations have all
    /// of it; the others have no such limit (Apple's is part of the device's row).
    pub const fn memory_percent(self) -> u64 {
        match self {
            Self::Vllm => 90,
            Self::Sglang => 88,
            _ => 100,
        }
    }
    /// Whether it batches requests of many users step by step.
    pub const fn serves(self) -> bool {
        matches!(self, Self::Vllm | Self::Sglang | Self::TensorRtLlm)
    }
    /// Whether a request is admitted only with room for its whole answer, so that none is ever evicted.
    ///
    /// Source: TensorRT-LLM `CapacitySchedulerPolicy.GUARANTEED_NO_EVICT`, its default; vLLM and SGLang admit by the tokens
    /// present and evict.
    pub const fn reserves_answers(self) -> bool {
        matches!(self, Self::TensorRtLlm)
    }
    /// Whether prompts run in steps of their own; otherwise a step mixes chunks of prompts with tokens written.
    ///
    /// Source: SGLang's scheduler runs prefill batches first (`--enable-mixed-chunk` is off); vLLM and TensorRT-LLM batch in flight.
    pub const fn separates_prompts(self) -> bool {
        matches!(self, Self::Sglang)
    }
    /// Percentage of the memory left after loading that its cache takes.
    ///
    /// Source: TensorRT-LLM `KvCacheConfig.free_gpu_memory_fraction` 0.9; the others take all they are given.
    pub const fn cache_percent(self) -> u64 {
        match self {
            Self::TensorRtLlm => 90,
            _ => 100,
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
    /// `--chunked-prefill-size` 8,192; TensorRT-LLM `max_num_tokens` 8,192; transformers runs the whole prompt; llama.cpp
    /// `--ubatch-size` 512; mlx-lm `prefill_step_size` 2,048; ExLlamaV2 `max_input_len` 2,048, V3 `max_chunk_size` 2,048.
    pub const fn chunk(self) -> Option<u64> {
        match self {
            Self::Vllm | Self::Sglang | Self::TensorRtLlm => Some(8192),
            Self::Transformers => None,
            Self::LlamaCpp => Some(512),
            Self::Mlx | Self::ExLlamaV2 | Self::ExLlamaV3 => Some(2048),
        }
    }
    /// Whether a layer with a window keeps room for one micro-batch beyond it, padded as the cache is.
    ///
    /// Source: llama.cpp `llama-kv-cache-iswa.cpp`: `min(context, window + n_ubatch)`, padded to 256, for each sequence.
    pub const fn pads_windows(self) -> bool {
        matches!(self, Self::LlamaCpp)
    }
    /// Whether activations, logits and the states of convolutions are FP32 whatever the weights are.
    ///
    /// Source: results in llama.cpp's graphs are `GGML_TYPE_F32`.
    pub const fn computes_in_fp32(self) -> bool {
        matches!(self, Self::LlamaCpp)
    }
    /// Whether its buffers are laid out for logits of a whole micro-batch before anything runs.
    ///
    /// Source: llama.cpp `graph_reserve`: a micro-batch with as many outputs as tokens. For Llama 3 8B that is
    /// 512 × (128,256 + 4,096) × 4 bytes = 258.5 MiB, as its log reports.
    pub const fn reserves_logits(self) -> bool {
        matches!(self, Self::LlamaCpp)
    }
    /// Whether logits are computed for every position of the last chunk of a prompt, beside that chunk's activations.
    ///
    /// Source: mlx-lm `generate_step` runs the last chunk through the whole model and then takes the last position.
    /// Buffers are freed when a command buffer is done, so the last block's are still there. With 2,048 tokens its
    /// benchmark table shows 0.6 GB more than weights and cache for a vocabulary of 151,936, which is just that.
    pub const fn computes_logits_of_chunk(self) -> bool {
        matches!(self, Self::Mlx)
    }
    /// The 16-bit dtype in which a checkpoint of FP32 is loaded where no dtype is asked for.
    ///
    /// Sources: vLLM `config/model.py` (`--dtype auto`: the first 16-bit type the device supports, BF16 from Ampere on); SGLang
    /// `configs/model_config.py` (`auto`: float16 for float32).
    pub const fn narrows_fp32(self) -> Option<&'static str> {
        match self {
            Self::Vllm => Some("bfloat16"),
            Self::Sglang => Some("float16"),
            _ => None,
        }
    }
    /// Whether the cache takes the format that a checkpoint's quantisation prescribes, where none is asked for.
    ///
    /// Sources: vLLM `attention/layer.py` (`kv_cache_scheme`) and `utils/torch_utils.py` (`kv_cache_quant_algo`); SGLang
    /// `model_runner.py` (`kv_cache_dtype` auto); TensorRT-LLM `model_config.py` (`kv_cache_quant_algo` of hf_quant_config.json).
    pub const fn follows_prescribed_cache(self) -> bool {
        matches!(self, Self::Vllm | Self::Sglang | Self::TensorRtLlm)
    }
    /// Whether the cache is in FP16 unless something else is asked for, whatever the model's own format.
    ///
    /// Sources: llama.cpp `--cache-type-k` f16; `ExLlamaV2Cache` and `CacheLayer_fp16` of V3.
    pub const fn caches_in_fp16(self) -> bool {
        matches!(self, Self::LlamaCpp | Self::ExLlamaV2 | Self::ExLlamaV3)
    }
}
