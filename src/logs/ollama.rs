//! Ollama's own lines; those of its runner are llama.cpp's.
//!
//! Wording: `ml/device.go` (`BackendMemory.Log`), `discover/types.go` (cards). Sizes there have one digit behind the point, so
//! what the runner prints of the same is taken first.

use super::line::{after, name, number, option, whole};
use super::{Card, Log, Part, Printed};

/// Takes what a line says.
pub(super) fn take(log: &mut Log, text: &str) {
    let field = |key: &str| {
        let value = after(text, key)?;
        match value.strip_prefix('"') {
            Some(quoted) => quoted.split('"').next(),
            None => value.split_whitespace().next(),
        }
    };
    let size = |text: &str| {
        let digits = number(text)?;
        let unit = match text.split_whitespace().nth(1)? {
            "GiB" => 1 << 30,
            "MiB" => 1 << 20,
            "KiB" => 1 << 10,
            "TiB" => 1 << 40,
            _ => return None,
        };
        Printed::of(digits, unit)
    };
    let part = match field(" msg=") {
        Some("model weights") => Part::Weights,
        Some("kv cache") => Part::KvCache,
        Some("compute graph") => Part::Compute,
        Some("inference compute") => {
            let name = field(" description=").or_else(|| field(" name=")).map(name);
            let total = field(" total=").and_then(size).map(|size| size.bytes);
            if let (Some(name), Some(total)) = (name.filter(|name| !name.is_empty() && name != "cpu"), total)
                && !log.cards.iter().any(|card| card.name == name)
                && log.cards.len() < crate::limits::LOG_PLACES
            {
                log.cards.push(Card {
                    name,
                    total: Some(total),
                    used: None,
                });
            }
            return;
        }
        Some("load") => return request(log, text),
        _ => return,
    };
    let (Some(device), Some(size)) = (field(" device="), field(" size=").and_then(size)) else {
        return;
    };
    if let Some(place) = log.place(device, device == "CPU") {
        let finer = place.get(part).is_some_and(|known| known.step < size.step);
        if !finer {
            place.set(part, size);
        }
    }
}

/// `msg=load request="{Operation:commit … Parallel:1 BatchSize:512 … KvSize:4096 KvCacheType:q8_0 …}"`.
fn request(log: &mut Log, text: &str) {
    let count = |key: &str| option(text, key).and_then(whole).filter(|count| *count > 0);
    log.options.context = count("KvSize").or(log.options.context);
    log.options.sequences = count("Parallel").or(log.options.sequences);
    log.options.micro_batch = count("BatchSize").or(log.options.micro_batch);
    if let Some(kind) = option(text, "KvCacheType").filter(|kind| !kind.contains(':')) {
        (log.options.keys, log.options.values) = (Some(name(kind)), Some(name(kind)));
    }
}
