//! The cards of the panel: what can be set, from the table of knobs.

use leptos::prelude::*;
use weighbridge::scenario::{Group, KNOBS};

use super::case::Case;
use super::knob::KnobControl;

/// A card that folds, and on a phone a sheet that a chip opens.
#[component]
pub fn Sheet(
    id: &'static str,
    #[prop(into)] title: Signal<String>,
    #[prop(optional, into)] now: Option<Signal<String>>,
    open: bool,
    children: Children,
) -> impl IntoView {
    let details = NodeRef::<leptos::html::Details>::new();
    // On a phone the card is a popover: opened, it shows its contents at once.
    let unfold = move |event: web_sys::Event| {
        let shown = js_sys::Reflect::get(&event, &"newState".into())
            .ok()
            .and_then(|state| state.as_string());
        if shown.as_deref() == Some("open")
            && let Some(details) = details.get_untracked()
        {
            details.set_open(true);
        }
    };
    view! {
        <div class="sheet" id=id popover="auto" on:toggle=unfold>
            <details class="card" open=open node_ref=details>
                <summary>{title}{now.map(|now| view! { " "<span class="now">{now}</span> })}</summary>
                <div class="body">{children()}</div>
            </details>
            <button class="button small done" type="button" popovertarget=id popovertargetaction="hide">"Done"</button>
        </div>
    }
}

/// The knobs of a group as a card.
#[component]
pub fn KnobCard(id: &'static str, title: &'static str, group: Group, open: bool) -> impl IntoView {
    let case = Case::here();
    let mode = Memo::new(move |_| case.scenario.with(|scenario| scenario.workload.mode));
    let knobs = move || {
        KNOBS
            .iter()
            .filter(move |knob| knob.group == group && knob.applies(mode.get()))
    };
    let changed = move || {
        case.scenario
            .with(|scenario| knobs().filter(|knob| !knob.is_default(scenario)).count())
    };
    let now = (group == Group::Assumptions).then(|| {
        Signal::derive(move || match changed() {
            0 => format!("{}, all as by default", knobs().count()),
            some => format!("{some} of {} changed", knobs().count()),
        })
    });
    let list = move || knobs().collect::<Vec<_>>();
    let body = view! {
        <For each=list key=|knob| knob.key let(knob)>
            <KnobControl knob=knob/>
        </For>
    };
    match now {
        Some(now) => view! { <Sheet id=id title=title now=now open=open>{body}</Sheet> }.into_any(),
        None => view! { <Sheet id=id title=title open=open>{body}</Sheet> }.into_any(),
    }
}
