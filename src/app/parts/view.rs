//! Views of parts: themselves once the part is there, until then that it comes, or that it did not.

use leptos::prelude::*;

use super::lost::LostCallout;
use super::tables::View;
use super::{Arrival, Part, arrival, dialogs, want};
use crate::app::case::Case;

/// A view of a part, asked for as soon as it is on the page. `view` finds it once the part is there.
#[component]
pub fn Later(part: Part, view: fn() -> Option<View>) -> impl IntoView {
    want(part);
    let arrival = arrival(part);
    move || match arrival.get() {
        Arrival::Here => untrack(|| view().map(|view| view())),
        _ => Some(view! { <Waiting part=part/> }.into_any()),
    }
}

/// A view of a part that nobody waits for: nothing until the part is there.
#[component]
pub fn Quietly(part: Part, view: fn() -> Option<View>) -> impl IntoView {
    let here = {
        let arrival = arrival(part);
        Memo::new(move |_| arrival.get() == Arrival::Here)
    };
    move || here.get().then(|| untrack(|| view().map(|view| view()))).flatten()
}

/// That a part is on its way, or that it did not come.
#[component]
pub fn Waiting(part: Part) -> impl IntoView {
    let arrival = arrival(part);
    move || {
        if arrival.get() == Arrival::Lost {
            view! { <LostCallout part=part/> }.into_any()
        } else {
            view! { <p class="coming" role="status">"Loading …"</p> }.into_any()
        }
    }
}

/// The explanation of a number. Opened before its part is there, it says so.
#[component]
pub fn ExplanationSoon() -> impl IntoView {
    let case = Case::here();
    let here = {
        let arrival = arrival(Part::Dialogs);
        Memo::new(move |_| arrival.get() == Arrival::Here)
    };
    let asked = Memo::new(move |_| case.opened.with(Option::is_some));
    Effect::new(move |_| {
        if asked.get() && !here.get_untracked() {
            want(Part::Dialogs);
        }
    });
    move || match dialogs().filter(|_| here.get()) {
        Some(dialogs) => Some(untrack(dialogs.explanation)),
        None => asked.get().then(|| {
            view! {
                <div class="soon card" role="dialog" aria-label="Explanation">
                    <Waiting part=Part::Dialogs/>
                    <button class="button small" type="button" on:click=move |_| case.opened.set(None)>"Close"</button>
                </div>
            }
            .into_any()
        }),
    }
}
