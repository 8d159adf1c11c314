//! What the engine itself would print on start, in its own words, so that a log can be held beside the estimate.
//!
//! Wording: vLLM `v1/core/kv_cache_utils.py` (`update_kv_cache_capacity`); llama.cpp `src/llama-model.cpp`,
//! `src/llama-kv-cache.cpp`, `src/llama-memory-recurrent.cpp`, `src/llama-context.cpp`. Names of functions, which change
//! from build to build, are left out.

use super::pool::pool;
use crate::analysis::{Analysis, RankMemory, Verdict};
use crate::hardware::{Device, Engine, Vendor};
use crate::units::grouped;

/// Most devices that are listed one by one.
const MOST_LISTED: u64 = 16;

/// The lines, for the engines that print such; none where it does not run whole on the devices.
pub fn log_lines(analysis: &Analysis) -> Vec<String> {
    let setup = &analysis.setup;
    let fits = analysis.fit.as_ref().filter(|fit| fit.verdict == Verdict::Fits);
    let serves = !setup.scenario.workload.mode.trains();
    let (Some(_), Some(device), true) = (fits, setup.device(), serves) else {
        return Vec::new();
    };
    match setup.engine {
        Engine::Vllm => vllm(analysis),
        Engine::LlamaCpp => llama_cpp(analysis, device),
        _ => Vec::new(),
    }
}

/// What is left beside weights and activations is cache: so many tokens, so many requests of the context asked for.
fn vllm(analysis: &Analysis) -> Vec<String> {
    let Some(pool) = pool(analysis) else {
        return Vec::new();
    };
    let context = analysis.setup.tokens().value.max(1);
    vec![
        format!("GPU KV cache size: {} tokens", grouped(pool.tokens)),
        format!(
            "Maximum concurrency for {} tokens per request: {:.2}x",
            grouped(context),
            pool.requests
        ),
    ]
}

/// Buffers by device.
fn llama_cpp(analysis: &Analysis, device: &Device) -> Vec<String> {
    let mut lines = Vec::new();
    let devices = analysis.ranks.groups.iter().flat_map(|group| {
        let count = group.count.min(MOST_LISTED);
        (group.first..group.first.saturating_add(count)).map(|at| (at, &group.memory))
    });
    let devices: Vec<(String, &RankMemory)> = devices
        .take(MOST_LISTED as usize)
        .map(|(at, memory)| (buffer(device, at), memory))
        .collect();
    let mut list = |what: &str, bytes: fn(&RankMemory) -> u64| {
        for (name, memory) in &devices {
            let bytes = bytes(memory);
            if bytes > 0 {
                lines.push(format!(
                    "{name:>12} {what} buffer size = {:8.2} MiB",
                    bytes as f64 / 1_048_576.0
                ));
            }
        }
    };
    list("model", |memory| memory.weights_bytes);
    list("KV", |memory| memory.kv_cache_bytes);
    list("RS", |memory| memory.state_cache_bytes);
    list("compute", |memory| memory.activation_bytes);
    lines
}

/// How llama.cpp calls the memory of a device.
fn buffer(device: &Device, at: u64) -> String {
    match device.vendor {
        _ if device.is_processor() => "CPU".to_owned(),
        Vendor::Nvidia => format!("CUDA{at}"),
        Vendor::Amd => format!("ROCm{at}"),
        Vendor::Intel => format!("SYCL{at}"),
        Vendor::Apple => "Metal".to_owned(),
        _ => format!("GPU{at}"),
    }
}
