//! On a phone: the cards as chips at the bottom edge, each opening its card as a sheet.

use std::collections::BTreeSet;

use leptos::prelude::*;
use weighbridge::scenario::{Group, KNOBS, KnobId, Mode};
use weighbridge::units::{grouped, times};

use super::case::Case;

/// The chips.
#[component]
pub fn Chips() -> impl IntoView {
    let case = Case::here();
    let model = move || {
        if case.loading.with(Option::is_some) {
            return "Reading …".to_owned();
        }
        case.model.with(|model| {
            model
                .as_ref()
                .map_or_else(|| "Model".to_owned(), |model| model.name.clone())
        })
    };
    let workload = move || {
        let encodes = case
            .shown
            .with(|shown| shown.as_ref().is_some_and(|answer| answer.analysis.setup.encodes()));
        case.scenario.with(|scenario| {
            let length = match scenario.generated() {
                _ if encodes => format!("{} tokens", grouped(scenario.workload.prompt)),
                0 => format!("{} tokens", grouped(scenario.workload.prompt)),
                generated => format!("{} + {} tokens", grouped(scenario.workload.prompt), grouped(generated)),
            };
            let length = match scenario.workload.images {
                0 => length,
                1 => format!("{length}, an image"),
                many => format!("{length}, {} images", grouped(many)),
            };
            match (scenario.workload.mode, scenario.workload.batch) {
                (Mode::Decode, batch) => times(batch, &length),
                (mode, batch) => format!("{}, {batch} × {length}", mode.label()),
            }
        })
    };
    let precision = move || {
        case.shown.with(|shown| {
            shown.as_ref().map_or_else(
                || "Precision".to_owned(),
                |answer| answer.analysis.setup.weights.format.label.to_string(),
            )
        })
    };
    let hardware = move || {
        let id = case
            .scenario
            .with(|scenario| scenario.hardware.device.clone())
            .unwrap_or_default();
        let Some(device) = super::hardware::facts::resolve(&id) else {
            return "No device".to_owned();
        };
        let device = times(
            case.scenario.with(|scenario| scenario.hardware.devices),
            device.short_name(),
        );
        // A run has a framework instead.
        let engine = case.shown.with(|shown| {
            let analysis = &shown.as_ref()?.analysis;
            analysis.training.is_none().then(|| analysis.setup.engine.label())
        });
        engine.map_or_else(|| device.clone(), |engine| format!("{device}, {engine}"))
    };
    let assumptions = move || {
        let changed = case.scenario.with(|scenario| {
            KNOBS
                .iter()
                .filter(|knob| knob.group == Group::Assumptions && !knob.is_default(scenario))
                .count()
        });
        if changed == 0 {
            "Assumptions".to_owned()
        } else {
            format!("Assumptions: {changed} changed")
        }
    };
    let trains = case.trains();
    let bad = move |group: Group| {
        move || {
            let any = |all: &BTreeSet<KnobId>| KNOBS.iter().any(|knob| knob.group == group && all.contains(&knob.id));
            case.refused.with(any).then_some("")
        }
    };
    view! {
        <nav class="chips num" aria-label="What to estimate, as sheets">
            <button class="chip" type="button" popovertarget="sheet-model" data-bad=move || case.problem.with(Option::is_some).then_some("")>{model}</button>
            <button class="chip" type="button" popovertarget="sheet-hardware" data-bad=bad(Group::Hardware)>{hardware}</button>
            <button class="chip" type="button" popovertarget="sheet-workload" data-bad=bad(Group::Workload)>{workload}</button>
            <Show when=move || !trains.get()><button class="chip" type="button" popovertarget="sheet-precision" data-bad=bad(Group::Precision)>{precision}</button></Show>
            <Show when=move || trains.get()><button class="chip" type="button" popovertarget="sheet-training" data-bad=bad(Group::Training)>"Training"</button></Show>
            <button class="chip" type="button" popovertarget="sheet-assumptions" data-bad=bad(Group::Assumptions)>{assumptions}</button>
        </nav>
    }
}
