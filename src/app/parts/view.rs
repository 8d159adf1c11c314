//! Views of parts: themselves once the part is there, until then that it comes, or that it did not.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::lost::LostCallout;
use super::tables::View;
use super::{Arrival, Part, arrival, dialogs, want};
use crate::app::case::Case;
use crate::app::slices::{breath, placed};

/// Whether what a part brings is to be shown: at once where the part is there already, else when it came, each view in a
/// task of its own.
fn due(part: Part) -> ReadSignal<bool> {
    let arrival = arrival(part);
    let (due, set) = signal(arrival.get_untracked() == Arrival::Here);
    Effect::new(move |_| {
        if arrival.get() == Arrival::Here && !due.get_untracked() {
            spawn_local(async move {
                breath().await;
                let _ = set.try_set(true);
            });
        }
    });
    due
}

/// A view of a part, asked for as soon as it is on the page. `view` finds it once the part is there.
#[component]
pub fn Later(part: Part, view: fn() -> Option<View>) -> impl IntoView {
    Effect::new(move |_| {
        if placed() {
            want(part);
        }
    });
    let due = due(part);
    move || {
        if due.get() {
            return untrack(|| view().map(|view| view()));
        }
        Some(view! { <Waiting part=part/> }.into_any())
    }
}

/// A view of a part that nobody waits for: nothing until the part is there.
#[component]
pub fn Quietly(part: Part, view: fn() -> Option<View>) -> impl IntoView {
    let due = due(part);
    move || due.get().then(|| untrack(|| view().map(|view| view()))).flatten()
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
