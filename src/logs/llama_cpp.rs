//! llama.cpp and what is built on it.
//!
//! Wording: `src/llama-model.cpp` (`load_tensors`, `print_info`), `src/llama-kv-cache.cpp`, `src/llama-memory-recurrent.cpp`,
//! `src/llama-context.cpp` (contexts, compute buffers, speeds), `common/` (memory breakdown). Names of functions change from
//! build to build and are looked past where a line is known without them.

use super::line::{after, name, number, real, whole};
use super::{Card, Log, Part, Printed};
use crate::limits;

const MIB: u64 = 1 << 20;

/// Reads line by line, a model at a time: a server may load several, and a draft beside the one it serves.
#[derive(Debug, Default)]
pub(super) struct Reader {
    /// The largest model so far.
    largest: Option<Log>,
}

impl Reader {
    /// Takes what a line says.
    pub(super) fn take(&mut self, log: &mut Log, text: &str) {
        if text.contains("llama_model_loader: loaded meta data") {
            self.next(log);
        }
        if let Some(rest) = after(text, "offloaded ")
            && let Some((on, all)) = rest.split_once('/')
            && rest.contains(" layers to GPU")
        {
            log.layers = whole(on).zip(whole(all)).or(log.layers);
        }
        if text.contains("constructing llama_context") || text.contains("llama_new_context_with_model: n_ctx ") {
            let context = [Part::KvCache, Part::StateCache, Part::Compute];
            log.places.iter_mut().for_each(|place| place.forget(&context));
        }
        buffer(log, text);
        breakdown(log, text);
        options(log, text);
        device(log, text);
        speeds(log, text);
        if text.contains("failed to allocate") || text.contains("unable to allocate") || text.contains("out of memory")
        {
            log.failed = Some("It ran out of memory.");
        }
    }
    /// Another model begins.
    fn next(&mut self, log: &mut Log) {
        let starts = log.starts.saturating_add(1);
        let cards = log.cards.clone();
        let before = std::mem::take(log);
        (log.source, log.starts, log.cards) = (before.source, starts, cards);
        self.keep(before);
    }
    fn keep(&mut self, log: Log) {
        let weight = |log: &Log| {
            log.places
                .iter()
                .filter_map(|place| place.get(Part::Weights))
                .map(|size| size.bytes)
                .sum::<u64>()
        };
        let more = self.largest.as_ref().is_none_or(|known| weight(&log) >= weight(known));
        if more && log.places.iter().any(|place| !place.is_empty()) {
            self.largest = Some(log);
        }
    }
    /// The largest model, with what was told of all.
    pub(super) fn finish(&mut self, log: &mut Log) {
        let (starts, cards) = (log.starts, std::mem::take(&mut log.cards));
        let (read, written) = (log.read, log.written);
        self.keep(std::mem::take(log));
        if let Some(largest) = self.largest.take() {
            *log = largest;
        }
        log.starts = starts;
        log.cards = cards;
        log.read = log.read.or(read);
        log.written = log.written.or(written);
    }
}

/// `load_tensors:        CUDA0 model buffer size =  4403.49 MiB`.
fn buffer(log: &mut Log, text: &str) -> Option<()> {
    let (before, rest) = text.split_once(" buffer size = ")?;
    let size = Printed::of(number(rest)?, MIB)?;
    rest.contains(" MiB").then_some(())?;
    let what = before.rsplit_once(':').map_or(before, |(_, what)| what);
    let mut words = what.split_whitespace();
    let device = words.next()?;
    let kind = words.collect::<Vec<_>>().join(" ");
    let part = match kind.as_str() {
        "model" | "LoRA" => Part::Weights,
        "KV" => Part::KvCache,
        "compute" | "output" => Part::Compute,
        "RS" => Part::StateCache,
        other if other.ends_with("state") => Part::StateCache,
        _ => return None,
    };
    let (device, host) = place_of(device);
    let place = log.place(device, host)?;
    if kind == "compute" {
        // Reserved anew, it replaces what was reserved; logits beside it are small and lie in RAM.
        place.set(part, size);
    } else {
        place.add(part, size);
    }
    Some(())
}

/// The device of a buffer, and whether it is the machine's RAM: `CUDA0_Split` is on `CUDA0`, `CUDA_Host` in RAM.
fn place_of(buffer: &str) -> (&str, bool) {
    if buffer.ends_with("_Host") || buffer == "Host" || buffer.starts_with("CPU") || buffer == "BLAS" {
        return ("RAM", true);
    }
    let device = ["_Mapped", "_Split", "_Private", "_REPACK"]
        .iter()
        .find_map(|end| buffer.strip_suffix(end));
    (device.unwrap_or(buffer), false)
}

/// `|   - CUDA0 (RTX 3060)  | 11909 = 2543 + (9037 = 7680 + 750 + 607) + 327 |`: what no buffer explains is driver and runtime.
fn breakdown(log: &mut Log, text: &str) -> Option<()> {
    let rest = after(text, "breakdown_print: |")?;
    let (who, figures) = rest.split_once('|')?;
    let device = who.trim().strip_prefix("- ")?.split_whitespace().next()?;
    let figures: Vec<u64> = figures
        .split(|sign: char| !sign.is_ascii_digit())
        .filter_map(|figure| figure.parse().ok())
        .collect();
    let [total, free, own, model, context, compute, rest] = *figures.as_slice() else {
        return None;
    };
    // Printed before anything is loaded it makes no sense.
    let holds = own.saturating_add(free).saturating_add(rest) <= total.saturating_add(2) && rest < total;
    let mib = |count: u64| Printed::of(&count.to_string(), MIB);
    let (device, host) = place_of(device);
    let place = log.place(device, host).filter(|_| holds)?;
    place.seen = Some((total.saturating_mul(MIB), free.saturating_mul(MIB)));
    place.set(Part::Runtime, mib(rest)?);
    for (part, count) in [
        (Part::Weights, model),
        (Part::KvCache, context),
        (Part::Compute, compute),
    ] {
        let told = place.get(part).is_some() || (part == Part::KvCache && place.get(Part::StateCache).is_some());
        if !told && count > 0 {
            place.set(part, mib(count)?);
        }
    }
    Some(())
}

/// `llama_context: n_ctx         = 8192`, `print_info: file type   = Q4_K - Medium`.
fn options(log: &mut Log, text: &str) {
    let setting = |key: &str| {
        let (before, value) = text.split_once('=')?;
        (before.trim_end().rsplit([' ', ':']).next()? == key).then_some(value.trim())
    };
    let info = |key: &str| {
        let (before, value) = text.split_once('=')?;
        before.trim_end().ends_with(key).then_some(value.trim())
    };
    let options = &mut log.options;
    if text.contains("llama_context") || text.contains("llama_new_context_with_model") {
        let count = |key: &str| setting(key).and_then(whole);
        options.context = count("n_ctx").or(options.context);
        options.sequences = count("n_seq_max").or(options.sequences);
        options.micro_batch = count("n_ubatch").or(options.micro_batch);
    }
    if text.contains("print_info:") || text.contains("llm_load_print_meta:") {
        if let Some(kind) = info(" file type").or_else(|| info(" model ftype")) {
            options.quantisation = Some(name(kind));
        }
        if let Some(found) = info(" general.name").filter(|found| *found != "n/a") {
            options.model = Some(name(found));
        }
        if let Some(found) = info(" model params").filter(|found| found.ends_with(" B")) {
            options.parameters = real(found);
        }
        if let Some(found) = info(" file size").and_then(|found| after(found, "(")) {
            options.bits = real(found);
        }
    }
    if let Some(found) = after(text, "general.name str").and_then(|rest| after(rest, "=")) {
        options.model = Some(name(found));
    }
    let kind = |mark: &str| after(text, mark)?.split(')').next().map(name);
    if let (Some(keys), Some(values)) = (kind(" K ("), kind(" V (")) {
        (options.keys, options.values) = (Some(keys), Some(values));
    }
}

/// `using device CUDA0 (NVIDIA GeForce RTX 4090) (0000:01:00.0) - 22994 MiB free`.
fn device(log: &mut Log, text: &str) -> Option<()> {
    let rest = after(text, "using device ")?;
    let (_, named) = rest.split_once(" (")?;
    let card = name(named.split(')').next()?);
    let new = log.cards.len() < limits::LOG_PLACES && log.starts <= 1;
    if new {
        log.cards.push(Card {
            name: card,
            ..Card::default()
        });
    }
    Some(())
}

/// `prompt eval time = 80.76 ms / 11 tokens ( 7.34 ms per token, 136.21 tokens per second)`.
fn speeds(log: &mut Log, text: &str) -> Option<()> {
    let (before, rest) = text.split_once("eval time =")?;
    let count = after(rest, "/").and_then(whole)?;
    let rate = rest.rsplit_once(',').and_then(|(_, rate)| real(rate))?;
    rest.contains("tokens per second").then_some(())?;
    if before.trim_end().ends_with("prompt") {
        log.read = Some((count, rate));
    } else {
        log.written = Some((count, rate));
    }
    Some(())
}
