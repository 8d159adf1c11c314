//! What would it take: each answer a sentence with its basis, and a button that makes it so.

use leptos::prelude::*;
use weighbridge::analysis::answers::Said;
use weighbridge::analysis::{Question, answers};
use weighbridge::units::UnitSystem;

use crate::app::state::{Answer, State};

/// The card.
#[component]
pub fn Answers() -> impl IntoView {
    let state = State::here();
    let rows = Memo::new(move |_| {
        let units = state.units.get();
        state
            .shown
            .with(|shown| shown.as_ref().map(|answer| rows(answer, units)).unwrap_or_default())
    });
    view! {
        <section class="card wide" aria-labelledby="answers-title">
            <h2 id="answers-title">"What would it take"</h2>
            <ul class="answers num">
                {move || rows.get().into_iter().map(|row| {
                    let deed = row.deed.map(|(label, scenario)| view! {
                        <button class="button small" type="button" on:click=move |_| state.scenario.set(scenario.clone())>{label}</button>
                    });
                    view! { <li data-figure=format!("answer.{}", row.key)><p>{row.words}<small>{row.basis}</small></p>{deed}</li> }
                }).collect_view()}
            </ul>
        </section>
    }
}

fn rows(answer: &Answer, units: UnitSystem) -> Vec<Said> {
    let said = Question::new(&answer.blueprint, &answer.scenario)
        .ok()
        .and_then(|question| Some(answers(&question, &answer.analysis)?.said(&question, units)));
    said.unwrap_or_else(|| {
        vec![Said {
            key: "none",
            words: "Choose a device under Hardware: then this says how far it goes, and what else would do.".to_owned(),
            basis: String::new(),
            deed: None,
        }]
    })
}
