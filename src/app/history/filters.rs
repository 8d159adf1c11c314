//! Search and menus above the table.

use leptos::prelude::*;
use strum::IntoEnumIterator;
use weighbridge::export::history::Verdicts;
use weighbridge::scenario::Mode;

use super::place::View;
use super::when::midnight;
use crate::app::icon::Icon;

const fn verdict_label(verdict: Verdicts) -> &'static str {
    match verdict {
        Verdicts::Fits => "fits",
        Verdicts::Offload => "fits with offload",
        Verdicts::DoesNotFit => "does not fit",
        Verdicts::Other => "not supported",
    }
}

/// Days of the menu, with their words.
const DAYS: [(u32, &str); 3] = [(0, "today"), (6, "seven days"), (29, "thirty days")];

/// The row of filters, and how many rows pass.
#[component]
pub fn Filters(view: View) -> impl IntoView {
    let filter = view.filter;
    let kinds = Memo::new(move |_| {
        view.history
            .with(|history| history.as_ref().map(|history| history.kinds()).unwrap_or_default())
    });
    let days = RwSignal::new(String::new());
    // Dropped by the button, menus and field show it.
    Effect::new(move |_| {
        if filter.with(|filter| filter.since.is_none()) {
            days.set(String::new());
        }
    });
    let count = move || {
        let all = view
            .history
            .with(|history| history.as_ref().map_or(0, |history| history.rows().len()));
        let shown = view.picked.with(Vec::len);
        if shown == all {
            String::new()
        } else {
            format!("{shown} of {all} shown")
        }
    };
    view! {
        <div class="row filters">
            <label class="omnibox"><Icon name="search"/><input type="search" id="history-filter" autocomplete="off" spellcheck="false" placeholder="Model, device, name" aria-label="Filter calculations"
                prop:value=move || filter.with(|filter| filter.words.clone())
                on:input:target=move |event| view.set_filter(|filter| filter.words = event.target().value())/></label>
            <label class="pickone"><i>"Mode"</i><select prop:value=move || filter.with(|filter| filter.mode.clone())
                on:change:target=move |event| view.set_filter(|filter| filter.mode = event.target().value())>
                <option value="">"any"</option>
                {Mode::iter().map(|mode| view! { <option value=mode.key()>{mode.label()}</option> }).collect_view()}
            </select></label>
            <label class="pickone"><i>"Device"</i><select prop:value=move || { kinds.track(); filter.with(|filter| filter.device.clone()) }
                on:change:target=move |event| view.set_filter(|filter| filter.device = event.target().value())>
                <option value="">"any"</option>
                {move || kinds.get().into_iter().map(|kind| view! { <option value=kind.clone()>{kind.clone()}</option> }).collect_view()}
            </select></label>
            <label class="pickone"><i>"Verdict"</i><select
                prop:value=move || filter.with(|filter| filter.verdict.map_or("", Verdicts::key))
                on:change:target=move |event| view.set_filter(|filter| filter.verdict = event.target().value().parse().ok())>
                <option value="">"any"</option>
                {Verdicts::iter().map(|verdict| view! { <option value=verdict.key()>{verdict_label(verdict)}</option> }).collect_view()}
            </select></label>
            <label class="pickone"><i>"When"</i><select prop:value=move || days.get()
                on:change:target=move |event| {
                    let value = event.target().value();
                    view.set_filter(|filter| filter.since = value.parse().ok().map(midnight));
                    days.set(value);
                }>
                <option value="">"any"</option>
                {DAYS.map(|(days, words)| view! { <option value=days.to_string()>{words}</option> }).into_iter().collect_view()}
            </select></label>
            <span class="count num" aria-live="polite">{count}</span>
        </div>
    }
}
