//! vLLM. Source: docs.vllm.ai, "Engine Arguments".

use super::quote::shell;
use super::{Facts, Parts, checkpoint};

/// Formats it makes of 16-bit weights on loading.
const ON_LOAD: [&str; 5] = ["bf16", "fp16", "fp32", "fp8", "nf4"];

pub fn parts(facts: &Facts<'_>) -> Parts {
    let (question, mut out) = (facts.question, Parts::default());
    let layout = question.layout;
    out.add(
        format!("vllm serve {}", shell(&facts.model)),
        checkpoint(facts, &ON_LOAD),
    );
    // With attention data parallelism each device is a replica that shares experts alone.
    if layout.attention_dp {
        out.add(
            format!("--data-parallel-size {}", layout.tensor),
            "devices that keep all of attention, each for sequences of its own",
        );
    } else {
        out.add_if(
            layout.tensor > 1,
            format!("--tensor-parallel-size {}", layout.tensor),
            "devices that share every layer",
        );
    }
    out.add_if(
        layout.pipeline > 1,
        format!("--pipeline-parallel-size {}", layout.pipeline),
        "stages of whole layers, one after the other",
    );
    out.add_if(
        layout.expert > 1 || layout.attention_dp && question.blueprint.experts.is_some(),
        "--enable-expert-parallel",
        "whole experts are dealt out over those devices",
    );
    out.add(format!("--max-model-len {}", facts.tokens), facts.length());
    out.add(
        format!("--max-num-seqs {}", facts.sequences),
        "sequences that run at once, as weighed",
    );
    out.add(
        format!("--gpu-memory-utilization {:.2}", facts.fraction()),
        "share of each device it may take; the verdict counts with it",
    );
    match facts.weights() {
        "fp8" if facts.converted => out.add("--quantization fp8", "weights become FP8 on loading"),
        "nf4" if facts.converted => out.add("--quantization bitsandbytes", "weights become NF4 on loading"),
        _ => out.dtype(facts),
    }
    out.add_if(facts.kv() == "fp8", "--kv-cache-dtype fp8", "the KV cache in FP8");
    out.offload(facts);
    out
}
