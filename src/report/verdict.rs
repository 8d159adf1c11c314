//! The verdict in a sentence, and what follows from it in a second one.

use super::{run, tokens};
use crate::analysis::serving::Missed;
use crate::analysis::{Analysis, Setup, Verdict};
use crate::scenario::Mode;
use crate::units::{UnitSystem, capital, counted, decimal, grouped, seconds, times};

/// The verdict in words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sentence {
    /// Key of the verdict; `unknown` without a device, `beyond` where it fits but is longer than the model allows,
    /// `tight` where it fits only without what is not known of its peak, `missed` where a server is slower than was asked for.
    pub verdict: &'static str,
    /// The verdict in a word or two.
    pub pill: &'static str,
    /// The sentence.
    pub main: String,
    /// What stays free or what is missing, and how fast it is.
    pub rest: String,
}

/// The verdict of this key in a word or two.
pub fn verdict_name(verdict: &str) -> &'static str {
    match verdict {
        "fits" => "fits",
        "offload" => "fits with offload to RAM",
        "does_not_fit" => "does not fit",
        "unsupported" => "not supported",
        _ => "not known",
    }
}

/// The sentence of an analysis of a model by its name.
pub fn sentence(analysis: &Analysis, model: &str, units: UnitSystem) -> Sentence {
    let setup = &*analysis.setup;
    let format = &setup.weights.method;
    let load = load(setup);
    let (Some(device), Some(fit)) = (setup.devices_in_words(), &analysis.fit) else {
        return Sentence {
            verdict: "unknown",
            pill: "No device chosen",
            main: format!(
                "{model} in {format} with {load} needs {}.",
                units.bytes(analysis.memory.total.0 as f64)
            ),
            rest: "Choose a device to see whether it fits.".to_owned(),
        };
    };
    let run = analysis.training.as_ref().zip(run::words());
    if let Some(said) = run.and_then(|(run, words)| (words.sentence)(analysis, run, model, units)) {
        return said;
    }
    let training = setup.scenario.workload.mode.trains();
    match fit.verdict {
        Verdict::Fits if analysis.serving.is_some() => served(model, &device, analysis),
        Verdict::Fits if fit.is_tight() && !training => Sentence {
            verdict: "tight",
            pill: "May not fit",
            main: format!("{model} may not fit {device} in {format}."),
            rest: format!(
                "With {load} {} should stay free, but about {} of what it needs at its peak is not known.",
                units.bytes(fit.headroom_bytes as f64),
                units.bytes(fit.unknown_bytes as f64),
            ),
        },
        Verdict::Fits => {
            let (verdict, pill, limit) = match beyond(setup) {
                Some(most) => (
                    "beyond",
                    "Beyond the model's context",
                    format!(" The model was made for {} at most.", tokens(most)),
                ),
                None => ("fits", "Fits", String::new()),
            };
            Sentence {
                verdict,
                pill,
                main: if training {
                    format!("{model} trains on {device} in {format}.")
                } else {
                    format!("{model} fits {device} in {format}{}.", pace(analysis))
                },
                rest: format!(
                    "With {load} {} stay free{}{limit}",
                    units.bytes(fit.headroom_bytes as f64),
                    room(analysis),
                ),
            }
        }
        Verdict::Offload => Sentence {
            verdict: "offload",
            pill: "Fits with offload",
            main: format!(
                "{model} in {format} {} {device} only with part of it in RAM{}.",
                if training { "trains on" } else { "runs on" },
                pace_alone(analysis)
            ),
            rest: fit
                .offload
                .as_ref()
                .map_or_else(String::new, |plan| format!("With {load}, {}.", plan.words(units))),
        },
        Verdict::Unsupported => Sentence {
            verdict: "unsupported",
            pill: "Not supported",
            main: if training {
                format!("{model} does not train on {device} in this layout.")
            } else {
                format!(
                    "{model} in {format} does not run on {device} with {}.",
                    setup.engine.label()
                )
            },
            rest: format!("{}.", capital(fit.why.trim_end_matches('.'))),
        },
        Verdict::DoesNotFit => Sentence {
            verdict: "does_not_fit",
            pill: "Does not fit",
            main: format!("{model} in {format} does not fit {device}."),
            rest: format!("With {load}, {}", missing(analysis, units)),
        },
    }
}

/// What is short, and where.
fn missing(analysis: &Analysis, units: UnitSystem) -> String {
    let Some(fit) = &analysis.fit else {
        return String::new();
    };
    let missing = units.bytes(fit.missing_bytes as f64);
    match (&fit.offload, analysis.setup.layout.devices) {
        (Some(plan), _) if plan.device_bytes > fit.capacity_bytes => {
            format!("{missing} are missing even when {}.", plan.words(units))
        }
        (Some(_), _) => format!("{missing} of RAM are missing, even with offload."),
        (None, 1) => format!("{missing} are missing."),
        (None, _) => format!("{missing} are missing on the fullest device."),
    }
}

/// A server in a sentence.
fn served(model: &str, device: &str, analysis: &Analysis) -> Sentence {
    let Some(serving) = &analysis.serving else {
        return Sentence::default();
    };
    let format = &analysis.setup.weights.method;
    let running = counted(serving.admission.running, "user");
    let wait = match serving.queued {
        Some(0) => String::new(),
        Some(1) => " 1 more waits.".to_owned(),
        Some(queued) => format!(" {} more wait.", grouped(queued)),
        None => " The rest of the queue waits.".to_owned(),
    };
    let each = decimal(1.0 / serving.tpot.max(f64::MIN_POSITIVE));
    let rate = decimal(serving.tokens_per_second);
    let speed = match serving.admission.running {
        1 => format!("It gets about {rate} tokens/s."),
        _ => format!("Together they get about {rate} tokens/s, {each} each while they write."),
    };
    let missed = serving.missed(&analysis.setup.requested.serving);
    let targets = match (serving.users_within_targets, missed.is_empty()) {
        (None, _) => String::new(),
        (Some(_), true) => " The latency targets are met.".to_owned(),
        (Some(_), false) => missed.iter().map(|one| format!(" {}", missed_words(one))).collect(),
    };
    let (verdict, pill, limit) = match (missed.is_empty(), beyond(&analysis.setup)) {
        (false, _) => ("missed", "Misses its target", String::new()),
        (true, Some(most)) => (
            "beyond",
            "Beyond the model's context",
            format!(" The model was made for {} at most.", tokens(most)),
        ),
        (true, None) => ("fits", "Fits", String::new()),
    };
    Sentence {
        verdict,
        pill,
        main: format!("{model} on {device} in {format} serves {running} at once."),
        rest: format!("{speed}{wait}{targets}{limit}"),
    }
}

/// Which target is missed, and by how much: `The first token comes after 3.2 s, not within 2 s.`
fn missed_words(missed: &Missed) -> String {
    match missed {
        Missed::FirstToken(found, most) => {
            format!(
                "The first token comes after {}, not within {}.",
                seconds(*found),
                seconds(*most)
            )
        }
        Missed::EachToken(found, most) => {
            format!(
                "Each further token takes {}, not {} at most.",
                seconds(*found),
                seconds(*most)
            )
        }
    }
}

/// The model's own limit, where the tokens are more.
fn beyond(setup: &Setup) -> Option<u64> {
    let most = setup.blueprint.max_context.as_ref()?.value;
    (setup.tokens().value > most).then_some(most)
}

/// What runs: `8,192 tokens`, `16 × 4,096 tokens`.
fn load(setup: &Setup) -> String {
    let scenario = &*setup.scenario;
    let with = setup.media.with().unwrap_or_default();
    times(
        scenario.workload.batch,
        &format!("{}{with}", tokens(setup.tokens().value)),
    )
}

/// What it does with tokens.
pub(super) fn verb(setup: &Setup) -> &'static str {
    match setup.scenario.workload.mode {
        _ if setup.encodes() => "encodes",
        Mode::Prefill => "reads",
        _ => "writes",
    }
}

/// How fast, as the end of a sentence: ` and writes about 53 tokens a second`.
fn pace(analysis: &Analysis) -> String {
    let verb = verb(&analysis.setup);
    rate(analysis).map_or_else(String::new, |rate| format!(" and {verb} {rate}"))
}

/// How fast, without a verb: `, at about 0.2 tokens a second`.
fn pace_alone(analysis: &Analysis) -> String {
    rate(analysis).map_or_else(String::new, |rate| format!(", at {rate}"))
}

/// `about 53 tokens a second`; of several sequences, of all together.
fn rate(analysis: &Analysis) -> Option<String> {
    let workload = &analysis.setup.scenario.workload;
    if workload.mode.trains() {
        return None;
    }
    let speed = analysis.speed.as_ref().filter(|speed| speed.pass.is_some())?;
    let together = if workload.batch > 1 { " in all" } else { "" };
    Some(format!(
        "about {} tokens a second{together}",
        about(speed.tokens_per_second)
    ))
}

/// A rate as a sentence says it: whole above ten, else with the two digits that are worth saying.
pub fn about(rate: f64) -> String {
    if rate >= 10.0 {
        // An estimate carries three digits at most.
        let step = 10_f64.powf((rate.log10().floor() - 2.0).max(0.0));
        grouped(((rate / step).round() * step) as u64)
    } else {
        decimal(super::two_digits(rate))
            .trim_end_matches('0')
            .trim_end_matches('.')
            .to_owned()
    }
}

/// What the room that is left would be enough for.
fn room(analysis: &Analysis) -> String {
    let (Some(fit), setup) = (&analysis.fit, &*analysis.setup) else {
        return ".".to_owned();
    };
    if setup.scenario.workload.mode.trains() {
        return match fit.max_batch.saturating_sub(setup.scenario.workload.batch) {
            0 => ".".to_owned(),
            1 => ", enough for one more sequence.".to_owned(),
            more => format!(", enough for {} more sequences.", grouped(more)),
        };
    }
    let most = setup.blueprint.max_context.as_ref().map(|most| most.value);
    match fit.max_context.saturating_sub(setup.tokens().value) {
        0 => ".".to_owned(),
        _ if Some(fit.max_context) == most => {
            format!(", enough for the model's whole context of {}.", tokens(fit.max_context))
        }
        more => format!(", enough for {} more tokens.", grouped(more)),
    }
}
