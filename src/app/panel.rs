//! The cards of the panel: what can be set, from the table of knobs. On a phone each is a sheet that a chip opens.

use leptos::prelude::*;
use weighbridge::scenario::{Group, KNOBS, Knob, KnobId, Mode};

use super::case::{Answer, Case};
use super::knob::KnobControl;
use super::parts::{Later, Part, training};
use super::slices::Slice;

/// A card of the panel.
#[component]
pub fn Sheet(
    id: &'static str,
    title: &'static str,
    /// What stands beside the title: a note, or a deed or two.
    #[prop(optional)]
    aside: Option<AnyView>,
    children: Children,
) -> impl IntoView {
    let heading = format!("{id}-title");
    let labelled = heading.clone();
    view! {
        <div class="sheet" id=id popover="auto">
            <section class="card pane" aria-labelledby=labelled>
                <div class="title"><h2 id=heading>{title}</h2>{aside}</div>
                {children()}
            </section>
            <Done id=id/>
        </div>
    }
}

/// A card that folds to one line, which says how its knobs stand.
#[component]
fn FoldedSheet(id: &'static str, title: &'static str, now: Signal<String>, children: Children) -> impl IntoView {
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
            <details class="card" node_ref=details>
                <summary>{title}" "<span class="now">{now}</span></summary>
                <div class="body">{children()}</div>
            </details>
            <Done id=id/>
        </div>
    }
}

#[component]
fn Done(id: &'static str) -> impl IntoView {
    view! { <button class="button small done" type="button" popovertarget=id popovertargetaction="hide">"Done"</button> }
}

/// The knobs of a group, as far as the mode has them.
#[component]
fn GroupKnobs(group: Group) -> impl IntoView {
    let case = Case::here();
    let mode = Memo::new(move |_| case.scenario.with(|scenario| scenario.workload.mode));
    // Of a model without an encoder its tokens are nothing to ask for, of one without a tower images.
    const OFTEN_IDLE: [KnobId; 8] = [
        KnobId::Generate,
        KnobId::KvCache,
        KnobId::EncoderTokens,
        KnobId::Images,
        KnobId::ImageSize,
        KnobId::AudioSeconds,
        KnobId::VideoSeconds,
        KnobId::VideoFps,
    ];
    let idle = Memo::new(move |_| {
        let asks = |answer: &Answer, id: KnobId| answer.analysis.setup.asks(id);
        case.shown.with(|shown| {
            // Before there is a model, what most have.
            let usual = |id: KnobId| matches!(id, KnobId::Generate | KnobId::KvCache);
            let unasked = |id: &KnobId| !shown.as_ref().map_or(usual(*id), |answer| asks(answer, *id));
            OFTEN_IDLE.into_iter().filter(unasked).collect::<Vec<_>>()
        })
    });
    let counts = move |knob: &&Knob| !idle.with(|idle| idle.contains(&knob.id));
    let list = move || -> Vec<_> { of(group, mode.get()).filter(counts).collect() };
    view! { <For each=list key=|knob| knob.key let(knob)><Slice view=move || view! { <KnobControl knob=knob/> }.into_any()/></For> }
}

fn of(group: Group, mode: Mode) -> impl Iterator<Item = &'static Knob> {
    KNOBS
        .iter()
        .filter(move |knob| knob.group == group && knob.applies(mode))
}

/// What runs.
#[component]
pub fn WorkloadCard() -> impl IntoView {
    view! { <Sheet id="sheet-workload" title="Workload"><GroupKnobs group=Group::Workload/></Sheet> }
}

/// Number formats, side by side.
#[component]
pub fn PrecisionCard() -> impl IntoView {
    let case = Case::here();
    let bits = move || {
        case.shown.with(|shown| {
            let setup = &shown.as_ref()?.analysis.setup;
            setup.remark(KnobId::Weights)
        })
    };
    // A run has formats of its own.
    let trains = case.trains();
    view! {
        <Show when=move || !trains.get()>
            <Sheet id="sheet-precision" title="Precision" aside=view! { <span class="now num">{bits}</span> }.into_any()>
                <div class="pair"><GroupKnobs group=Group::Precision/></div>
            </Sheet>
        </Show>
    }
}

/// A training run; its controls come with the planner.
#[component]
pub fn TrainingSheet() -> impl IntoView {
    let trains = Case::here().trains();
    view! {
        <Show when=move || trains.get()>
            <Sheet id="sheet-training" title="Training"><Later part=Part::Training view=|| training().map(|training| training.card)/></Sheet>
        </Show>
    }
}

/// What is assumed, by what it bears on.
const ASSUMED: &[(&str, &[KnobId])] = &[
    (
        "Memory",
        &[
            KnobId::MemoryFraction,
            KnobId::Overhead,
            KnobId::HostReserve,
            KnobId::MemoryRule,
            KnobId::ValueCache,
            KnobId::LatentCache,
            KnobId::WindowCache,
            KnobId::CachePlace,
        ],
    ),
    ("Speed", &[KnobId::ComputeEfficiency, KnobId::BandwidthEfficiency]),
    (
        "Attention and counting",
        &[KnobId::Attention, KnobId::AttentionFlops, KnobId::Logits],
    ),
];

/// Some assumptions under their heading, as far as the mode has them.
#[component]
fn AssumedKnobs(title: &'static str, ids: &'static [KnobId]) -> impl IntoView {
    let case = Case::here();
    let mode = Memo::new(move |_| case.scenario.with(|scenario| scenario.workload.mode));
    let list = move || -> Vec<&'static Knob> {
        let found = ids.iter().filter_map(|id| KNOBS.iter().find(|knob| knob.id == *id));
        found.filter(|knob| knob.applies(mode.get())).collect()
    };
    let any = Memo::new(move |_| !list().is_empty());
    view! {
        <Show when=move || any.get()>
            <section class="assumed">
                <h3>{title}</h3>
                <For each=list key=|knob| knob.key let(knob)><Slice view=move || view! { <KnobControl knob=knob/> }.into_any()/></For>
            </section>
        </Show>
    }
}

/// What is assumed, folded.
#[component]
pub fn AssumptionsCard() -> impl IntoView {
    let case = Case::here();
    let now = Signal::derive(move || {
        case.scenario.with(|scenario| {
            let all = || of(Group::Assumptions, scenario.workload.mode);
            match all().filter(|knob| !knob.is_default(scenario)).count() {
                0 => format!("{} defaults", all().count()),
                some => format!("{some} of {} changed", all().count()),
            }
        })
    });
    view! {
        <FoldedSheet id="sheet-assumptions" title="Assumptions" now=now>
            {ASSUMED.iter().map(|(title, ids)| view! { <AssumedKnobs title=title ids=ids/> }).collect_view()}
        </FoldedSheet>
    }
}
