//! Why a log and an estimate differ, in one sentence.

use crate::analysis::{bits_per_weight, capacity};
use crate::logs::{Log, Part, Source};
use crate::units::{UnitSystem, decimal};

use super::assume::{LONG_PROMPT, run};
use super::rows::{Measure, Ours, Row};

const GIB: UnitSystem = UnitSystem::Gib;

/// The likely reason of a row's difference.
pub(super) fn reason(row: &Row, log: &Log, ours: &Ours<'_>) -> String {
    let Some(estimate) = row.ours else {
        return apart(row.key, ours).to_owned();
    };
    if row.agrees() {
        return "The two agree.".to_owned();
    }
    let more = row.said > estimate;
    match row.key {
        "weights" => weights(row, log, ours),
        "kv_cache" | "cache_in_ram" => cache(row, log),
        "kv_cache_per_token" | "cache_per_token" => per_token(row, more).to_owned(),
        "state_cache" => "The engine keeps its states in another format, or for another number of sequences.".to_owned(),
        "compute" if more => "The engine reserved more for a step than its operators need: kernels with workspaces of their own, or more tokens a step than is assumed.".to_owned(),
        "compute" => "The engine reuses memory between operators better than is assumed, or runs fewer tokens a step.".to_owned(),
        "runtime" => "Driver and libraries take what they take on this machine; \"use these\" takes the figure over as an assumption.".to_owned(),
        "weights_in_ram" if more => "Part of the model that is estimated on the device lies in RAM: the token table, or tensors that were sent there by hand (-ot, --n-cpu-moe).".to_owned(),
        "weights_in_ram" => "The engine put more of the model on the device than is estimated.".to_owned(),
        "cache_room" => room(row, log, ours),
        "cache_tokens" | "concurrency" => "It follows from the room for the cache and the bytes of a token above.".to_owned(),
        "peak" if more => "MLX keeps freed buffers for reuse, and its peak includes what loading took.".to_owned(),
        "peak" => "The run was shorter than the tokens that are estimated, or its weights are in a smaller format.".to_owned(),
        "taken" if more => "The card also holds what other programs take, and what the allocator keeps for reuse.".to_owned(),
        "taken" => "The engine had not filled its caches yet, or driver and runtime take less here.".to_owned(),
        "read" | "written" => speed(row, log, ours),
        _ => "Nothing here explains it: please report it, with the log.".to_owned(),
    }
}

/// What is told of by the log alone.
fn apart(key: &str, ours: &Ours<'_>) -> &'static str {
    match key {
        "graphs" => {
            "Captured graphs lie beside the share of memory that the engine fills; they are not counted apart here."
        }
        "compute" => "SGLang sets a share of memory aside for it; the estimate counts that share.",
        "compute_in_ram" => "Buffers in RAM are not part of the estimate; they take nothing of the device.",
        "cache_room" | "cache_tokens" | "concurrency" | "cache_per_token" if ours.pool.is_none() => {
            "Choose a device: the room for the cache is what it leaves."
        }
        _ => "Choose a device whose speed is known.",
    }
}

fn weights(row: &Row, log: &Log, ours: &Ours<'_>) -> String {
    let estimate = row.ours.unwrap_or(0.0).max(1.0);
    let ratio = row.said / estimate;
    let setup = &ours.analysis.setup;
    let here = bits_per_weight(setup);
    // Another format, or another model altogether.
    if (ratio - 1.0).abs() > 0.08 {
        let there = log.options.bits.unwrap_or(here * ratio);
        let named = log.options.quantisation.as_deref().unwrap_or("another format");
        let named: String = named.chars().take(40).collect();
        return if log.layers.is_some_and(|(on, all)| on < all) || ours.analysis.weights_in_ram() > 0 {
            "Layers differ in size, and the log counts which of them lie where; the estimate gives each layer an equal share.".to_owned()
        } else if (there / here - 1.0).abs() > 0.08 {
            format!(
                "The log's weights have about {} bits each ({named}), those of the estimate {}: choose the same format and model.",
                decimal(there),
                decimal(here)
            )
        } else {
            "The log is of another model than the estimate, or of another part of it.".to_owned()
        };
    }
    match log.source {
        Source::LlamaCpp | Source::Ollama if ratio < 1.0 => {
            "The token table stays in RAM there, or the file stores some tensors smaller than its format's rule."
                .to_owned()
        }
        Source::LlamaCpp | Source::Ollama => {
            "The file stores some tensors larger than its format's rule: give the .gguf itself for exact bytes."
                .to_owned()
        }
        _ if ratio > 1.0 => {
            "The engine's figure is all its allocator grew by while loading: buffers and rounding are in it.".to_owned()
        }
        _ => "The engine packed weights more tightly on loading, or did not load a part of the model.".to_owned(),
    }
}

fn cache(row: &Row, log: &Log) -> String {
    let ratio = row.said / row.ours.unwrap_or(0.0).max(1.0);
    if (ratio - 2.0).abs() < 0.05 || (ratio - 0.5).abs() < 0.02 {
        return "Twice or half of it is another format of the cache.".to_owned();
    }
    match log.options.context {
        Some(_) => "The engine keeps whole windows or pads its cells: its layers keep other numbers of tokens than is estimated.".to_owned(),
        None => "The log does not say for how many tokens; the estimate counts those of the question.".to_owned(),
    }
}

const fn per_token(row: &Row, more: bool) -> &'static str {
    match row.measure {
        Measure::Bytes if more => {
            "The engine keeps more for each token than the model needs: layers with a window as long as the others, padding, or a wider format of the cache."
        }
        _ => "The engine keeps less for each token: a narrower format of the cache, or layers that share theirs.",
    }
}

/// The room is what the rest leaves: the largest of its differences is the reason.
fn room(row: &Row, log: &Log, ours: &Ours<'_>) -> String {
    let held = ours.analysis.held();
    let place = log.fullest();
    let said = |part: Part| place.and_then(|place| place.get(part)).map(|size| size.bytes as f64);
    let setup = &ours.analysis.setup;
    let may = setup.device().map(|device| capacity(setup, device) as f64);
    let seen = place.and_then(|place| place.seen).zip(log.options.fraction);
    let taken = seen.map(|((total, _), fraction)| total as f64 * fraction);
    let mut causes = vec![
        (
            "the memory the engine may take",
            taken.zip(may).map(|(there, here)| there - here),
        ),
        (
            "weights",
            said(Part::Weights).map(|there| held.weights_bytes as f64 - there),
        ),
        (
            "driver and runtime",
            said(Part::Runtime).map(|there| held.overhead_bytes as f64 - there),
        ),
    ];
    if log.source == Source::Vllm {
        let activations = said(Part::Compute).map(|there| held.activation_bytes as f64 - there);
        causes.push(("the peak of activations", activations));
    }
    let off = row.said - row.ours.unwrap_or(0.0);
    let largest = causes
        .into_iter()
        .filter_map(|(name, by)| Some((name, by?)))
        .filter(|(_, by)| by.signum() == off.signum() && by.abs() > 0.2 * off.abs())
        .max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()));
    match largest {
        Some((name, by)) => format!(
            "It is what the rest leaves, and most of the difference is in {name} ({} {}).",
            GIB.bytes(by.abs()),
            if by > 0.0 { "more room in the log" } else { "less room in the log" }
        ),
        None if log.options.speculative => "A model that writes drafts takes its share of the room.".to_owned(),
        None => "It is what the rest leaves: another share of memory, other programs on the card, or graphs that are captured.".to_owned(),
    }
}

fn speed(row: &Row, log: &Log, ours: &Ours<'_>) -> String {
    if row.key == "read" && log.read.is_some_and(|(tokens, _)| tokens < LONG_PROMPT) {
        return "A short prompt does not fill the device, so its rate says little.".to_owned();
    }
    let run = run(log, ours.analysis, |_| ());
    let between = run.and_then(|run| run.speed?.tokens_per_second_between);
    match between.filter(|_| row.key == "written") {
        Some((low, high)) if (low..=high).contains(&row.said) => {
            "It is inside the interval of the estimate; \"use these\" takes this machine's share of the peak over.".to_owned()
        }
        _ => "This machine reaches another share of its peak than published measurements show: clocks, power limits, kernels.".to_owned(),
    }
}
