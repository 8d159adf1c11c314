//! "What would it take": the longest sequence, the largest micro-batch, the fewest devices, the cheapest hardware, and what
//! may be trained beside a smaller base. Each with a button.

use leptos::prelude::*;
use weighbridge::analysis::training::{Budget, cheapest, fewest, longest_sequence, ways};
use weighbridge::analysis::{Fit, Setup};
use weighbridge::scenario::{Mode, Scenario};
use weighbridge::units::{UnitSystem, decimal, grouped, times};

use crate::app::case::Case;

/// Devices that are named as the cheapest.
const CHEAPEST: usize = 3;

/// An answer: its question, the answer, what takes it.
#[derive(Clone, PartialEq)]
struct Said {
    question: String,
    answer: String,
    take: Option<Scenario>,
}

fn find(setup: &Setup, fit: Option<&Fit>, units: UnitSystem) -> Vec<Said> {
    let now = &*setup.requested;
    let mut all = Vec::new();
    let mut say = |question: &str, answer: String, take: Option<Scenario>| {
        all.push(Said {
            question: question.to_owned(),
            answer,
            take,
        });
    };
    match longest_sequence(setup, now) {
        Some(0) => say("Longest sequence", "None of 256 tokens or more fits.".to_owned(), None),
        Some(longest) => {
            let take = now.clone().with(|scenario| scenario.workload.prompt = longest);
            say("Longest sequence", format!("{} tokens", grouped(longest)), Some(take));
        }
        None => {}
    }
    // With a global batch given only its divisors would do.
    if let Some(most) = fit.map(|fit| fit.max_batch).filter(|most| *most > 0)
        && now.training.global_batch.is_none()
    {
        let take = now.clone().with(|scenario| scenario.workload.batch = most);
        say(
            "Largest micro-batch",
            format!("{} of this length", grouped(most)),
            Some(take),
        );
    }
    if let Some(one) = fewest(setup, Budget::default()) {
        let name = setup.device().map_or("devices", |device| device.short_name());
        say("Fewest devices", times(one.plan.devices, name), Some(one.scenario));
    }
    if now.workload.mode == Mode::Finetune {
        for way in ways(setup) {
            let answer = if way.fits {
                format!("fits, sequences up to {} tokens", grouped(way.longest))
            } else {
                format!("needs {} a device: too much", units.bytes(way.total_bytes as f64))
            };
            say(way.name, answer, way.fits.then_some(way.scenario));
        }
    }
    for one in cheapest(setup).into_iter().take(CHEAPEST) {
        say(
            "Cheap hardware",
            format!(
                "{}: ${} for a million tokens",
                times(one.candidate.plan.devices, one.device.short_name()),
                decimal(one.usd_per_million_tokens)
            ),
            Some(one.candidate.scenario),
        );
    }
    all
}

/// The card.
#[component]
pub fn Answers() -> impl IntoView {
    let case = Case::here();
    let found = RwSignal::new(None::<Vec<Said>>);
    // What was found belongs to the question it was asked for.
    Effect::new(move |_| {
        case.answer.track();
        found.set(None);
    });
    let look = move |_| {
        let units = case.page.units.get_untracked();
        let said = case.answer.with_untracked(|answer| {
            let analysis = &answer.as_ref().ok()?.analysis;
            Some(find(&analysis.setup, analysis.fit.as_ref(), units))
        });
        found.set(said);
    };
    view! {
        <section class="card wide" aria-labelledby="take-title">
            <h2 id="take-title">"What would it take"</h2>
            {move || match found.get() {
                None => view! {
                    <p>"The longest sequence, the largest micro-batch, the fewest devices, the cheapest hardware, and what adapters would change."</p>
                    <button class="button" id="find-answers" type="button" on:click=look>"Find out"</button>
                }.into_any(),
                Some(all) => list(case, all).into_any(),
            }}
        </section>
    }
}

fn list(case: Case, all: Vec<Said>) -> impl IntoView {
    let rows: Vec<_> = all
        .into_iter()
        .map(|one| {
            let label = format!("Use {}: {}", one.question, one.answer);
            let button = one.take.map(|scenario| {
                view! { <button class="button small" type="button" aria-label=label on:click=move |_| case.take(scenario.clone())>"Use"</button> }
            });
            view! { <tr><th scope="row">{one.question}</th><td class="why-not">{one.answer}</td><td>{button}</td></tr> }
        })
        .collect();
    view! {
        <div class="table" tabindex="0" role="region" aria-label="What it would take"><table class="plans">
            <thead class="unseen"><tr><th scope="col">"Question"</th><th scope="col">"Answer"</th><th scope="col">"Take it"</th></tr></thead>
            <tbody>{rows}</tbody>
        </table></div>
    }
}
