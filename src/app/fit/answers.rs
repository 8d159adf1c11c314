//! What would it take: each answer a sentence with its basis, and a button that makes it so.

use std::time::Duration;

use leptos::prelude::*;
use weighbridge::analysis::answers::Said;
use weighbridge::units::UnitSystem;

use super::searched::searched;
use crate::app::case::{Answer, Case};

/// How long the question must rest before it is answered: a slider passes many values.
const REST: Duration = Duration::from_millis(120);

/// The card.
#[component]
pub fn Answers() -> impl IntoView {
    let case = Case::here();
    let told = RwSignal::new(Vec::new());
    let tell = move |(shown, units): (Option<Answer>, UnitSystem)| {
        let rows = shown.as_ref().map(|answer| rows(answer, units)).unwrap_or_default();
        told.try_set(rows);
    };
    let mut tell_later = debounce(REST, tell);
    Effect::new(move |first: Option<()>| {
        let asked = (case.shown.get(), case.page.units.get());
        if first.is_none() {
            tell(asked);
        } else {
            tell_later(asked);
        }
    });
    view! {
        <section class="card wide" aria-labelledby="answers-title">
            <h2 id="answers-title">"What would it take"</h2>
            <ul class="answers num">
                {move || told.get().into_iter().map(|row| {
                    let deed = row.deed.map(|(label, scenario)| view! {
                        <button class="button small" type="button" on:click=move |_| case.take(scenario.clone())>{label}</button>
                    });
                    view! { <li data-figure=format!("answer.{}", row.key)><p>{row.words}<small>{row.basis}</small></p>{deed}</li> }
                }).collect_view()}
            </ul>
        </section>
    }
}

fn rows(answer: &Answer, units: UnitSystem) -> Vec<Said> {
    let setup = &answer.analysis.setup;
    let said = searched(answer).map(|found| found.said(setup, units));
    said.unwrap_or_else(|| {
        vec![Said {
            key: "none",
            words: "Choose a device under Hardware: then this says how far it goes, and what else would do.".to_owned(),
            basis: String::new(),
            deed: None,
        }]
    })
}
