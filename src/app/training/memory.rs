//! "Memory": what a device holds at each moment of a step, and on each stage of a pipeline.

use leptos::prelude::*;
use weighbridge::analysis::training::{StageMemory, Training};
use weighbridge::units::{Exact, UnitSystem, grouped};

use super::rank_bar::{bar, legend};
use crate::app::case::{Answer, Case};

/// A row: name, parts, total.
#[derive(Clone, PartialEq)]
struct Row {
    name: String,
    parts: Vec<(&'static str, &'static str, u64)>,
    total: u64,
    peak: bool,
}

#[derive(Clone, Default, PartialEq)]
struct Shown {
    room: Option<u64>,
    moments: Vec<Row>,
    stages: Vec<Row>,
    units: UnitSystem,
}

fn shown(answer: &Answer, units: UnitSystem) -> Option<Shown> {
    let training = answer.analysis.training.as_ref()?;
    let overhead = answer.analysis.setup.scenario.assumptions.overhead;
    let (_, fullest) = training.stages.iter().max_by_key(|(_, memory)| memory.peak)?;
    Some(Shown {
        room: answer.analysis.fit.as_ref().map(|fit| fit.capacity_bytes),
        moments: moments(fullest, overhead),
        stages: stages(training, overhead),
        units,
    })
}

fn moments(memory: &StageMemory<Exact>, overhead: u64) -> Vec<Row> {
    let most = memory.moments.iter().map(|moment| moment.total.0).max();
    let row = |moment: &weighbridge::analysis::training::Moment<Exact>| Row {
        name: moment.when.label().to_owned(),
        parts: vec![
            ("projection", "Weights", memory.states.weights.0),
            ("optimizer", "Optimizer", memory.optimizer.0),
            ("gradients", "Gradients", moment.gradients.0),
            ("activations", "Kept for the backward pass", moment.activations.0),
            ("transient", "Temporary", moment.transient.0),
            ("overhead", "Overhead", overhead),
        ],
        total: moment.total.0.saturating_add(overhead),
        peak: Some(moment.total.0) == most,
    };
    memory.moments.iter().map(row).collect()
}

fn stages(training: &Training, overhead: u64) -> Vec<Row> {
    if training.stages.len() < 2 {
        return Vec::new();
    }
    let most = training.stages.iter().map(|(_, memory)| memory.peak).max();
    let mut first = 1;
    let rows = training.stages.iter().map(|(stage, memory)| {
        let last = first + stage.layers();
        let name = format!(
            "Stage {}, layers {}–{}",
            stage.index + 1,
            grouped(first),
            grouped(last.saturating_sub(1))
        );
        first = last;
        Row {
            name,
            parts: vec![
                ("projection", "Weights", memory.states.weights.0),
                ("optimizer", "Optimizer", memory.optimizer.0),
                ("gradients", "Gradients", memory.states.gradients.0),
                ("activations", "Kept for the backward pass", memory.activations.0),
                ("transient", "Temporary", memory.transient.0),
                ("overhead", "Overhead", overhead),
            ],
            total: memory.peak.0.saturating_add(overhead),
            peak: Some(memory.peak) == most,
        }
    });
    rows.collect()
}

/// The cards of the tab.
#[component]
pub fn MemoryTab() -> impl IntoView {
    super::dress();
    let case = Case::here();
    let found = Memo::new(move |_| {
        let units = case.page.units.get();
        case.shown
            .with(|answer| answer.as_ref().and_then(|answer| shown(answer, units)))
    });
    move || {
        let found = found.get()?;
        let stages = (!found.stages.is_empty()).then(|| {
            view! {
                <section class="card wide" aria-labelledby="stages-title">
                    <h2 id="stages-title">"Memory of each stage at its peak"</h2>
                    {table(&found.stages, &found, "Stage")}
                </section>
            }
        });
        Some(view! {
            <section class="card wide" aria-labelledby="moments-title">
                <h2 id="moments-title">"Memory over a step, on the fullest device"</h2>
                <p>"From top to bottom in the order of a step. The line is what the device has room for; the moment that needs the most decides."</p>
                {table(&found.moments, &found, "Moment")}
                {legend(false)}
            </section>
            {stages}
        })
    }
}

fn table(rows: &[Row], found: &Shown, what: &'static str) -> impl IntoView + use<> {
    let units = found.units;
    let most = rows.iter().map(|row| row.total).max().unwrap_or(0);
    let (end, room) = (most.max(found.room.unwrap_or(0)), found.room);
    let size = move |bytes: u64| {
        if bytes == 0 {
            "–".to_owned()
        } else {
            units.bytes(bytes as f64)
        }
    };
    let names: Vec<_> = rows
        .first()
        .map(|row| {
            row.parts
                .iter()
                .map(|(_, name, _)| view! { <th scope="col" class="optional">{*name}</th> })
                .collect()
        })
        .unwrap_or_default();
    let rows: Vec<_> = rows
        .iter()
        .map(|row| {
            let cells = row
                .parts
                .iter()
                .map(|(.., bytes)| view! { <td class="optional">{size(*bytes)}</td> });
            view! {
                <tr class:chosen=row.peak>
                    <th scope="row">{row.name.clone()}</th>
                    <td class="wide-bar">{bar(&row.parts, end, room)}</td>
                    <td><b>{size(row.total)}</b></td>
                    {cells.collect::<Vec<_>>()}
                </tr>
            }
        })
        .collect();
    view! {
        <div class="table" tabindex="0" role="region" aria-label="Memory over a step"><table class="num moments">
            <thead><tr><th scope="col">{what}</th><th class="wide-bar" aria-hidden="true"></th><th scope="col">"In all"</th>{names}</tr></thead>
            <tbody>{rows}</tbody>
        </table></div>
    }
}
