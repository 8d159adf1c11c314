//! The cases of the page, where there are several: which is shown, and what each comes to.

use leptos::prelude::*;
use weighbridge::units::times;

use super::case::Case;
use super::icon::Icon;
use super::page::Shows;
use super::state::State;
use super::verdict;

/// A row of the cases; nothing while there is one.
#[component]
pub fn CaseStrip() -> impl IntoView {
    let state = State::here();
    let here = Case::here();
    let several = Memo::new(move |_| state.cases().len() > 1);
    view! {
        <Show when=move || several.get()>
            <nav class="cases" aria-label="Questions on this page">
                <For each=move || state.cases() key=|case| case.id let(case)>
                    <Entry case=case shown=case.id == here.id/>
                </For>
                <button class="button small" type="button" on:click=move |_| state.page.toggle(Shows::Compare)><Icon name="columns"/>"Compare"</button>
            </nav>
        </Show>
    }
}

#[component]
fn Entry(case: Case, shown: bool) -> impl IntoView {
    let state = State::here();
    let name = move || case.model_name().unwrap_or_else(|| "No model".to_owned());
    let on = move || {
        case.shown.with(|answer| {
            let setup = &answer.as_ref()?.analysis.setup;
            let device = setup.device.as_ref()?.short_name();
            Some(times(setup.requested.hardware.devices, device))
        })
    };
    let sentence = verdict::of(case);
    view! {
        <span class="case" data-verdict=move || verdict::look(sentence.get().verdict)>
            <button type="button" class="go" aria-current=shown.then_some("true") on:click=move |_| state.show(case.id)>
                <b>{name}</b>{move || on().map(|on| view! { <span>{on}</span> })}<span class="pill">{move || sentence.get().pill}</span>
            </button>
            <button type="button" class="close" aria-label=move || format!("Close {}", name()) on:click=move |_| state.close(case.id)><Icon name="cross"/></button>
        </span>
    }
}
