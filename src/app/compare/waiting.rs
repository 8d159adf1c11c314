//! Cases without an answer of their own: a model on its way, or what went wrong, with the next step.

use leptos::context::Provider;
use leptos::prelude::*;

use super::deeds;
use super::shown::waits;
use crate::app::case::Case;
use crate::app::parts::{Part, Quietly, reader, reader_part};
use crate::app::state::State;

/// A line for each.
#[component]
pub fn Waiting() -> impl IntoView {
    let state = State::here();
    let waiting = move || {
        state
            .cases()
            .into_iter()
            .filter(|case| waits(*case))
            .collect::<Vec<_>>()
    };
    view! {
        <div class="waiting">
            <For each=waiting key=|case| case.id let(case)><Line case=case/></For>
        </div>
    }
}

#[component]
fn Line(case: Case) -> impl IntoView {
    let state = State::here();
    let words = move || match case.loading.get() {
        Some(loading) => format!("{} is being read.", loading.what),
        None if case.problem.with(Option::is_some) => {
            format!("{}:", case.model_name().unwrap_or_else(|| "A question".to_owned()))
        }
        None => "This question has no answer yet.".to_owned(),
    };
    let loads = move || case.loading.with(Option::is_some);
    view! {
        <Provider value=case>
            <section class="card line" aria-label="Not in the table yet">
                <p role="status">{words}</p>
                <span class="row">
                    <Show when=loads><button class="button small" type="button" on:click=move |_| reader::cancel(case)>"Stop"</button></Show>
                    <button class="button small" type="button" on:click=move |_| deeds::remove(state, case.id)>"Remove"</button>
                </span>
                <Quietly part=Part::Reader view=|| reader_part().map(|reader| reader.problem)/>
            </section>
        </Provider>
    }
}
