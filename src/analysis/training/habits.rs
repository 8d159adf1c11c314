//! What a framework does by itself beyond layers, precision and sharding: a row for each, with the code that it was read in.

use crate::scenario::training::Framework;

/// Habits of a framework that take memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Habits {
    /// Keys and values are repeated to all query heads before the attention kernel.
    pub repeats_heads: bool,
    /// The output head has a matrix of its own, also where the model ties it to the token table.
    pub unties_head: bool,
    /// Logits leave the model in FP32, and live until those of the next micro-batch are there.
    pub holds_logits: bool,
    /// Gradients of the logits are written over them, in 16 bits, and whoever runs the model has a copy in FP32 until the
    /// forward pass is done.
    pub writes_over_logits: bool,
    /// What goes into the last product of a gated MLP is made anew in its backward pass, where all three have adapters.
    pub remakes_product: bool,
    /// Products with packed weights keep their inputs as long as the logits live: for two micro-batches.
    pub holds_packed_inputs: bool,
    /// Sharded gradients are added up whole over the micro-batches of a step.
    pub adds_up_whole: bool,
    /// The optimizer runs over all tensors at once, with a temporary as large as one moment.
    pub updates_at_once: bool,
    /// Bytes of a gradient as it is summed over the ranks.
    pub reduce_bytes: u64,
    /// Elements of the buffers through which gradients go where weights are sharded.
    pub bucket: u64,
    /// The peak that it prints is what the allocator reserved: blocks of tensors long gone are kept for their next turn.
    pub prints_reserved: bool,
}

/// Nothing of it.
const PLAIN: Habits = Habits {
    repeats_heads: false,
    unties_head: false,
    holds_logits: false,
    writes_over_logits: false,
    remakes_product: false,
    holds_packed_inputs: false,
    adds_up_whole: false,
    updates_at_once: false,
    reduce_bytes: 2,
    bucket: 0,
    prints_reserved: false,
};

/// LitGPT 0.5.13 (2685705): `model.py` repeats keys and values (`repeat_interleave`) and has `lm_head` beside `wte`;
/// `finetune/lora.py` and `full.py` keep `logits` in a variable of the loop, which Lightning's precision plugins turned to FP32
/// (`convert_output`), accumulate under `no_backward_sync`, and take torch's AdamW as it comes (`foreach`).
/// bitsandbytes up to 0.43 (`MatMul4Bit`: `ctx.tensors = (A, B)`), with which the published peaks were measured, frees an
/// input only with the graph that the logits hold; since 0.44 it keeps none.
const LITGPT: Habits = Habits {
    repeats_heads: true,
    unties_head: true,
    holds_logits: true,
    holds_packed_inputs: true,
    adds_up_whole: true,
    updates_at_once: true,
    ..PLAIN
};

/// torchtitan (b5bcd76): `models/common/attention.py` repeats keys and values; `mixed_precision_reduce` is float32;
/// `components/metrics.py` prints `reserved_bytes.all.peak`.
const TORCHTITAN: Habits = Habits {
    repeats_heads: true,
    reduce_bytes: 4,
    prints_reserved: true,
    ..PLAIN
};

/// FSDP under transformers' Trainer (5.23): `accelerator.no_sync` in all micro-batches but the last.
const FSDP: Habits = Habits {
    adds_up_whole: true,
    ..PLAIN
};

/// DeepSpeed (edaa722) `runtime/zero/stage3.py`: a buffer of `reduce_bucket_size` elements, by default 5e8 (`config.py`), beside
/// the flat buffer of all gradient shards; `runtime/comm/coalesced_collectives.py`, `reduce_scatter_coalesced`: a copy of it
/// in the order of the ranks, on a stream of its own, whose blocks the allocator gives to no other.
const DEEPSPEED: Habits = Habits {
    bucket: 2 * 500_000_000,
    ..PLAIN
};

/// Unsloth (015bdef) `kernels/fast_lora.py`, `LoRA_MLP`: saves its input, gate and up, and makes their product anew. Before it
/// fused the loss (6dad5dd, `kernels/cross_entropy_loss.py`) it wrote gradients over the logits, of which accelerate
/// (`convert_outputs_to_fp32`) had a copy.
const UNSLOTH: Habits = Habits {
    writes_over_logits: true,
    remakes_product: true,
    ..PLAIN
};

/// Those of a framework.
pub const fn habits(framework: Framework) -> &'static Habits {
    match framework {
        Framework::Litgpt => &LITGPT,
        Framework::Torchtitan => &TORCHTITAN,
        Framework::Fsdp => &FSDP,
        Framework::Deepspeed => &DEEPSPEED,
        Framework::Unsloth => &UNSLOTH,
        _ => &PLAIN,
    }
}
