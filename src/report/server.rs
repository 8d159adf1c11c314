//! A server in plain words: what runs and waits, latency, targets, cost, energy.

use crate::analysis::serving::Serving;
use crate::units::{counted, decimal, dollars, grouped, seconds};

/// A line with what it rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its name in the page.
    pub key: &'static str,
    /// The line.
    pub words: String,
    /// What it rests on.
    pub basis: String,
}

impl Line {
    const fn new(key: &'static str, words: String, basis: String) -> Self {
        Self { key, words, basis }
    }
}

/// Everything there is to say, in order.
pub fn server(serving: &Serving) -> Vec<Line> {
    let mut all = vec![running(serving), latency(serving)];
    all.extend(knee(serving));
    all.extend(targets(serving));
    all.extend(serving.cost.as_ref().map(|cost| {
        Line::new(
            "serving.cost",
            format!(
                "A million tokens cost {} of input and {} of output.",
                dollars(cost.usd_per_million_input),
                dollars(cost.usd_per_million_output)
            ),
            format!(
                "{} an hour, shared between input and output by the time that each takes. {}",
                dollars(cost.price_usd_per_hour),
                cost.price_basis
            ),
        )
    }));
    all.extend(serving.energy.as_ref().map(|energy| {
        Line::new(
            "serving.energy",
            format!(
                "A million output tokens take {} kWh.",
                decimal(energy.kwh_per_million_output)
            ),
            format!(
                "Prompts included, at the rated {} W of all devices; hosts and cooling not counted.",
                decimal(energy.watts)
            ),
        )
    }));
    all
}

fn running(serving: &Serving) -> Line {
    let load = &serving.admission;
    let words = match (load.requests, serving.queued) {
        (Some(requests), Some(queued)) if queued > 0 => format!(
            "Of {} in flight {} run and {} wait.",
            counted(requests, "request"),
            grouped(load.running),
            grouped(queued)
        ),
        (Some(1), _) => "1 request in flight: it runs at once.".to_owned(),
        (Some(requests), _) => format!("{} in flight: all of them run.", counted(requests, "request")),
        (None, _) => format!("An endless queue keeps {} running.", counted(load.running, "request")),
    };
    let basis = if load.max_running < load.max_by_memory {
        format!(
            "The engine runs {} at once by default; memory has room for {}.",
            counted(load.max_running, "sequence"),
            grouped(load.max_by_memory)
        )
    } else {
        format!(
            "Memory has room for {} at once.",
            counted(load.max_by_memory, "sequence")
        )
    };
    Line::new("serving.running", words, basis)
}

fn latency(serving: &Serving) -> Line {
    let first = match serving.ttft {
        Some(ttft) => format!("First token after {}", seconds(ttft)),
        None => format!("First token {} after a request starts", seconds(serving.first)),
    };
    Line::new(
        "serving.latency",
        format!(
            "{first}, then one every {} ({} tokens/s for each user).",
            seconds(serving.tpot),
            decimal(1.0 / serving.tpot.max(f64::MIN_POSITIVE))
        ),
        format!("{} requests/s end.", decimal(serving.requests_per_second)),
    )
}

fn knee(serving: &Serving) -> Option<Line> {
    let knee = serving.curve.get(serving.knee)?;
    Some(Line::new(
        "serving.knee",
        format!(
            "The knee of the curve is at {}: {} tokens/s in all, one every {} for each.",
            counted(knee.requests, "request"),
            decimal(knee.tokens_per_second),
            seconds(knee.tpot)
        ),
        "Beyond it latency grows faster than throughput.".to_owned(),
    ))
}

fn targets(serving: &Serving) -> Option<Line> {
    let words = match serving.users_within_targets? {
        0 => "Not even one request meets the latency targets.".to_owned(),
        some => format!("Up to {} in flight meet the latency targets.", counted(some, "request")),
    };
    Some(Line::new(
        "serving.targets",
        words,
        "The targets for the first token and for each further one are set under Workload.".to_owned(),
    ))
}

/// What the curve of throughput over requests shows.
pub fn curve_caption(serving: &Serving) -> String {
    serving.curve.get(serving.knee).map_or_else(String::new, |knee| {
        format!(
            "The knee is at {}: {} tokens/s in all, {} for each user. Beyond it latency grows faster than throughput. At most {} run at once.",
            counted(knee.requests, "request"),
            decimal(knee.tokens_per_second),
            decimal(knee.tokens_per_second_per_user),
            grouped(serving.admission.max_running)
        )
    })
}
