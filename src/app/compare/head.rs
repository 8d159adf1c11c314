//! The comparison in a sentence, and what can be done with all of it.

use leptos::prelude::*;
use weighbridge::model::quantisation::choice;

use super::deeds;
use super::shown::Shown;
use crate::app::icon::Icon;
use crate::app::parts::focus_search;
use crate::app::state::State;

/// The head of the place.
#[component]
pub fn Head(shown: Memo<Shown>, only_differences: RwSignal<bool>) -> impl IntoView {
    let state = State::here();
    let counts = move || {
        let cases = state.cases();
        let mut models: Vec<_> = cases
            .iter()
            .map(|case| case.scenario.with(|s| s.model.source.clone()))
            .collect();
        models.dedup();
        let mut different = Vec::new();
        for model in models {
            if !different.contains(&model) {
                different.push(model);
            }
        }
        let said = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
        format!("{}, {}", said(cases.len(), "question"), said(different.len(), "model"))
    };
    let add = move |_| focus_search();
    let copy_last = move |_| {
        if let Some(last) = untrack(|| state.cases()).last() {
            state.keep(*last);
        }
    };
    let formats = move |event: web_sys::Event| {
        let value = event_target_value(&event);
        if !value.is_empty() {
            deeds::set_formats(state, &value);
        }
        // A menu of deeds, not of states.
        let field: web_sys::HtmlSelectElement = event_target(&event);
        field.set_value("");
    };
    let options = deeds::FORMATS
        .iter()
        .map(|key| {
            let label = choice(key).map_or_else(|| (*key).to_owned(), |one| one.format.label.to_string());
            view! { <option value=*key>{format!("All in {label}")}</option> }
        })
        .collect_view();
    view! {
        <section class="said" aria-live="polite" aria-label="Comparison in a sentence">
            <div class="above">
                <p class="pill quiet num">{counts}</p>
                <span class="deeds">
                    <button class="button small bare" type="button" aria-label="Share: copy the link" on:click=move |_| deeds::share(state)><Icon name="share"/><span class="word">"Share"</span></button>
                    <button class="button small bare" type="button" aria-label="Copy as CSV" on:click=move |_| deeds::copy_csv(state)><Icon name="table"/><span class="word">"Copy as CSV"</span></button>
                    <button class="button small bare" type="button" aria-label="Clear: keep the first alone" on:click=move |_| deeds::clear(state)><Icon name="cross"/><span class="word">"Clear"</span></button>
                </span>
            </div>
            <h1 data-figure="compare.sentence">{move || shown.with(|shown| shown.beside.main.clone())}</h1>
            <p class="lead num">{move || shown.with(|shown| shown.beside.rest.clone())}</p>
        </section>
        <div class="acts">
            <button class="button small primary" type="button" id="add-model" on:click=add>"Add a model"</button>
            <button class="button small" type="button" on:click=copy_last>"Copy the last"</button>
            <select aria-label="Formats of all" on:change=formats>
                <option value="">"Formats …"</option>
                <option value="best">"Each in its best that fits"</option>
                <option value="published">"All as published"</option>
                {options}
            </select>
            <label class="tick"><input type="checkbox" prop:checked=move || only_differences.get() on:change=move |event| only_differences.set(event_target_checked(&event))/>"Only differences"</label>
        </div>
    }
}
