//! What it would take, in a few words each: cards under the verdict, and the best way to run it as a sentence.

use super::verdict::{about, verb};
use crate::analysis::answers::{Answers, BestFormat, RankedBy};
use crate::analysis::{Analysis, Setup, Verdict, analyse_setup};
use crate::scenario::{Mode, Scenario};
use crate::units::{UnitSystem, dollars, grouped, times};

/// An answer in a few words, and the scenario that makes it so.
#[derive(Clone, Debug, PartialEq)]
pub struct Card {
    /// Its name in the page.
    pub key: &'static str,
    /// What it answers.
    pub what: &'static str,
    /// The answer.
    pub value: String,
    /// What then holds.
    pub note: String,
    /// The scenario after it; none where it is the one in hand, or nothing would do.
    pub deed: Option<Scenario>,
}

/// The cards of an analysis that does not fit whole, or may not; empty where it fits.
pub fn cards(analysis: &Analysis, answers: &Answers, units: UnitSystem) -> Vec<Card> {
    let setup = &*analysis.setup;
    let now = &*setup.requested;
    let Some(fit) = &analysis.fit else {
        return Vec::new();
    };
    let mut all = Vec::new();
    all.extend(answers.format.as_ref().map(|best| format_card(setup, best, units)));
    // Of many sequences fewer are the way, not a context of a few tokens for all of them.
    let fewer = answers
        .users
        .as_ref()
        .filter(|users| setup.scenario.workload.mode != Mode::Serve && (1..now.workload.batch).contains(&users.count));
    if let Some(users) = fewer {
        all.push(Card {
            key: "users",
            what: "Most sequences as they are",
            value: grouped(users.count),
            note: format!("now {}", grouped(now.workload.batch)),
            deed: users.change(now),
        });
    } else if let Some(context) = &answers.context {
        all.push(Card {
            key: "context",
            what: "Longest context as it is",
            value: match context.tokens {
                0 => "none".to_owned(),
                some => super::tokens(some),
            },
            note: match (context.tokens, context.with_offload) {
                (0, _) => "not even one token fits".to_owned(),
                (_, true) => "with part of it in RAM".to_owned(),
                (_, false) if context.limited_by_model => "the model's own limit".to_owned(),
                (_, false) => format!("now {}", grouped(setup.tokens().value)),
            },
            deed: context.change(now).filter(|_| fit.verdict != Verdict::Offload),
        });
    }
    if let Some(degree) = &answers.degree
        && let (Some(device), Some(devices)) = (setup.device(), degree.devices)
    {
        all.push(Card {
            key: "degree",
            what: "Fewest of this device",
            value: format!("{} × {}", grouped(devices), device.short_name()),
            note: "each layer shared among them".to_owned(),
            deed: degree.change(now),
        });
    }
    if let Some(cheapest) = &answers.cheapest {
        all.push(Card {
            key: "cheapest",
            what: "Cheapest with room for it",
            value: times(cheapest.devices, &cheapest.name),
            note: format!("{} an hour", dollars(cheapest.price.usd_per_hour)),
            deed: cheapest.change(now),
        });
    }
    all
}

fn format_card(setup: &Setup, best: &BestFormat, units: UnitSystem) -> Card {
    let whole = |bytes: u64| units.bytes(bytes as f64);
    let none = best.format.is_none();
    Card {
        key: "format",
        what: "Best format that fits whole",
        value: if none { "none".to_owned() } else { best.label.clone() },
        note: if none {
            "even the smallest is too large".to_owned()
        } else {
            let loss = loss(best).map_or_else(String::new, |loss| format!(", {loss}"));
            format!("{} of {}{loss}", whole(best.needed_bytes), whole(best.capacity_bytes))
        },
        deed: best.change(&setup.requested),
    }
}

/// What a format loses, in words, where somebody measured it.
fn loss(best: &BestFormat) -> Option<&'static str> {
    match &best.ranked_by {
        RankedBy::Published => Some("nothing lost"),
        RankedBy::Measured(figure) => Some(figure.loss().words()),
        RankedBy::Bits => None,
    }
}

/// The best way to run what does not fit whole: `In IQ2_XS it fits whole and writes about 23 tokens a second, with a heavy
/// loss.` None where it fits, or nothing smaller would.
pub fn best_way(analysis: &Analysis, answers: &Answers) -> Option<(String, Scenario)> {
    let verdict = analysis.fit.as_ref()?.verdict;
    let best = answers.format.as_ref()?;
    let changed = best.change(&analysis.setup.requested)?;
    if verdict == Verdict::Fits {
        return None;
    }
    let then = analyse_setup(analysis.setup.under(changed.clone()).ok()?).ok()?;
    let speed = then.speed.as_ref().filter(|speed| speed.pass.is_some());
    let verb = verb(&then.setup);
    let pace = speed.map_or_else(String::new, |speed| {
        format!(" and {verb} about {} tokens a second", about(speed.tokens_per_second))
    });
    let loss = loss(best).map_or_else(String::new, |loss| format!(", with {loss}"));
    let engine = (then.setup.engine != analysis.setup.engine).then(|| format!(" with {}", then.setup.engine.label()));
    Some((
        format!(
            "In {} it fits whole{}{pace}{loss}.",
            best.label,
            engine.unwrap_or_default()
        ),
        changed,
    ))
}
