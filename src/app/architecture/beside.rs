//! Two models side by side, and what each difference costs.

use leptos::prelude::*;
use weighbridge::report::compare::differences;
use weighbridge::units::short_count;

use super::canvas::Canvas;
use super::looking::Looking;
use crate::app::case::{Case, CaseId};
use crate::app::page::Dialog;
use crate::app::state::State;

/// The model of this case beside that of another.
#[component]
pub fn Beside() -> impl IntoView {
    let looking = Looking::here();
    let state = State::here();
    let own = looking.case;
    let chosen = RwSignal::new(None::<CaseId>);
    let others = move || {
        state
            .cases()
            .into_iter()
            .filter(|case| case.id != own.id)
            .collect::<Vec<_>>()
    };
    let other = Memo::new(move |_| {
        let all = others();
        let found = chosen
            .get()
            .and_then(|id| all.iter().find(|case| case.id == id).copied());
        found.or_else(|| all.first().copied()).map(|case| case.id)
    });
    let add = move |_| {
        state.keep(own);
        own.page.dialog.set(Some(Dialog::Picker));
    };
    view! {
        {move || match other.get() {
            None => view! {
                <section class="card">
                    <p>"There is one model on this page. Set another beside it: this one stays."</p>
                    <button class="button" type="button" on:click=add>"Choose another model"</button>
                </section>
            }
            .into_any(),
            Some(id) => {
                let found = untrack(|| others().into_iter().find(|case| case.id == id));
                found.map(|other| view! { <Pair own other chosen/> }.into_any()).unwrap_or_else(|| ().into_any())
            }
        }}
    }
}

#[component]
fn Pair(own: Case, other: Case, chosen: RwSignal<Option<CaseId>>) -> impl IntoView {
    let state = State::here();
    let named = |case: Case| move || case.model_name().unwrap_or_else(|| "Loading …".to_owned());
    let choices = move || {
        state
            .cases()
            .into_iter()
            .filter(|case| case.id != own.id)
            .map(|case| view! { <button type="button" aria-pressed=(case.id == other.id).to_string() on:click=move |_| chosen.set(Some(case.id))>{named(case)}</button> })
            .collect_view()
    };
    let several = move || state.cases().len() > 2;
    let rows = move || {
        let (one, base) = (other.shown.get()?, own.shown.get()?);
        let units = own.page.units.get();
        let found = differences(&one.blueprint, &base.blueprint, units);
        let size = format!(
            "{} against {} parameters",
            short_count(one.analysis.parameters.total.0 as f64),
            short_count(base.analysis.parameters.total.0 as f64)
        );
        let rows = found
            .into_iter()
            .map(|one| view! { <tr><th scope="row">{one.part}</th><td class="text">{one.what}</td><td class="text">{one.cost}</td></tr> })
            .collect_view();
        Some(view! {
            <p>{size}"."</p>
            <div class="table" tabindex="0" role="region" aria-label="Differences"><table>
                <thead><tr><th scope="col">"Part"</th><th scope="col" class="text">"What differs"</th><th scope="col" class="text">"What it costs or saves"</th></tr></thead>
                <tbody>{rows}</tbody>
            </table></div>
        })
    };
    let second = Looking::new(other);
    view! {
        <section class="card" aria-labelledby="differences">
            <h2 id="differences">{named(other)}" beside "{named(own)}</h2>
            <Show when=several><div class="segments" role="group" aria-label="The other model">{choices}</div></Show>
            {rows}
        </section>
        <div class="two">
            <section class="card" aria-label="This model"><h3>{named(own)}</h3><Canvas/></section>
            <section class="card" aria-label="The other model"><h3>{named(other)}</h3><leptos::context::Provider value=second><Canvas/></leptos::context::Provider></section>
        </div>
    }
}
