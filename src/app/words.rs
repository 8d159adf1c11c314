//! Sentences of the page: the verdict and what follows from it.

use weighbridge::analysis::{Analysis, Setup, Verdict};
use weighbridge::scenario::{Mode, Scenario};
use weighbridge::units::{UnitSystem, counted, decimal, grouped, short_count};

use super::state::Answer;

/// The verdict in a sentence, and what it means in a second one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sentence {
    /// `fits`, `does_not_fit`, `unknown`.
    pub verdict: &'static str,
    /// The verdict in a word or two.
    pub pill: &'static str,
    /// The sentence.
    pub main: String,
    /// What stays free or what is missing.
    pub rest: String,
}

/// A number of tokens as people say it: 8,192, 52k, 1.2 million.
pub fn tokens(count: u64) -> String {
    match count {
        0..10_000 => grouped(count),
        10_000..1_000_000 => format!("{}k", count / 1000),
        _ => format!("{:.1} million", count as f64 / 1e6),
    }
}

/// Builds the sentence of an answer.
pub fn sentence(answer: &Answer, model: &str, units: UnitSystem) -> Sentence {
    let Answer { scenario, analysis, .. } = answer;
    let question = &analysis.setup;
    let format = question.weights.method.clone();
    let load = load(question);
    let (Some(device), Some(fit)) = (question.device(), &analysis.fit) else {
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
    let device = match question.layout.devices {
        1 => format!("one {}", device.short_name()),
        some => format!("{some} × {}", device.short_name()),
    };
    let does = if scenario.mode == Mode::Pretrain {
        "trains"
    } else {
        "runs"
    };
    match fit.verdict {
        Verdict::Fits if analysis.serving.is_some() => served(model, &device, &format, analysis),
        Verdict::Fits => Sentence {
            verdict: "fits",
            pill: "Fits",
            main: format!("{model} {does} on {device} in {format} with {load}."),
            rest: format!(
                "{} stay free{}{}",
                units.bytes(fit.headroom_bytes as f64),
                room(analysis, question),
                pace(analysis, scenario)
            ),
        },
        Verdict::Offload => Sentence {
            verdict: "offload",
            pill: "Fits with offload",
            main: format!("{model} {does} on {device} in {format} with {load}, partly from the machine's RAM."),
            rest: fit.offload.as_ref().map_or_else(String::new, |plan| {
                let mut words = plan.words(units);
                if let Some(first) = words.get_mut(..1) {
                    first.make_ascii_uppercase();
                }
                format!("{words}.{}", pace(analysis, scenario))
            }),
        },
        Verdict::Unsupported => Sentence {
            verdict: "unsupported",
            pill: "Not supported",
            main: format!(
                "{model} in {format} does not run on {device} with {}.",
                question.engine.label()
            ),
            rest: format!("{}.", fit.why),
        },
        Verdict::DoesNotFit => Sentence {
            verdict: "does_not_fit",
            pill: "Does not fit",
            main: format!("{model} does not fit on {device} in {format} with {load}."),
            rest: format!("{} are missing.", units.bytes(fit.missing_bytes as f64)),
        },
    }
}

/// A server in a sentence.
fn served(model: &str, device: &str, format: &str, analysis: &Analysis) -> Sentence {
    let Some(serving) = &analysis.serving else {
        return Sentence::default();
    };
    let running = counted(serving.admission.running, "user");
    let wait = match serving.queued {
        Some(0) => String::new(),
        Some(queued) => format!(" {} more wait.", grouped(queued)),
        None => " The rest of the queue waits.".to_owned(),
    };
    let each = decimal(1.0 / serving.tpot.max(f64::MIN_POSITIVE));
    Sentence {
        verdict: "fits",
        pill: "Fits",
        main: format!("{model} on {device} in {format} serves {running} at once."),
        rest: format!(
            "Together they get about {} tokens a second, {each} each.{wait}",
            decimal(serving.tokens_per_second)
        ),
    }
}

/// What runs: `8,192 tokens`, `16 × 4,096 tokens`.
fn load(question: &Setup) -> String {
    let scenario = &*question.scenario;
    let length = match scenario.mode {
        Mode::Decode | Mode::Serve => scenario.prompt,
        Mode::Prefill | Mode::Pretrain => question.tokens().value,
    };
    match scenario.batch {
        1 => format!("{} tokens", grouped(length)),
        batch => format!("{} × {} tokens", grouped(batch), grouped(length)),
    }
}

/// How fast, in words.
fn pace(analysis: &Analysis, scenario: &Scenario) -> String {
    let Some(speed) = analysis.speed.as_ref().filter(|speed| speed.pass.is_some()) else {
        return String::new();
    };
    let rate = decimal(speed.tokens_per_second);
    match (scenario.mode, scenario.batch) {
        (Mode::Decode, 1) => format!(" It writes about {rate} tokens a second."),
        (Mode::Decode | Mode::Serve, _) => format!(" Together they get about {rate} tokens a second."),
        (Mode::Prefill, _) => format!(" It reads about {rate} tokens a second."),
        (Mode::Pretrain, _) => String::new(),
    }
}

fn room(analysis: &Analysis, question: &Setup) -> String {
    let Some(fit) = &analysis.fit else {
        return ".".to_owned();
    };
    let now = question.tokens().value;
    if question.scenario.mode == Mode::Pretrain {
        return match fit.max_batch.saturating_sub(question.scenario.batch) {
            0 => ".".to_owned(),
            1 => ": enough for one more sequence.".to_owned(),
            more => format!(": enough for {} more sequences.", short_count(more as f64)),
        };
    }
    let most = question.blueprint.max_context.as_ref().map(|most| most.value);
    match fit.max_context.saturating_sub(now) {
        0 => ".".to_owned(),
        _ if Some(fit.max_context) == most => format!(": enough for all {} of its context.", tokens(fit.max_context)),
        more => format!(": enough for {} more.", tokens(more)),
    }
}
