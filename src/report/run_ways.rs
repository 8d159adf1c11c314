//! What would make a training run fit: the fastest way in a sentence, and what it would take as cards.

use super::cards::Card;
use super::strategies::{Judged, Strategy, judge, strategies};
use super::tokens;
use super::verdict::about;
use crate::analysis::training::{Budget, Candidate, Training, fewest, longest_sequence};
use crate::analysis::{Analysis, Fit, Setup, Verdict};
use crate::scenario::{Mode, Scenario};
use crate::units::{UnitSystem, capital, grouped, one_or_times, times};

/// The ways out of a run that does not fit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunWays {
    /// The fastest of the other ways to train that fit, as a sentence, and its scenario.
    pub best: Option<(String, Scenario)>,
    /// What it would take.
    pub cards: Vec<Card>,
}

/// A way that fits, with what comes of it.
struct Fitting {
    way: Strategy,
    judged: Judged,
    /// Tokens a second.
    rate: f64,
    /// Whether it trains the same parameters.
    same: bool,
    /// Whether it takes one sequence at a time, which the question does not.
    singly: bool,
}

impl Fitting {
    /// What it does, after "with".
    fn how(&self) -> String {
        let singly = if self.singly { ", one sequence at a time," } else { "" };
        match self.judged.recomputed {
            true => format!("{} and layers recomputed{singly}", self.way.how),
            false => format!("{}{singly}", self.way.how),
        }
    }
}

/// The ways out of a run; none where it fits.
pub(super) fn run_ways(analysis: &Analysis, training: &Training, units: UnitSystem) -> RunWays {
    let setup = &*analysis.setup;
    let Some(fit) = analysis.fit.as_ref().filter(|fit| fit.verdict != Verdict::Fits) else {
        return RunWays::default();
    };
    // What cannot be laid out is no question of memory.
    if fit.verdict == Verdict::Unsupported {
        return RunWays::default();
    }
    let mut all = fitting(setup, false);
    // Where none fits with so many sequences at once: one at a time, as many in a step as before.
    if all.is_empty() && training.plan.micro_batch > 1 {
        let one = setup.with(|s| {
            s.workload.batch = 1;
            s.training.global_batch = Some(training.plan.global_batch);
            s.training.accumulation = None;
        });
        all = one.map_or_else(|_| Vec::new(), |one| fitting(&one, true));
    }
    let fastest = |of: &dyn Fn(&&Fitting) -> bool| {
        let some = all.iter().filter(of);
        some.max_by(|one, other| one.rate.total_cmp(&other.rate))
    };
    // What trains the same parameters is what was asked for; another method only where no such way fits.
    let best = fastest(&|one| one.same).or_else(|| fastest(&|_| true));
    let mut cards = Vec::new();
    if setup.requested.workload.mode == Mode::Finetune || best.is_none() {
        cards.push(same_card(fastest(&|one| one.same), fit, units));
    }
    cards.extend(length_card(setup, training));
    cards.extend(micro_batch_card(setup, training, fit));
    let more = fewest(setup, Budget::default());
    let name = setup.device().map_or("", |device| device.short_name());
    let trains = |how: String, rate: f64| format!("{how} it fits and trains at about {} tokens a second.", about(rate));
    // Where nothing else helps, more of the same device.
    let best = best
        .map(|one| {
            (
                trains(format!("With {}", one.how()), one.rate),
                one.judged.scenario.clone(),
            )
        })
        .or_else(|| {
            let more = more.as_ref()?;
            let how = format!("On {}", one_or_times(more.plan.devices, name));
            Some((trains(how, more.tokens_per_second()), more.scenario.clone()))
        });
    cards.extend(more.map(|found| devices_card(found, name)));
    RunWays { best, cards }
}

/// The other ways that fit; `singly`: with one sequence at a time instead of several.
fn fitting(setup: &Setup, singly: bool) -> Vec<Fitting> {
    let each = strategies(setup).into_iter();
    let each = each.flat_map(|ways| ways.list.into_iter().map(move |way| (ways.same, way)));
    let weighed = each.filter_map(|(same, way)| {
        let judged = judge(setup, &way).ok().filter(|judged| judged.fits)?;
        let (_, rate) = judged.speed?;
        Some(Fitting {
            way,
            judged,
            rate,
            same,
            singly,
        })
    });
    weighed.collect()
}

fn same_card(found: Option<&Fitting>, fit: &Fit, units: UnitSystem) -> Card {
    Card {
        key: "same",
        what: "Same training, split differently",
        value: found.map_or_else(
            || "does not fit".to_owned(),
            |one| capital(one.how().trim_end_matches(',')),
        ),
        note: found.map_or_else(
            || "neither sharding nor recomputing is enough".to_owned(),
            |one| {
                format!(
                    "{} of {}, about {} tokens/s",
                    units.bytes(one.judged.total_bytes as f64),
                    units.bytes(fit.capacity_bytes as f64),
                    about(one.rate)
                )
            },
        ),
        deed: found.map(|one| one.judged.scenario.clone()),
    }
}

fn length_card(setup: &Setup, training: &Training) -> Option<Card> {
    let now = &*setup.requested;
    let longest = longest_sequence(setup, now)?;
    Some(Card {
        key: "sequence",
        what: "Longest sequence as it is",
        value: if longest == 0 {
            "none".to_owned()
        } else {
            tokens(longest)
        },
        note: if longest == 0 {
            "not even 256 tokens fit".to_owned()
        } else {
            format!("now {}", grouped(training.plan.sequence))
        },
        deed: (longest > 0).then(|| now.clone().with(|s| s.workload.prompt = longest)),
    })
}

/// With a global batch given only its divisors would do.
fn micro_batch_card(setup: &Setup, training: &Training, fit: &Fit) -> Option<Card> {
    let now = &*setup.requested;
    let fewer = fit.max_batch > 0 && fit.max_batch < training.plan.micro_batch;
    (fewer && now.training.global_batch.is_none()).then(|| Card {
        key: "micro_batch",
        what: "Largest micro-batch",
        value: grouped(fit.max_batch),
        note: format!("now {}", grouped(training.plan.micro_batch)),
        deed: Some(now.clone().with(|s| s.workload.batch = fit.max_batch)),
    })
}

/// More of the same device, in the layout that is fastest there.
fn devices_card(found: Candidate, name: &str) -> Card {
    Card {
        key: "degree",
        what: "Fewest of this device",
        value: times(found.plan.devices, name),
        note: format!("about {} tokens/s", about(found.tokens_per_second())),
        deed: Some(found.scenario),
    }
}
