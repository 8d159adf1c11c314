//! Where a model does not fit whole: the best way to run it in the sentence, and what it would take as cards below.

use std::time::Duration;

use leptos::prelude::*;
use weighbridge::analysis::{Verdict, fixes};
use weighbridge::report::{Card, best_way, cards, run};
use weighbridge::scenario::Scenario;
use weighbridge::units::UnitSystem;

use super::case::{Answer, Case};
use super::fit;
use super::parts::{self, Part};

/// How long the question must rest before it is answered: a slider passes many values.
const REST: Duration = Duration::from_millis(150);

/// What was found out for an answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ways {
    best: Option<(String, Scenario)>,
    cards: Vec<Card>,
}

/// Finds the ways of the case whenever its question has rested.
pub fn follow(case: Case) -> RwSignal<Option<Ways>> {
    let found = RwSignal::new(None);
    let mut find = debounce(REST, move |(answer, units): (Option<Answer>, UnitSystem)| {
        let Some(answer) = answer else { return };
        parts::then(Part::Tabs, move || {
            if let Some(tabs) = parts::tabs() {
                found.try_set(Some((tabs.find_ways)(&answer, units)));
            }
        });
    });
    Effect::new(move |_| {
        let answer = case.shown.get().filter(needs_a_way);
        if answer.is_none() {
            found.set(None);
        }
        find((answer, case.page.units.get()));
    });
    found
}

/// Whether it does not fit whole.
fn needs_a_way(answer: &Answer) -> bool {
    let fit = answer.analysis.fit.as_ref();
    let trains = answer.analysis.training.is_some();
    fit.is_some_and(|fit| fit.verdict != Verdict::Fits || fit.is_tight() && !trains)
}

/// The ways of an answer; part of the tabs, whose search for formats and hardware they share.
pub fn find(answer: &Answer, units: UnitSystem) -> Ways {
    let analysis = &answer.analysis;
    let unsupported = analysis
        .fit
        .as_ref()
        .is_some_and(|fit| fit.verdict == Verdict::Unsupported);
    if let Some(run) = run::ways(analysis, units).filter(|_| !unsupported) {
        return Ways {
            best: run.best,
            cards: run.cards,
        };
    }
    let mut found = Ways::default();
    if let Some(answers) = fit::searched(answer) {
        found.best = best_way(analysis, &answers);
        found.cards = cards(analysis, &answers, units);
    }
    if unsupported {
        // What is not supported is mended first of all; each of these was tried.
        let mended = fixes(analysis, units).into_iter().map(|fix| Card {
            key: "fix",
            what: "It runs with",
            value: fix.label,
            note: fix.note,
            deed: Some(fix.scenario),
        });
        found.cards.splice(0..0, mended);
    }
    found
}

/// The best way as the end of the lead, with its button.
#[component]
pub fn BestWay() -> impl IntoView {
    let case = Case::here();
    let ways = expect_context::<RwSignal<Option<Ways>>>();
    move || {
        let (words, scenario) = ways.get()?.best?;
        Some(view! {
            " "<b data-figure="sentence.way">{words}</b>" "
            <button class="link" type="button" on:click=move |_| case.take(scenario.clone())>"Use it"</button>
        })
    }
}

/// What it would take, each answer one click.
#[component]
pub fn WayCards() -> impl IntoView {
    let case = Case::here();
    let ways = expect_context::<RwSignal<Option<Ways>>>();
    let missing = Memo::new(move |_| {
        let units = case.page.units.get();
        case.shown.with(|shown| {
            let answer = shown.as_ref()?;
            let fit = answer.analysis.fit.as_ref();
            let missing = fit
                .filter(|fit| fit.headroom_bytes < 0 && fit.verdict != Verdict::Offload)?
                .missing_bytes;
            Some((
                units.bytes(missing as f64),
                units.bytes(answer.analysis.held().total_bytes as f64),
            ))
        })
    });
    let any = Memo::new(move |_| case.shown.with(|shown| shown.as_ref().is_some_and(needs_a_way)));
    move || {
        any.get().then(|| {
            let cards = ways.get().map(|ways| ways.cards).unwrap_or_default();
            view! {
                <div class="ways num" role="group" aria-label="What it would take">
                    {missing.get().map(|(missing, needed)| view! {
                        <div class="way missing"><span class="what">"Missing"</span><b>{missing}</b><span class="note">{format!("{needed} are needed")}</span></div>
                    })}
                    {cards.into_iter().map(|card| entry(case, card)).collect_view()}
                </div>
            }
        })
    }
}

fn entry(case: Case, card: Card) -> AnyView {
    let figure = format!("way.{}", card.key);
    let words = view! { <span class="what">{card.what}</span><b>{card.value}</b><span class="note">{card.note}</span> };
    match card.deed {
        Some(scenario) => view! { <button class="way" type="button" data-figure=figure on:click=move |_| case.take(scenario.clone())>{words}</button> }.into_any(),
        None => view! { <div class="way" data-figure=figure>{words}</div> }.into_any(),
    }
}
