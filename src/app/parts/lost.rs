//! A part that did not come: what is missing, why that may be, and what to do.

use leptos::prelude::*;
use strum::IntoEnumIterator;

use super::{Arrival, Part, arrival, want};
use crate::app::icon::Icon;

/// The message in the place of what is missing.
#[component]
pub fn LostCallout(part: Part) -> impl IntoView {
    let offline = !window().navigator().on_line();
    let next = if offline {
        "You are offline, and this browser has not stored the whole page yet. It comes as soon as you are connected."
    } else {
        "The connection failed, or a new version of this page is out and parts of this one are gone. Reloading brings the new one; the address keeps what you chose."
    };
    view! {
        <div class="callout" role="alert" data-code="part_lost">
            {if offline { view! { <Icon name="offline"/> } } else { view! { <Icon name="alert"/> } }}
            <p class="what">{part.words()}" did not load."</p>
            <p class="next">{next}</p>
            <div class="row">
                <button class="button small" type="button" on:click=move |_| try_again(part)>"Try again"</button>
                <button class="button small" type="button" on:click=|_| { let _ = window().location().reload(); }>"Reload"</button>
            </div>
        </div>
    }
}

/// Asks for a part once more, and for all others that are lost: whatever kept one from coming may be over.
fn try_again(part: Part) {
    want(part);
    let lost = |part: &Part| arrival(*part).get_untracked() == Arrival::Lost;
    Part::iter().filter(lost).for_each(want);
}

/// The same for a part without a place of its own; nothing unless it is lost.
#[component]
pub fn LostLine(part: Part) -> impl IntoView {
    let lost = {
        let arrival = arrival(part);
        Memo::new(move |_| arrival.get() == Arrival::Lost)
    };
    move || lost.get().then(|| view! { <LostCallout part=part/> })
}
