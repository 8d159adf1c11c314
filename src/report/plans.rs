//! Plans of a training run in words: the layout, and why another one loses.

use crate::analysis::Setup;
use crate::analysis::training::Candidate;
use crate::scenario::Recompute;
use crate::scenario::training::Zero;
use crate::units::{UnitSystem, counted, grouped};

/// A layout in a line: `Megatron · data 8 · tensor 4 · pipeline 2 × 4 chunks · micro-batch 2 · ZeRO-1 · layers recomputed`.
pub fn layout_words(candidate: &Candidate) -> String {
    let plan = &candidate.plan;
    let mut parts = vec![plan.framework.label().to_owned()];
    parts.extend(plan.degrees());
    parts.push(format!("micro-batch {}", plan.micro_batch));
    if plan.zero != Zero::None {
        let within = match plan.shard_group {
            all if all == plan.data.saturating_mul(plan.context) => String::new(),
            group => format!(" in groups of {group}"),
        };
        parts.push(format!("ZeRO-{}{within}", plan.zero.key()));
    }
    if plan.recompute == Recompute::Full {
        parts.push("layers recomputed".to_owned());
    }
    parts.join(" · ")
}

/// What a step takes in every layout that was searched: `1,024 sequences of 4,096 tokens a step`.
pub fn step_words(setup: &Setup, sequences: u64) -> String {
    let tokens = counted(setup.requested.workload.prompt, "token");
    format!("{} of {tokens} a step", counted(sequences, "sequence"))
}

/// What a layout loses by.
type Measure = fn(&Candidate) -> f64;

/// Why a layout is not the best one, in a sentence.
pub fn why_not(candidate: &Candidate, best: Option<&Candidate>, room: u64, units: UnitSystem) -> String {
    if !candidate.fits {
        let missing = candidate.total_bytes.saturating_sub(room);
        return format!(
            "Does not fit: {} are missing on each device.",
            units.bytes(missing as f64)
        );
    }
    let Some(best) = best else { return String::new() };
    let times = candidate.time.seconds / best.time.seconds.max(1e-12) * per_token(candidate, best);
    if times <= 1.005 {
        return "As fast as the best.".to_owned();
    }
    let lost = |part: fn(&Candidate) -> f64| part(candidate) - part(best);
    let reasons: [(&str, Measure); 4] = [
        ("more is computed again", |one| {
            one.time.hardware_flops / one.time.model_flops
        }),
        ("the pipeline stands still longer", |one| one.time.bubble),
        ("traffic between devices is not hidden", |one| {
            one.time.exposed() / one.time.seconds
        }),
        ("its products are smaller or its kernels slower", |one| {
            0.5 - one.time.efficiency.middle
        }),
    ];
    let worst = reasons
        .iter()
        .max_by(|one, other| lost(one.1).total_cmp(&lost(other.1)));
    let why = worst.filter(|one| lost(one.1) > 0.005).map_or("", |(words, _)| words);
    let percent = grouped(((times - 1.0) * 100.0).round() as u64);
    if why.is_empty() {
        format!("{percent} % slower.")
    } else {
        format!("{percent} % slower: {why}.")
    }
}

/// Steps may hold different numbers of sequences.
fn per_token(candidate: &Candidate, best: &Candidate) -> f64 {
    best.plan.step_tokens() as f64 / candidate.plan.step_tokens().max(1) as f64
}
