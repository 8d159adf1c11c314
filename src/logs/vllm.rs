//! vLLM.
//!
//! Wording: `vllm/v1/worker/gpu_model_runner.py` (loading, graphs), `vllm/v1/worker/gpu_worker.py` (memory that is left for the
//! cache, and what the rest is taken by), `vllm/v1/core/kv_cache_utils.py` (tokens, requests), `vllm/v1/engine/core.py`
//! (configuration), `vllm/entrypoints/utils.py` (arguments). 0.11 to 0.29; of versions before V1 `vllm/worker/worker.py`.

use super::line::{Line, after, name, number, number_before, option, real, whole};
use super::{Log, Part, Printed};

/// Takes what a line says.
pub(super) fn take(log: &mut Log, line: &Line<'_>) {
    let (text, place) = (&*line.text, &*line.place);
    let gib = |mark: &str| Printed::gib(after(text, mark).and_then(number)?);
    let before = |mark: &str| Printed::gib(number_before(text, mark)?);
    if let Some(rest) = after(text, "LLM engine (v") {
        start(log, rest);
    }
    for mark in [
        "Model loading took ",
        "Loading model weights took ",
        "model weights take ",
    ] {
        log.put(place, Part::Weights, gib(mark));
    }
    log.put(place, Part::KvCache, gib("Available KV cache memory: "));
    log.put(place, Part::Compute, before(" GiB for peak activation"));
    log.put(place, Part::Runtime, before(" GiB for non-torch memory"));
    log.put(place, Part::WeightsAndRuntime, before(" GiB for consumed memory"));
    // Exact where they were captured; what is told before that is a guess.
    log.put(place, Part::Graphs, before(" GiB for CUDAGraph memory"));
    if text.contains("Graph capturing finished in ") {
        log.put(place, Part::Graphs, gib(", took "));
    }
    // Before V1, and where V1 is asked for details.
    log.put(place, Part::Runtime, gib("non_torch_memory takes "));
    log.put(place, Part::Compute, gib("PyTorch activation peak memory takes "));
    log.put(place, Part::KvCache, gib("reserved for KV Cache is "));
    log.put(place, Part::Compute, gib("torch peak memory increase: "));
    if let Some(rest) = after(text, "GPU KV cache size: ") {
        log.tokens = whole(rest).or(log.tokens);
    }
    if let Some((at, times)) =
        after(text, "Maximum concurrency for ").and_then(|rest| rest.split_once(" per request: "))
    {
        log.concurrency = whole(at).zip(real(times)).or(log.concurrency);
    }
    if let Some(rest) = after(text, "Desired GPU memory utilization is (") {
        log.options.fraction = real(rest).or(log.options.fraction);
        let sizes = after(text, "Free memory on device").and_then(|rest| after(rest, "("));
        if let Some((free, total)) = sizes.and_then(|sizes| sizes.split_once('/'))
            && let (Some(free), Some(total)) = (bytes(free), bytes(total))
            && let Some(place) = log.place(place, false)
        {
            place.seen = Some((total, free));
        }
    }
    options(log, text);
    if text.contains("No available memory for the cache blocks") || text.contains("than the available KV cache memory")
    {
        log.failed = Some("It had no room for the cache it was asked for.");
    }
    if text.contains("CUDA out of memory") || text.contains("less than desired GPU memory utilization") {
        log.failed = Some("It ran out of memory.");
    }
}

fn bytes(text: &str) -> Option<u64> {
    Some(Printed::gib(number(text)?)?.bytes)
}

/// An engine starts: what came before was another start. Replicas start side by side.
fn start(log: &mut Log, rest: &str) {
    if log.places.iter().any(|place| !place.is_empty()) && log.tokens.is_some() && log.options.replicas.unwrap_or(1) < 2
    {
        let (options, cards) = (std::mem::take(&mut log.options), std::mem::take(&mut log.cards));
        *log = Log {
            source: log.source,
            starts: log.starts,
            options,
            cards,
            ..Log::default()
        };
    }
    log.starts = log.starts.saturating_add(1);
    log.options.version = rest.split(')').next().map(name);
}

fn options(log: &mut Log, text: &str) {
    let configured = text.contains("with config: ");
    let given = text.contains("non-default args: ");
    if let Some(rest) = after(text, "max_num_batched_tokens=") {
        log.options.max_tokens = whole(rest).or(log.options.max_tokens);
    }
    if !configured && !given {
        return;
    }
    let found = |keys: &[&str]| keys.iter().find_map(|key| option(text, key));
    let count = |keys: &[&str]| found(keys).and_then(whole);
    let into = |value: Option<&str>, kept: &mut Option<String>| {
        if let Some(value) = value {
            *kept = Some(name(value.trim_start_matches("torch.")));
        }
    };
    let options = &mut log.options;
    into(found(&["model", "model_tag"]), &mut options.model);
    into(found(&["dtype"]).filter(|value| *value != "auto"), &mut options.dtype);
    into(found(&["quantization"]), &mut options.quantisation);
    into(
        found(&["kv_cache_dtype"]).filter(|value| *value != "auto"),
        &mut options.keys,
    );
    options.context = count(&["max_seq_len", "max_model_len"]).or(options.context);
    options.tensor = count(&["tensor_parallel_size"]).or(options.tensor);
    options.pipeline = count(&["pipeline_parallel_size"]).or(options.pipeline);
    options.replicas = count(&["data_parallel_size"]).or(options.replicas);
    options.max_sequences = count(&["max_num_seqs"]).or(options.max_sequences);
    options.max_tokens = count(&["max_num_batched_tokens"]).or(options.max_tokens);
    options.fraction = found(&["gpu_memory_utilization"]).and_then(real).or(options.fraction);
    options.speculative |= found(&["speculative_config"]).is_some();
}

/// What follows from the rest.
pub(super) fn finish(log: &mut Log) {
    for place in &mut log.places {
        let both = place.get(Part::WeightsAndRuntime);
        if let (Some(both), Some(weights), None) = (both, place.get(Part::Weights), place.get(Part::Runtime)) {
            place.set(Part::Runtime, both.minus(weights));
        }
    }
    // The one that plans the cache holds nothing itself where workers do.
    if log.places.len() > 1 {
        log.places.retain(|place| !place.is_empty());
    }
}
