//! SGLang. Source: docs.sglang.io, "Server Arguments".

use super::quote::shell;
use super::{Facts, Parts, checkpoint};

/// Formats it makes of 16-bit weights on loading.
const ON_LOAD: [&str; 4] = ["bf16", "fp16", "fp32", "fp8"];

pub fn parts(facts: &Facts<'_>) -> Parts {
    let mut out = Parts::default();
    let layout = facts.question.layout;
    out.add("python -m sglang.launch_server", "the server");
    out.add(
        format!("--model-path {}", shell(&facts.model)),
        checkpoint(facts, &ON_LOAD),
    );
    out.add_if(
        layout.tensor > 1,
        format!("--tp-size {}", layout.tensor),
        "devices that share every layer",
    );
    out.add_if(
        layout.pipeline > 1,
        format!("--pp-size {}", layout.pipeline),
        "stages of whole layers, one after the other",
    );
    out.add_if(
        layout.expert > 1,
        format!("--ep-size {}", layout.expert),
        "devices over which whole experts are dealt out",
    );
    out.add_if(
        layout.attention_dp,
        format!("--dp-size {} --enable-dp-attention", layout.tensor),
        "each device keeps all of attention for sequences of its own",
    );
    out.add(format!("--context-length {}", facts.tokens), facts.length());
    out.add(
        format!("--max-running-requests {}", facts.sequences),
        "sequences that run at once, as weighed",
    );
    out.add(
        format!("--mem-fraction-static {:.2}", facts.fraction()),
        "share of each device for weights and cache; the verdict counts with it",
    );
    match facts.weights() {
        "fp8" if facts.converted => out.add("--quantization fp8", "weights become FP8 on loading"),
        _ => out.dtype(facts),
    }
    out.add_if(facts.kv() == "fp8", "--kv-cache-dtype fp8_e4m3", "the KV cache in FP8");
    out.offload(facts);
    out
}
