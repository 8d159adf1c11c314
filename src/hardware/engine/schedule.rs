//! How much an engine runs at once, and what it sets aside for that before it starts.

use super::Engine;
use super::set_aside::tier;
use crate::hardware::{Device, Generation};

/// What a step holds at most, on each device that keeps sequences of its own.
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
    /// 1,024 sequences and 8,192 tokens, else 256 and 2,048); SGLang 0.5 `ServerArgs` (`chunked_prefill_size` by the
    /// device's memory, 4,096 where it is not known, `max_running_requests` up to 4,096, of which 2,048 for a usual cache); TensorRT-LLM 1.0 `BuildConfig`
    /// (`max_batch_size` 2,048, `max_num_tokens` 8,192); transformers runs the whole prompt; llama.cpp `--ubatch-size`
    /// 512; mlx-lm `prefill_step_size` 2,048; ExLlamaV2 `max_input_len` 2,048, V3 `max_chunk_size` 2,048. The last five
    /// run one batch that is given to them.
    pub fn budget(self, device: Option<&Device>) -> Budget {
        let large = device
            .is_some_and(|device| device.memory_bytes >= 70 << 30 && Generation::of(device) != Generation::Ampere);
        let (sequences, tokens) = match self {
            Self::Vllm if large => (1024, Some(8192)),
            Self::Vllm => (256, Some(2048)),
            Self::Sglang => (
                2048,
                Some(device.map_or(4096, |device| tier(device.memory_bytes).tokens)),
            ),
            Self::TensorRtLlm => (2048, Some(8192)),
            Self::Transformers => (256, None),
            Self::LlamaCpp => (256, Some(512)),
            Self::Mlx | Self::ExLlamaV2 | Self::ExLlamaV3 => (256, Some(2048)),
        };
        Budget { sequences, tokens }
    }
    /// Limits to which its benchmark tunes it for an endless queue of requests of which the devices carry so many; `None` where
    /// the server's own stand.
    ///
    /// Source: TensorRT-LLM 0.17 to 1.0 `bench/build/tuning.py`, `finetune_setting`, used by `trtllm-bench`: as many sequences
    /// as the cache holds, up to 4,096, among the stages; tokens as the steady state needs them; both rounded up.
    pub fn tuned(self, carried: u64, prompt: u64, generated: u64, stages: u64) -> Option<Budget> {
        if self != Self::TensorRtLlm {
            return None;
        }
        let up = |value: u64, to: u64| value.div_ceil(to).saturating_mul(to);
        let each = carried.min(4096).div_ceil(stages.max(1));
        let prompts = each.saturating_mul(prompt) / generated.max(1);
        let sequences = match each {
            ..256 => up(each, 32).max(64),
            256..1024 => up(each, 128),
            _ => up(each, 256),
        };
        let tokens = match each.saturating_add(prompts).min(32_768) {
            few @ ..4096 => up(few, 256).max(2048),
            some @ 4096..8192 => up(some, 512),
            many => up(many, 1024),
        };
        Some(Budget {
            sequences,
            tokens: Some(tokens),
        })
    }
    /// Whether its limits of a step are those of all devices together where each has sequences of its own.
    ///
    /// Source: SGLang 0.5.5 `_handle_data_parallelism` (`chunked_prefill_size // dp_size`) and `ModelRunner`
    /// (`max_running_requests // dp_size`); vLLM and TensorRT-LLM have a scheduler with the whole of both for each.
    pub const fn divides_limits(self) -> bool {
        matches!(self, Self::Sglang)
    }
    /// Whether each stage of a pipeline has as many sequences as its limit says; otherwise all stages together.
    ///
    /// Sources: TensorRT-LLM runs `max_batch_size` sequences in each of `pp_size` micro-batches; vLLM 0.11 `Scheduler`
    /// (`max_num_running_reqs`) and SGLang 0.5 (`max_running_requests // pp_size` in a micro-batch) count all.
    pub const fn limits_each_stage(self) -> bool {
        matches!(self, Self::TensorRtLlm)
    }
    /// Whether it runs a step as large as may come before it starts, and gives the cache only what that leaves.
    ///
    /// Sources: vLLM 0.11 `GPUModelRunner.profile_run`: `max_num_batched_tokens` tokens through the model, then the sampler
    /// for `max_num_seqs` sequences; TensorRT-LLM 1.0 `KvCacheCreator`: requests that fill `max_num_tokens`, then
    /// `_cal_max_memory`: (all − peak) · `free_gpu_memory_fraction`.
    pub const fn profiles(self) -> bool {
        matches!(self, Self::Vllm | Self::TensorRtLlm)
    }
    /// Whether what it measures so includes sampling for as many sequences as it may run.
    pub const fn profiles_sampler(self) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// By hand from `finetune_setting`.
    #[test]
    fn an_endless_queue_is_tuned_for() {
        let tuned = |carried, prompt, generated, stages| {
            let found = Engine::TensorRtLlm
                .tuned(carried, prompt, generated, stages)
                .expect("limits");
            (found.sequences, found.tokens)
        };
        assert_eq!(tuned(7, 5000, 500, 1), (64, Some(2048)));
        assert_eq!(tuned(100, 1000, 1000, 1), (128, Some(2048)));
        assert_eq!(tuned(8000, 128, 2048, 2), (2048, Some(2304)));
        assert_eq!(tuned(900, 1000, 200, 1), (1024, Some(5632)));
        assert_eq!(tuned(3000, 2048, 128, 1), (3072, Some(32_768)));
        assert_eq!(Engine::Vllm.tuned(100, 1000, 1000, 1), None);
    }
}
