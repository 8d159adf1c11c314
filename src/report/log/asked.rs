//! The question a log answers: a scenario with what the engine prints of how it was started.

use crate::hardware::machine::{Machine, Part, by_driver_name};
use crate::logs::{Card, Log, Source};
use crate::scenario::{KnobId, Mode, Scenario};
use crate::units::shown;

/// Something that was taken from a log, or could not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The knob.
    pub knob: KnobId,
    /// Its value, as the log has it.
    pub value: String,
    /// Why it was not taken.
    pub refused: Option<String>,
}

impl Taken {
    /// `Engine: vllm`.
    pub fn words(&self) -> String {
        let label = self.knob.knob().map_or("", |knob| knob.label);
        match &self.refused {
            None => format!("{label}: {}", shown(&self.value)),
            Some(why) => format!("{label} \"{}\" is not taken over: {}", shown(&self.value), shown(why)),
        }
    }
}

/// The scenario that a log was written under, as far as it tells. What is in `keep` stays as it is.
pub fn as_logged(log: &Log, base: &Scenario, keep: &[KnobId]) -> (Scenario, Vec<Taken>) {
    let mut scenario = base.clone();
    let mut taken = Vec::new();
    if scenario.workload.mode != Mode::Decode && log.source.engine().is_some() && !keep.contains(&KnobId::Mode) {
        scenario.workload.mode = Mode::Decode;
    }
    let mut set = |knob: KnobId, value: Option<String>| {
        let (Some(value), Some(found)) = (value, knob.knob()) else {
            return;
        };
        if keep.contains(&knob) {
            return;
        }
        let before = (found.get)(&scenario);
        let refused = found.read(&mut scenario, &value).err().map(|error| error.to_string());
        if refused.is_some() || (found.get)(&scenario) != before {
            taken.push(Taken { knob, value, refused });
        }
    };
    let options = &log.options;
    let number = |value: Option<u64>| value.filter(|value| *value > 0).map(|value| value.to_string());
    set(KnobId::Engine, log.source.engine().map(str::to_owned));
    let device = device(log, base);
    set(KnobId::Hardware, device);
    set(KnobId::Devices, number(devices(log)));
    set(
        KnobId::TensorParallel,
        number(options.tensor.filter(|_| devices(log) > Some(1))),
    );
    set(
        KnobId::PipelineParallel,
        number(options.pipeline.filter(|stages| *stages > 1)),
    );
    set(KnobId::Weights, weights(log));
    let keys = options.keys.as_deref().map(cache_format);
    let values = options
        .values
        .as_deref()
        .map(cache_format)
        .filter(|values| Some(values) != keys.as_ref());
    set(KnobId::KvCache, keys);
    set(KnobId::ValueCache, values);
    let sequences = options.sequences.unwrap_or(1).max(1);
    let context = options.context.map(|context| (context / sequences).max(1));
    // What was read and written by a program that tells no more.
    let spoken = log
        .read
        .zip(log.written)
        .map(|((read, _), (written, _))| read.saturating_add(written));
    let tokens = context.or(spoken.filter(|_| log.source == Source::Mlx));
    set(KnobId::Generate, tokens.map(|_| "0".to_owned()));
    set(KnobId::Prompt, number(tokens));
    set(KnobId::Batch, number(tokens.map(|_| sequences)));
    set(KnobId::MaxSequences, number(options.max_sequences));
    set(KnobId::MaxBatchedTokens, number(options.max_tokens));
    set(KnobId::MicroBatch, number(options.micro_batch));
    set(KnobId::MemoryFraction, options.fraction.and_then(percent));
    // The output counts as a layer, and is the first to be on a device.
    let in_ram = log
        .layers
        .filter(|(on, all)| on < all)
        .map(|(on, all)| (all - on).min(all.saturating_sub(1)));
    set(KnobId::Offload, number(in_ram));
    (scenario, taken)
}

/// A share in whole percent, as the knob has it.
pub fn percent(fraction: f64) -> Option<String> {
    let percent = (fraction * 100.0).round();
    (1.0..=100.0).contains(&percent).then(|| format!("{percent:.0}"))
}

/// The device the log names: the one in hand where it may be that, else the likeliest.
fn device(log: &Log, base: &Scenario) -> Option<String> {
    // What works is what holds most; engines tell of the cards they use alone.
    let named = log.cards.iter().filter(|card| !card.name.is_empty()).rev();
    let card = named.max_by_key(|card| card.used)?;
    let candidates = by_driver_name(&card.name);
    let in_hand = base.hardware.device.as_deref();
    if candidates.iter().any(|device| Some(device.id.as_str()) == in_hand) {
        return None;
    }
    let machine = Machine {
        parts: vec![part(card)],
        host_bytes: None,
    };
    machine.best().map(|(device, _)| device.id.clone())
}

fn part(card: &Card) -> Part {
    Part {
        name: card.name.clone(),
        memory_bytes: card.total,
    }
}

/// Devices that work together.
fn devices(log: &Log) -> Option<u64> {
    let options = &log.options;
    if let Some(tensor) = options.tensor {
        return Some(tensor.saturating_mul(options.pipeline.unwrap_or(1)));
    }
    let told = u64::try_from(log.devices()).unwrap_or(0);
    (matches!(log.source, Source::LlamaCpp | Source::Ollama) && told > 0).then_some(told)
}

/// A GGUF's type as the name of a format: `Q4_K - Medium` is q4_k_m, `IQ4_XS - 4.25 bpw` iq4_xs.
fn weights(log: &Log) -> Option<String> {
    if !matches!(log.source, Source::LlamaCpp | Source::Ollama) {
        return None;
    }
    let kind = log.options.quantisation.as_deref()?;
    let (base, rest) = kind.split_once(" - ").unwrap_or((kind, ""));
    let base = base.trim().to_ascii_lowercase();
    let size = match rest.split_whitespace().next() {
        Some("Small") => "_s",
        Some("Medium") => "_m",
        Some("Large") => "_l",
        _ => "",
    };
    Some(match base.as_str() {
        "f16" => "fp16".to_owned(),
        "all f32" => "fp32".to_owned(),
        "mxfp4 moe" => "mxfp4".to_owned(),
        other => format!("{other}{size}"),
    })
}

/// The format of a cache as engines print it, by the knob's name for it; an unknown one as it is, so that it is refused in words.
fn cache_format(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    match lower.as_str() {
        "f16" | "float16" | "half" => "fp16".to_owned(),
        "bfloat16" => "bf16".to_owned(),
        "f32" | "float32" => "fp32".to_owned(),
        "fp8_e4m3" | "fp8_e5m2" | "float8_e4m3fn" | "float8_e5m2" | "float8_e4m3fnuz" => "fp8".to_owned(),
        _ => lower,
    }
}
