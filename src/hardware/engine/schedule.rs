//! How much an engine runs at once, and what it sets aside for that before it starts.

use super::Engine;
use crate::hardware::{Device, Generation};

/// What a step holds at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Sequences that run.
    pub sequences: u64,
    /// Tokens, prompts and answers together; none where a prompt runs whole.
    pub tokens: Option<u64>,
}

impl Engine {
    /// Whether prompts run in steps of their own; otherwise a step mixes chunks of prompts with tokens written.
    ///
    /// Source: SGLang's scheduler runs prefill batches first (`--enable-mixed-chunk` is off); vLLM and TensorRT-LLM batch in flight.
    pub const fn separates_prompts(self) -> bool {
        matches!(self, Self::Sglang)
    }
    /// What a step holds at most on a device, unless told otherwise; without a device, on a small one.
    ///
    /// Sources: vLLM 0.11 `EngineArgs.get_batch_defaults` for its server (devices of 70 GiB or more that are no A100:
    /// 1,024 sequences and 8,192 tokens, else 256 and 2,048); SGLang 0.5 `ServerArgs` (`chunked_prefill_size` 8,192,
    /// `max_running_requests` up to 4,096, of which 2,048 for a usual cache); TensorRT-LLM 1.0 `BuildConfig`
    /// (`max_batch_size` 2,048, `max_num_tokens` 8,192); transformers runs the whole prompt; llama.cpp `--ubatch-size`
    /// 512; mlx-lm `prefill_step_size` 2,048; ExLlamaV2 `max_input_len` 2,048, V3 `max_chunk_size` 2,048. The last five
    /// run one batch that is given to them.
    pub fn budget(self, device: Option<&Device>) -> Budget {
        let large = device
            .is_some_and(|device| device.memory_bytes >= 70 << 30 && Generation::of(device) != Generation::Ampere);
        let (sequences, tokens) = match self {
            Self::Vllm if large => (1024, Some(8192)),
            Self::Vllm => (256, Some(2048)),
            Self::Sglang | Self::TensorRtLlm => (2048, Some(8192)),
            Self::Transformers => (256, None),
            Self::LlamaCpp => (256, Some(512)),
            Self::Mlx | Self::ExLlamaV2 | Self::ExLlamaV3 => (256, Some(2048)),
        };
        Budget { sequences, tokens }
    }
    /// Whether it runs a step as large as may come before it starts, and gives the cache only what that leaves.
    ///
    /// Source: vLLM 0.11 `GPUModelRunner.profile_run`: `max_num_batched_tokens` tokens through the model, then the sampler
    /// for `max_num_seqs` sequences.
    pub const fn profiles(self) -> bool {
        matches!(self, Self::Vllm)
    }
    /// Bytes for each score over the vocabulary while the sampler runs, of activations of so many bytes.
    ///
    /// Source: vLLM 0.11 `_dummy_sampler_run` with top-k and top-p: logits, their copy in FP32 (4), values sorted with
    /// their indices (4 + 8) and the sort's own buffers of that size.
    pub const fn sampler_bytes(activation: u64) -> u64 {
        activation + 4 + 2 * (4 + 8)
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
}
