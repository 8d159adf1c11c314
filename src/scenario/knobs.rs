//! Every knob, once.

use strum::IntoEnumIterator;

use super::choices::{AttentionFlops, AttentionKernel, KvFormat, LatentCache, Logits, Mode, Recompute};
use super::knob::{Group, Knob, KnobError, KnobKind, OptionRow};
use crate::hardware::{self, Engine};
use crate::model::quantisation;

/// Largest batch and token count: beyond any machine, far from overflow.
const MOST_TOKENS: u64 = 100_000_000;

macro_rules! rows {
    ($choice:ty) => {
        || {
            <$choice>::iter()
                .map(|one| OptionRow {
                    key: one.key(),
                    label: one.label().to_owned(),
                    help: one.help().to_owned(),
                })
                .collect()
        }
    };
}

/// Every knob, in the order of page and help.
pub const KNOBS: &[Knob] = &[
    Knob {
        key: "mode",
        flag: "mode",
        label: "Mode",
        help: "What is weighed: reading a prompt, writing a token, or a training step.",
        group: Group::Workload,
        kind: KnobKind::Choice(rows!(Mode)),
        modes: &[],
        get: |s| s.mode.key().to_owned(),
        set: |s, text| {
            if let "serve" | "finetune" = text {
                return Err(KnobError::NotBuilt(format!(
                    "The mode \"{text}\" is not built yet. Built are: prefill, decode, pretrain."
                )));
            }
            choose("Mode", text, &mut s.mode, Mode::iter().map(Mode::key))
        },
    },
    Knob {
        key: "p",
        flag: "prompt",
        label: "Prompt tokens",
        help: "Tokens of each prompt; in training the length of a sequence.",
        group: Group::Workload,
        kind: KnobKind::Whole {
            least: 1,
            most: MOST_TOKENS,
            slider: 131_072,
            unit: "tokens",
        },
        modes: &[],
        get: |s| s.prompt.to_string(),
        set: |s, text| whole("Prompt tokens", text, 1, MOST_TOKENS).map(|value| s.prompt = value),
    },
    Knob {
        key: "g",
        flag: "generate",
        label: "Generated tokens",
        help: "Tokens written after the prompt. Memory has room for all of them; time is that of the middle one.",
        group: Group::Workload,
        kind: KnobKind::Whole {
            least: 0,
            most: MOST_TOKENS,
            slider: 32_768,
            unit: "tokens",
        },
        modes: &[Mode::Decode, Mode::Prefill],
        get: |s| s.generate.map_or_else(|| "auto".to_owned(), |value| value.to_string()),
        set: |s, text| {
            s.generate = if text == "auto" {
                None
            } else {
                Some(whole("Generated tokens", text, 0, MOST_TOKENS)?)
            };
            Ok(())
        },
    },
    Knob {
        key: "b",
        flag: "batch",
        label: "Sequences at once",
        help: "How many sequences run together.",
        group: Group::Workload,
        kind: KnobKind::Whole {
            least: 1,
            most: 1_000_000,
            slider: 256,
            unit: "",
        },
        modes: &[],
        get: |s| s.batch.to_string(),
        set: |s, text| whole("Sequences at once", text, 1, 1_000_000).map(|value| s.batch = value),
    },
    Knob {
        key: "recompute",
        flag: "recompute",
        label: "Recomputation",
        help: "What the backward pass computes again instead of keeping it in memory.",
        group: Group::Workload,
        kind: KnobKind::Choice(rows!(Recompute)),
        modes: &[Mode::Pretrain],
        get: |s| s.recompute.key().to_owned(),
        set: |s, text| {
            choose(
                "Recomputation",
                text,
                &mut s.recompute,
                Recompute::iter().map(Recompute::key),
            )
        },
    },
    Knob {
        key: "w",
        flag: "weights",
        label: "Weights",
        help: "Number format of the weights. Norms, biases and routers stay as published where the format says so.",
        group: Group::Precision,
        kind: KnobKind::Choice(weight_rows),
        modes: &[],
        get: |s| s.weights.unwrap_or("auto").to_owned(),
        set: |s, text| {
            s.weights = if text.eq_ignore_ascii_case("auto") {
                None
            } else {
                let known = quantisation::CHOICES.iter().map(|one| one.format.id.as_ref());
                Some(weight_key(text).ok_or_else(|| unknown("Weights format", text, known))?)
            };
            Ok(())
        },
    },
    Knob {
        key: "kv",
        flag: "kv-cache",
        label: "KV cache",
        help: "Number format of the keys and values kept for each token.",
        group: Group::Precision,
        kind: KnobKind::Choice(rows!(KvFormat)),
        modes: &[Mode::Decode, Mode::Prefill],
        get: |s| s.kv_cache.key().to_owned(),
        set: |s, text| {
            choose(
                "KV cache format",
                cache_name(text),
                &mut s.kv_cache,
                KvFormat::iter().map(KvFormat::key),
            )
        },
    },
    Knob {
        key: "kvv",
        flag: "value-cache",
        label: "Cached values",
        help: "Number format of cached values, where it differs from that of keys. Models with latent attention keep no values.",
        group: Group::Assumptions,
        kind: KnobKind::Choice(value_rows),
        modes: &[Mode::Decode, Mode::Prefill],
        get: |s| s.value_cache.key().to_owned(),
        set: |s, text| {
            choose(
                "Format of cached values",
                cache_name(text),
                &mut s.value_cache,
                KvFormat::iter().map(KvFormat::key),
            )
        },
    },
    Knob {
        key: "hw",
        flag: "hardware",
        label: "Device",
        help: "The device that should carry it. Without one, nothing is said about fit and speed.",
        group: Group::Hardware,
        kind: KnobKind::Device,
        modes: &[],
        get: |s| s.hardware.clone().unwrap_or_else(|| "none".to_owned()),
        set: |s, text| {
            s.hardware = if text == "none" {
                None
            } else {
                let known = ["`weighbridge hardware` lists all ids, the page every name"].into_iter();
                let found = hardware::find(text).ok_or_else(|| unknown("Device", text, known))?;
                Some(found.id.clone())
            };
            Ok(())
        },
    },
    Knob {
        key: "e",
        flag: "engine",
        label: "Engine",
        help: "The program that runs the model. It decides how caches are laid out and how long prompts are cut.",
        group: Group::Hardware,
        kind: KnobKind::Choice(engine_rows),
        modes: &[Mode::Decode, Mode::Prefill],
        get: |s| s.engine.map_or("auto", Engine::key).to_owned(),
        set: |s, text| {
            let mut engine = Engine::default();
            s.engine = if text == "auto" {
                None
            } else {
                choose("Engine", text, &mut engine, Engine::iter().map(Engine::key)).map(|()| Some(engine))?
            };
            Ok(())
        },
    },
    Knob {
        key: "attn",
        flag: "attention",
        label: "Attention kernel",
        help: "Whether scores of attention are written to memory.",
        group: Group::Assumptions,
        kind: KnobKind::Choice(rows!(AttentionKernel)),
        modes: &[],
        get: |s| s.attention.key().to_owned(),
        set: |s, text| {
            choose(
                "Attention kernel",
                text,
                &mut s.attention,
                AttentionKernel::iter().map(AttentionKernel::key),
            )
        },
    },
    Knob {
        key: "count",
        flag: "attention-flops",
        label: "Attention counted as",
        help: "Framework counters count all pairs of tokens; fused kernels compute only those a token can see.",
        group: Group::Assumptions,
        kind: KnobKind::Choice(rows!(AttentionFlops)),
        modes: &[],
        get: |s| s.attention_flops.key().to_owned(),
        set: |s, text| {
            choose(
                "Attention counting",
                text,
                &mut s.attention_flops,
                AttentionFlops::iter().map(AttentionFlops::key),
            )
        },
    },
    Knob {
        key: "logits",
        flag: "logits",
        label: "Logits for",
        help: "Which positions of the prompt are turned into scores over the vocabulary.",
        group: Group::Assumptions,
        kind: KnobKind::Choice(rows!(Logits)),
        modes: &[Mode::Prefill],
        get: |s| s.logits.key().to_owned(),
        set: |s, text| choose("Logits", text, &mut s.logits, Logits::iter().map(Logits::key)),
    },
    Knob {
        key: "mla",
        flag: "latent-cache",
        label: "Latent attention keeps",
        help: "What models with latent attention (DeepSeek, Kimi) keep for each token.",
        group: Group::Assumptions,
        kind: KnobKind::Choice(rows!(LatentCache)),
        modes: &[Mode::Decode, Mode::Prefill],
        get: |s| s.latent_cache.key().to_owned(),
        set: |s, text| {
            choose(
                "Latent cache",
                text,
                &mut s.latent_cache,
                LatentCache::iter().map(LatentCache::key),
            )
        },
    },
    Knob {
        key: "overhead",
        flag: "overhead",
        label: "Device overhead",
        help: "Memory the driver and the runtime take before anything is loaded. A CUDA context costs 0.3 to 0.6 GiB.",
        group: Group::Assumptions,
        kind: KnobKind::Bytes { most: 1 << 40 },
        modes: &[],
        get: |s| s.overhead.to_string(),
        set: |s, text| bytes("Device overhead", text, 1 << 40).map(|value| s.overhead = value),
    },
];

/// The key of a weight format, as it lives in a scenario.
pub fn weight_key(id: &str) -> Option<&'static str> {
    quantisation::choice(id).map(|one| quantisation::intern(&one.format.id))
}

/// llama.cpp writes `f16` where others write `fp16`.
fn cache_name(text: &str) -> &str {
    match text {
        "f16" | "F16" => "fp16",
        "f32" | "F32" => "fp32",
        other => other,
    }
}

fn value_rows() -> Vec<OptionRow> {
    KvFormat::iter()
        .map(|one| OptionRow {
            key: one.key(),
            label: if one == KvFormat::Auto {
                "Like keys"
            } else {
                one.label()
            }
            .to_owned(),
            help: one.help().to_owned(),
        })
        .collect()
}

fn weight_rows() -> Vec<OptionRow> {
    let auto = OptionRow {
        key: "auto",
        label: "As published".to_owned(),
        help: "What config.json says.".to_owned(),
    };
    std::iter::once(auto)
        .chain(quantisation::CHOICES.iter().map(|one| OptionRow {
            key: quantisation::intern(&one.format.id),
            label: one.format.label.to_string(),
            help: one.source.to_owned(),
        }))
        .collect()
}

fn engine_rows() -> Vec<OptionRow> {
    let auto = OptionRow {
        key: "auto",
        label: "Automatic".to_owned(),
        help: "The engine most used for the format and device.".to_owned(),
    };
    let engines = Engine::iter().map(|one| OptionRow {
        key: one.key(),
        label: one.label().to_owned(),
        help: String::new(),
    });
    std::iter::once(auto).chain(engines).collect()
}

fn choose<T: std::str::FromStr>(
    label: &'static str,
    text: &str,
    place: &mut T,
    known: impl Iterator<Item = &'static str>,
) -> Result<(), KnobError> {
    *place = text.parse().map_err(|_| unknown(label, text, known))?;
    Ok(())
}

fn unknown<'a>(label: &'static str, text: &str, known: impl Iterator<Item = &'a str>) -> KnobError {
    KnobError::Unknown {
        label,
        found: short(text),
        known: known.collect::<Vec<_>>().join(", "),
    }
}

fn short(text: &str) -> String {
    text.chars().take(60).collect()
}

fn whole(label: &'static str, text: &str, least: u64, most: u64) -> Result<u64, KnobError> {
    // Thousands may be set apart as people type them.
    let digits: String = text
        .chars()
        .filter(|sign| !matches!(sign, ',' | ' ' | '_' | '\u{a0}' | '\u{202f}'))
        .collect();
    if digits.is_empty() || !digits.chars().all(|sign| sign.is_ascii_digit()) {
        return Err(KnobError::NotANumber {
            label,
            found: short(text),
        });
    }
    digits
        .parse()
        .ok()
        .filter(|value| (least..=most).contains(value))
        .ok_or(KnobError::OutOfRange {
            label,
            found: short(text),
            least,
            most,
        })
}

/// Bytes: `512MiB`, `64 GB`, or a whole number.
fn bytes(label: &'static str, text: &str, most: u64) -> Result<u64, KnobError> {
    let text = text.trim();
    let at = text.find(|sign: char| sign.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, unit) = text.split_at(at);
    let scale: u64 = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "kb" => 1000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "tb" => 1_000_000_000_000,
        "kib" => 1 << 10,
        "mib" => 1 << 20,
        "gib" => 1 << 30,
        "tib" => 1 << 40,
        _ => {
            return Err(KnobError::NotANumber {
                label,
                found: short(text),
            });
        }
    };
    let value: f64 = number
        .trim()
        .replace(',', "")
        .parse()
        .map_err(|_| KnobError::NotANumber {
            label,
            found: short(text),
        })?;
    let bytes = value * scale as f64;
    if (0.0..=most as f64).contains(&bytes) {
        Ok(bytes.round() as u64)
    } else {
        Err(KnobError::OutOfRange {
            label,
            found: short(text),
            least: 0,
            most,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::Scenario;
    use super::*;

    #[test]
    fn every_format_of_the_menu_has_its_key() {
        let mut seen = std::collections::BTreeSet::new();
        for one in quantisation::CHOICES.iter() {
            assert_eq!(weight_key(&one.format.id), Some(one.format.id.as_ref()));
            assert!(seen.insert(one.format.id.clone()), "{} is there twice", one.format.id);
        }
    }

    #[test]
    fn keys_and_flags_are_unique_and_defaults_round_trip() {
        for (at, knob) in KNOBS.iter().enumerate() {
            assert!(
                KNOBS
                    .iter()
                    .skip(at + 1)
                    .all(|other| other.key != knob.key && other.flag != knob.flag),
                "{}",
                knob.key
            );
            let mut scenario = Scenario::default();
            (knob.set)(&mut scenario, &(knob.get)(&Scenario::default())).unwrap();
            assert_eq!(scenario, Scenario::default(), "{}", knob.key);
        }
    }

    #[test]
    fn sizes_as_people_write_them() {
        for (text, value) in [
            ("512MiB", 512 << 20),
            ("1 GiB", 1 << 30),
            ("2gb", 2_000_000_000),
            ("77", 77),
            ("0.5GiB", 1 << 29),
        ] {
            assert_eq!(bytes("x", text, 1 << 40), Ok(value), "{text}");
        }
        assert!(bytes("x", "-3GB", 1 << 40).is_err());
        assert!(bytes("x", "NaN", 1 << 40).is_err());
        assert!(bytes("x", "5 parsecs", 1 << 40).is_err());
    }
}
