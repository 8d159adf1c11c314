//! TensorRT-LLM. Source: nvidia.github.io/TensorRT-LLM, "trtllm-serve", and its options in a YAML file (`TorchLlmArgs`).

use super::quote::shell;
use super::{Facts, Parts, checkpoint};

pub fn parts(facts: &Facts<'_>) -> Parts {
    let mut out = Parts::default();
    let layout = facts.question.layout;
    let mut options = Vec::new();
    if layout.attention_dp {
        options.push("enable_attention_dp: true");
    }
    if facts.kv() == "fp8" {
        options.push("kv_cache_config: {dtype: fp8}");
    }
    if !options.is_empty() {
        let lines: Vec<String> = options.iter().map(|line| format!("'{line}'")).collect();
        out.add(
            format!("printf '%s\\n' {} > options.yml &&", lines.join(" ")),
            "what has no flag: the cache's format, attention of its own on each device",
        );
    }
    out.add(
        format!("trtllm-serve {}", shell(&facts.model)),
        checkpoint(facts, &["bf16", "fp16"]),
    );
    out.add_if(
        layout.tensor > 1,
        format!("--tp_size {}", layout.tensor),
        "devices that share every layer",
    );
    out.add_if(
        layout.pipeline > 1,
        format!("--pp_size {}", layout.pipeline),
        "stages of whole layers, one after the other",
    );
    out.add_if(
        layout.expert > 1,
        format!("--ep_size {}", layout.expert),
        "devices over which whole experts are dealt out",
    );
    out.add(format!("--max_seq_len {}", facts.tokens), facts.length());
    out.add(
        format!("--max_batch_size {}", facts.sequences),
        "sequences that run at once, as weighed",
    );
    out.add(
        format!("--kv_cache_free_gpu_memory_fraction {:.2}", facts.fraction().min(0.95)),
        "share of what weights leave free that the cache may take",
    );
    out.add_if(
        !options.is_empty(),
        "--extra_llm_api_options options.yml",
        "the options above",
    );
    out
}
