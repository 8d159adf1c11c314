//! What an engine keeps in memory, and how: blocks, windows, states, shares of the device.

use super::Engine;

/// What a layer with a window keeps of a sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Windows {
    /// The window.
    Exact,
    /// The window and a micro-batch, in whole blocks.
    MicroBatch,
    /// The window and, once for all sequences, the tokens of a step, in whole blocks and one more.
    Budget,
}

impl Engine {
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
    /// Sources: vLLM `gpu_memory_utilization` 0.9, of which graphs are no part before 0.19; SGLang leaves activations what
    /// [`static_thousandths`](Self::static_thousandths) says and takes all; TensorRT-LLM takes 0.9 of what is free after
    /// loading for its cache, so weights and activations have all of it; the others have no such limit (Apple's is part of
    /// the device's row).
    pub const fn memory_percent(self) -> u64 {
        match self {
            Self::Vllm => 90,
            _ => 100,
        }
    }
    /// Percentage of what must fit that an estimate may lack: buffers nobody counted, fragments of the allocator.
    ///
    /// Measured: llama.cpp's buffers are met to the last digit its logs print, MLX's peaks within 0.4 %; PyTorch's peaks
    /// are up to 3.5 % above the estimate (one in six by 7.7 %); a log of vLLM's start (gpt-oss-120b on an H100) lacks
    /// 2.4 %. The others are taken for like these.
    pub const fn unknown_percent(self) -> u64 {
        match self {
            Self::LlamaCpp | Self::Mlx => 1,
            Self::Vllm | Self::Sglang | Self::TensorRtLlm | Self::ExLlamaV2 | Self::ExLlamaV3 => 3,
            Self::Transformers => 4,
        }
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
    /// Whether a request is admitted only with room for its whole answer, so that none is ever evicted.
    ///
    /// Source: TensorRT-LLM `CapacitySchedulerPolicy.GUARANTEED_NO_EVICT`, its default; vLLM and SGLang admit by the tokens
    /// present and evict.
    pub const fn reserves_answers(self) -> bool {
        matches!(self, Self::TensorRtLlm)
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
    /// Whether the cache is in FP16 unless something else is asked for, whatever the model's own format.
    ///
    /// Sources: llama.cpp `--cache-type-k` f16; `ExLlamaV2Cache` and `CacheLayer_fp16` of V3.
    pub const fn caches_in_fp16(self) -> bool {
        matches!(self, Self::LlamaCpp | Self::ExLlamaV2 | Self::ExLlamaV3)
    }
    /// What a layer with a window keeps.
    ///
    /// Sources: llama.cpp `llama-kv-cache-iswa.cpp`: `min(context, window + n_ubatch)`, padded to 256, for each sequence.
    /// vLLM 0.11 `SlidingWindowSpec.max_memory_usage_bytes`: `min(window − 1 + max_num_batched_tokens, max_model_len)` in
    /// whole blocks and one block more, since the window may begin inside one.
    pub const fn windows(self) -> Windows {
        match self {
            Self::LlamaCpp => Windows::MicroBatch,
            Self::Vllm => Windows::Budget,
            _ => Windows::Exact,
        }
    }
    /// Whether states lie in pages of the size of attention's, one a sequence.
    ///
    /// Source: vLLM 0.11 `HybridAttentionMambaModelConfig`: blocks of attention grow until a page holds a state, and the
    /// state's page is padded to that size.
    pub const fn pages_states(self) -> bool {
        matches!(self, Self::Vllm)
    }
    /// Whether sparse latent attention has records of its own: in FP8 the latent with an FP32 scale for 128 values and
    /// the rotary part in 16 bits (656 bytes for 512 + 64), and the indexer's keys in FP8 with such scales (132 bytes for
    /// 128) whatever the cache's format.
    ///
    /// Sources: vLLM 0.11 `MLAAttentionSpec` (`fp8_ds_mla`), `DeepseekV32IndexerCache`; SGLang 0.5
    /// `nsa/quant_k_cache.py`, `NSATokenToKVPool.index_k_with_scale_buffer`.
    pub const fn has_sparse_records(self) -> bool {
        matches!(self, Self::Vllm | Self::Sglang)
    }
    /// Whether attention with one vector for keys and values (DeepSeek V4) has records of its own, whatever the cache's
    /// format: FP8, the rotary part in 16 bits, a scale for 64 elements and a byte of padding (584 bytes for 448 + 64);
    /// beside them the tokens that its compressors have not finished, in FP32, in windows under the scheduler's budget.
    ///
    /// Source: vLLM 0.20 `deepseek_v4_attention.py` (`head_bytes`), `deepseek_compressor.py` (`CompressorStateCache`: for
    /// each token of the last group, or two where groups overlap, values and gates; blocks of 4 tokens, or 8).
    pub const fn has_shared_records(self) -> bool {
        matches!(self, Self::Vllm)
    }
    /// Whether it leaves vision and audio towers in their files when it is started for text.
    ///
    /// Sources: mlx-lm 0.32 `models/*.py`: `sanitize` drops `vision_tower`, `visual`, `audio_tower` and the projectors
    /// (mlx-vlm loads them); ExLlamaV3 0.0 `Model.from_config(component="text")`; ExLlamaV2 loads a tower only as an
    /// `ExLlamaV2VisionTower`. llama.cpp has towers in a file of their own, which is not counted at all. vLLM, SGLang,
    /// TensorRT-LLM and transformers load all of a checkpoint's class.
    pub const fn leaves_out_towers(self) -> bool {
        matches!(self, Self::Mlx | Self::ExLlamaV2 | Self::ExLlamaV3)
    }
    /// How many images or clips of a batch its tower reads at once: all of them, or as many as a step's tokens hold, or one.
    ///
    /// Sources: transformers `get_image_features` reads all of a batch; vLLM `encoder_cache_manager.py` (as many tokens as
    /// `max_num_batched_tokens`, one item at least), SGLang alike; llama.cpp `tools/mtmd` encodes one chunk after the other.
    pub fn seen_at_once(self, batch: u64, each: u64, budget: Option<u64>, tokens: u64) -> u64 {
        let all = batch.saturating_mul(each).max(1);
        match self {
            Self::LlamaCpp | Self::Mlx | Self::ExLlamaV2 | Self::ExLlamaV3 => 1,
            Self::Transformers => all,
            _ => budget.map_or(all, |budget| all.min((budget / tokens.max(1)).max(1))),
        }
    }
    /// Whether the token table stays in RAM beside a device with memory of its own.
    ///
    /// Sources: llama.cpp `llama_model::load_tensors`: `dev_input` is the processor, always, and a tied output is loaded a
    /// second time on the device; ExLlamaV2 `embedding.py` and ExLlamaV3 `modules/embedding.py` load it on the processor.
    pub const fn keeps_table_in_ram(self) -> bool {
        matches!(self, Self::LlamaCpp | Self::ExLlamaV2 | Self::ExLlamaV3)
    }
}
