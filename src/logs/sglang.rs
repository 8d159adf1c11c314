//! SGLang.
//!
//! Wording: `python/sglang/srt/model_executor/model_runner.py` (weights, graphs), `python/sglang/srt/mem_cache/memory_pool.py`
//! (caches), `python/sglang/srt/managers/scheduler.py` (tokens). What it calls GB is GiB.

use super::line::{Line, after, name, number, option, real, whole};
use super::{Log, Part, Printed};

/// Takes what a line says.
pub(super) fn take(log: &mut Log, line: &Line<'_>) {
    let (text, place) = (&*line.text, &*line.place);
    let gib = |mark: &str| Printed::gib(after(text, mark).and_then(number)?);
    if text.contains("server_args=ServerArgs(") {
        options(log, text);
    }
    if text.contains("Load weight end.") {
        log.put(place, Part::Weights, gib("mem usage="));
        if let Some(dtype) = option(text, "dtype") {
            log.options.dtype = Some(name(dtype.trim_start_matches("torch.")));
        }
    }
    if text.contains("KV Cache is allocated.") {
        let size = gib("KV size: ").or_else(|| Some(gib("K size: ")?.plus(gib("V size: ")?)));
        let size = size.or_else(|| gib("K size: "));
        // Full layers and those with a window have a pool each.
        if let (Some(size), Some(place)) = (size, log.place(place, false)) {
            place.add(Part::KvCache, size);
        }
        if log.tokens.is_none() {
            log.tokens = after(text, "#tokens: ").and_then(whole);
        }
        if let Some(dtype) = after(text, "dtype: ").and_then(|rest| rest.split(',').next()) {
            log.options.keys = Some(name(dtype.trim_start_matches("torch.")));
        }
    }
    // Both pools together.
    log.put(place, Part::KvCache, gib("SWAKVPool mem usage: "));
    if let Some(dtype) = after(text, "Using KV cache dtype: ") {
        log.options.keys = Some(name(dtype.trim().trim_start_matches("torch.")));
    }
    if text.contains("Mamba Cache is allocated") {
        let parts = ["conv_state size: ", "ssm_state size: "];
        let sum = parts.iter().filter_map(|mark| gib(mark)).reduce(Printed::plus);
        log.put(place, Part::StateCache, sum);
    }
    let lower = text.to_ascii_lowercase();
    if lower.contains("cuda graph end")
        && let (Some(size), Some(place)) = (gib("mem usage="), log.place(place, false))
    {
        place.add(Part::Graphs, size);
    }
    if let Some(rest) = after(text, "max_total_num_tokens=") {
        log.tokens = whole(rest).or(log.tokens);
        log.options.context = option(text, "context_len").and_then(whole).or(log.options.context);
        log.options.max_sequences = option(text, "max_running_requests")
            .and_then(whole)
            .or(log.options.max_sequences);
        log.options.max_tokens = option(text, "chunked_prefill_size")
            .and_then(whole)
            .or(log.options.max_tokens);
    }
    if text.contains("Not enough memory") || text.contains("leave no GPU memory for the KV cache") {
        log.failed = Some("It had no room for a cache beside the weights.");
    }
    if text.contains("CUDA out of memory") {
        log.failed = Some("It ran out of memory.");
    }
}

fn options(log: &mut Log, text: &str) {
    // Another start: what was before it is forgotten.
    *log = Log {
        source: log.source,
        starts: log.starts.saturating_add(1),
        cards: std::mem::take(&mut log.cards),
        ..Log::default()
    };
    let text_of = |key: &str| option(text, key).filter(|value| *value != "auto").map(name);
    let count = |keys: &[&str]| keys.iter().find_map(|key| option(text, key)).and_then(whole);
    let options = &mut log.options;
    options.model = text_of("model_path");
    options.dtype = text_of("dtype");
    options.quantisation = text_of("quantization");
    options.keys = text_of("kv_cache_dtype");
    options.context = count(&["context_length"]);
    options.tensor = count(&["tp_size", "tensor_parallel_size"]);
    options.pipeline = count(&["pp_size", "pipeline_parallel_size"]);
    options.replicas = count(&["dp_size", "data_parallel_size"]);
    options.max_sequences = count(&["max_running_requests"]);
    options.max_tokens = count(&["chunked_prefill_size"]);
    options.fraction = option(text, "mem_fraction_static").and_then(real);
    options.speculative = option(text, "speculative_algorithm").is_some();
}

/// What follows from the rest.
pub(super) fn finish(log: &mut Log) {
    if log.places.len() > 1 {
        log.places.retain(|place| !place.is_empty());
    }
}
