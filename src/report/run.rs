//! What is said of a training run beside its tables: the sentence and the numbers.
//!
//! In the published page they come with the planner (`cfg(split)`), like all that only training needs.

use super::run_ways::{RunWays, run_ways};
use super::tiles::{Tile, memory, unless_it_runs};
use super::verdict::{Sentence, about};
use super::{between, tokens};
use crate::analysis::training::{Run, Training};
use crate::analysis::{Analysis, Figure, Fit, Verdict};
use crate::scenario::training::BaseWeights;
use crate::units::{UnitSystem, capital, decimal, dollars, grouped, one_or_times, percent, seconds, short_count};

/// The words of a run.
#[derive(Debug)]
pub struct RunWords {
    /// The verdict in a sentence.
    pub sentence: fn(&Analysis, &Training, &str, UnitSystem) -> Option<Sentence>,
    /// The numbers.
    pub tiles: fn(&Analysis, &Training, UnitSystem) -> Vec<Tile>,
    /// What would make it fit.
    pub ways: fn(&Analysis, &Training, UnitSystem) -> RunWays,
}

static WHOLE: RunWords = RunWords {
    sentence,
    tiles,
    ways: run_ways,
};

#[cfg(split)]
static ARRIVED: std::sync::OnceLock<&'static RunWords> = std::sync::OnceLock::new();

/// Hands the words over, where the planner is handed over.
pub fn arrive() {
    #[cfg(split)]
    let _ = ARRIVED.set(&WHOLE);
}

/// The words; where they are away there is no run to speak of.
pub(super) fn words() -> Option<&'static RunWords> {
    #[cfg(split)]
    return ARRIVED.get().copied();
    #[cfg(not(split))]
    Some(&WHOLE)
}

/// The ways out of a run that does not fit; none where it fits, or nothing is trained.
pub fn ways(analysis: &Analysis, units: UnitSystem) -> Option<RunWays> {
    let (training, words) = (analysis.training.as_ref()?, words()?);
    Some((words.ways)(analysis, training, units))
}

/// How it is trained: nothing where all parameters are, ` with QLoRA (rank 16)`.
fn method(training: &Training) -> String {
    let Some(adapters) = &training.plan.adapters else {
        return String::new();
    };
    let name = match (adapters.base, adapters.magnitudes) {
        (BaseWeights::Bf16 | BaseWeights::Fp32, false) => "LoRA",
        (BaseWeights::Bf16 | BaseWeights::Fp32, true) => "DoRA",
        (_, false) => "QLoRA",
        (_, true) => "QDoRA",
    };
    format!(" with {name} of rank {}", grouped(adapters.rank))
}

/// The batch of a device, and of a step.
fn load(training: &Training) -> String {
    let plan = &training.plan;
    let micro = match plan.micro_batch {
        1 => format!("one sequence of {}", tokens(plan.sequence)),
        some => format!("{} sequences of {}", grouped(some), tokens(plan.sequence)),
    };
    if plan.global_batch == plan.micro_batch {
        return micro;
    }
    format!("{micro} at a time, {} a step", grouped(plan.global_batch))
}

/// Two digits of a number of days.
fn days(run: &Run) -> String {
    match run.days {
        short if short < 1.0 => seconds(run.days * 86_400.0),
        long => format!("{} days", about(long)),
    }
}

fn sentence(analysis: &Analysis, training: &Training, model: &str, units: UnitSystem) -> Option<Sentence> {
    let setup = &*analysis.setup;
    let fit = analysis.fit.as_ref()?;
    let plan = &training.plan;
    let device = one_or_times(plan.devices, setup.device()?.short_name());
    let method = method(training);
    let precision = plan.precision.label();
    match fit.verdict {
        Verdict::Fits => {
            let run = training.run(&analysis.setup);
            let main = match (&run, &training.time) {
                (Some(run), _) => {
                    let cost = run
                        .cost_usd
                        .map(|cost| format!(", for about {}", rounded_dollars(cost)));
                    format!(
                        "{model} learns {} tokens{method} on {device} in {}{}.",
                        short_count(run.tokens as f64),
                        days(run),
                        cost.unwrap_or_default()
                    )
                }
                (None, Some(time)) => format!(
                    "{model} trains{method} on {device} at about {} tokens a second (MFU {}).",
                    about(time.tokens_per_second(plan)),
                    percent(time.mfu(plan))
                ),
                (None, None) => format!("{model} trains{method} on {device} in {precision}."),
            };
            // With a global batch given only its divisors would do.
            let given = setup.scenario.training.global_batch.is_some();
            let room = match fit.max_batch.saturating_sub(plan.micro_batch) {
                _ if given => ".".to_owned(),
                0 => ".".to_owned(),
                1 => ", enough for a micro-batch of one sequence more.".to_owned(),
                more => format!(
                    ", enough for a micro-batch of {}.",
                    grouped(plan.micro_batch.saturating_add(more))
                ),
            };
            Some(Sentence {
                verdict: "fits",
                pill: "Fits",
                main,
                rest: format!(
                    "With {}, {} stay free{}{room}",
                    load(training),
                    units.bytes(fit.headroom_bytes as f64),
                    if plan.devices > 1 { " on the fullest device" } else { "" },
                ),
            })
        }
        Verdict::DoesNotFit => Some(Sentence {
            verdict: "does_not_fit",
            pill: "Out of memory",
            main: format!("{model} does not train{method} on {device}: out of memory."),
            rest: short_of(analysis, training, fit, units),
        }),
        Verdict::Offload | Verdict::Unsupported => None,
    }
}

/// What is short, when in the step, and what takes the most.
fn short_of(analysis: &Analysis, training: &Training, fit: &Fit, units: UnitSystem) -> String {
    let fullest = training.stages.iter().max_by_key(|(_, memory)| memory.peak);
    let when = fullest.and_then(|(_, memory)| memory.moments.iter().max_by_key(|moment| moment.total));
    let when = when.map_or("the peak", |moment| moment.when.at());
    let held = analysis.held();
    let weights = ("the weights take", held.weights_bytes);
    let others = held.parts().into_iter().filter_map(|(key, _, bytes)| match key {
        "activations" => Some(("what is kept for the backward pass takes", bytes)),
        "gradients" => Some(("the gradients take", bytes)),
        "optimizer" => Some(("the optimizer's states take", bytes)),
        "transient" => Some(("what lives for that moment takes", bytes)),
        _ => None,
    });
    let most = std::iter::once(weights).chain(others).max_by_key(|(_, bytes)| *bytes);
    let most = most.map_or_else(String::new, |(name, bytes)| {
        format!(" {} the most: {}.", capital(name), units.bytes(bytes as f64))
    });
    format!(
        "With {}, {} are missing at {when}.{most}",
        load(training),
        units.bytes(fit.missing_bytes as f64)
    )
}

/// Dollars as a sentence says them: three digits.
fn rounded_dollars(cost: f64) -> String {
    if cost < 1000.0 {
        return dollars(cost);
    }
    let step = 10_f64.powf(cost.log10().floor() - 2.0);
    format!("${}", grouped(((cost / step).round() * step) as u64))
}

fn tiles(analysis: &Analysis, training: &Training, units: UnitSystem) -> Vec<Tile> {
    let plan = &training.plan;
    let mut all = vec![memory(analysis, units)];
    if let Some(time) = &training.time {
        let (low, high) = time.between;
        all.push(Tile::time(
            Figure::Time,
            "Step",
            time.seconds,
            unless_it_runs(analysis, &format!("{} to {} likely", seconds(low), seconds(high))),
        ));
        let (low, high) = time.tokens_between(plan);
        all.push(Tile::new(
            Figure::TokensPerSecond,
            "Training",
            short_count(time.tokens_per_second(plan)),
            "tokens/s",
            unless_it_runs(analysis, &format!("{} likely", between(low, high))),
        ));
        all.push(Tile::new(
            Figure::Mfu,
            "MFU",
            format!("{:.0}", 100.0 * time.mfu(plan)),
            "%",
            format!(
                "of {} {}; HFU {}",
                crate::units::rate(time.peak, "FLOP"),
                time.peak_name,
                percent(time.hfu(plan))
            ),
        ));
    }
    if plan.adapters.is_some() {
        let trained = training.trainable(&analysis.setup) as f64;
        let share = percent(trained / analysis.parameters.total.0.max(1) as f64);
        all.push(Tile::new(
            Figure::Trainable,
            "Trained parameters",
            short_count(trained),
            "",
            format!("{share} of the model"),
        ));
    }
    if let Some(run) = training.run(&analysis.setup) {
        let (low, high) = run.days_between;
        let (value, unit) = match run.days {
            short if short < 1.0 => (decimal(24.0 * run.days), "hours"),
            long => (about(long), "days"),
        };
        let likely = if run.days < 1.0 {
            format!("{} hours likely", between(24.0 * low, 24.0 * high))
        } else {
            format!("{} likely", between(low, high))
        };
        let note = format!("{likely}; {} steps", grouped(run.steps));
        all.push(Tile::new(
            Figure::RunTime,
            "Whole run",
            value,
            unit,
            unless_it_runs(analysis, &note),
        ));
        if let Some(cost) = run.cost_usd {
            let each = cost / run.device_hours.max(f64::MIN_POSITIVE);
            let hours = format!(
                "{} device hours at {}",
                grouped(run.device_hours.round() as u64),
                dollars(each)
            );
            all.push(Tile::new(
                Figure::Cost,
                "Cost",
                rounded_dollars(cost),
                "",
                unless_it_runs(analysis, &hours),
            ));
        }
    }
    all
}
