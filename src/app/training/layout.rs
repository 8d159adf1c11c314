//! How the devices of a run share the work: stages, machines, devices.

use leptos::prelude::*;
use weighbridge::analysis::training::TrainingPlan;
use weighbridge::hardware::find_host;
use weighbridge::report::training_lines;
use weighbridge::scenario::training::Zero;
use weighbridge::units::{counted, grouped};

use crate::app::case::{Answer, Case};

/// Devices of a machine where none is chosen.
const USUAL: u64 = 8;
/// Devices of a stage that are drawn.
const DRAWN: u64 = 64;
/// Stages that are drawn.
const STAGES: usize = 16;

#[derive(Clone, Default, PartialEq)]
struct Stage {
    name: String,
    first: u64,
    devices: u64,
    /// Percent of the device that is filled at the peak.
    filled: f64,
}

#[derive(Clone, PartialEq)]
struct Shown {
    plan: TrainingPlan,
    machine: u64,
    stages: Vec<Stage>,
    lines: Vec<String>,
}

fn shown(answer: &Answer) -> Option<Shown> {
    let analysis = &answer.analysis;
    let training = analysis.training.as_ref()?;
    let plan = training.plan.clone();
    let room = analysis.fit.as_ref().map(|fit| fit.capacity_bytes.max(1));
    let host = answer.scenario.hardware.host.as_deref().and_then(find_host);
    let each = plan.devices / plan.pipeline.max(1);
    let mut begin = 1;
    let stages = training.stages.iter().map(|(stage, memory)| {
        let layers = stage.layers();
        let name = match plan.pipeline {
            0 | 1 => counted(layers, "layer"),
            _ => format!(
                "Stage {}: layers {}–{}",
                stage.index + 1,
                begin,
                (begin + layers).saturating_sub(1)
            ),
        };
        begin += layers;
        Stage {
            name,
            first: stage.index.saturating_mul(each),
            devices: each,
            filled: room
                .map_or(0.0, |room| memory.peak.0 as f64 / room as f64 * 100.0)
                .min(100.0),
        }
    });
    Some(Shown {
        stages: stages.collect(),
        machine: host.map_or(USUAL, |host| host.device_count.max(1)),
        lines: training_lines(analysis).into_iter().take(2).collect(),
        plan,
    })
}

/// The card.
#[component]
pub fn LayoutCard() -> impl IntoView {
    let case = Case::here();
    let found = Memo::new(move |_| case.shown.with(|answer| answer.as_ref().and_then(shown)));
    move || {
        let found = found.get()?;
        let plan = &found.plan;
        let title = match plan.devices {
            1 => "How one device works".to_owned(),
            some => format!("How {} devices share the work", grouped(some)),
        };
        let drawn = (plan.devices > 1).then(|| {
            let stages: Vec<_> = found
                .stages
                .iter()
                .take(STAGES)
                .map(|stage| draw(stage, &found))
                .collect();
            let more = found.stages.len().saturating_sub(STAGES);
            view! {
                <div class="stages" aria-hidden="true">{stages}</div>
                {(more > 0).then(|| view! { <p>{format!("… and {more} more stages.")}</p> })}
                {keys(plan)}
            }
        });
        Some(view! {
            <section class="card wide" aria-labelledby="layout-title">
                <h2 id="layout-title">{title}</h2>
                {found.lines.iter().map(|line| view! { <p>{line.clone()}"."</p> }).collect_view()}
                {drawn}
            </section>
        })
    }
}

/// A stage: machines, each with its devices; those that share a layer stand together.
fn draw(stage: &Stage, found: &Shown) -> AnyView {
    let (tensor, machine) = (found.plan.tensor.max(1), found.machine);
    let shown = stage.devices.min(DRAWN);
    let mut machines = Vec::new();
    let mut at = stage.first;
    let end = stage.first.saturating_add(shown);
    while at < end {
        let number = at / machine;
        let last = number.saturating_add(1).saturating_mul(machine).min(end);
        let mut groups = Vec::new();
        while at < last {
            let until = (at / tensor).saturating_add(1).saturating_mul(tensor).min(last);
            let ranks: Vec<_> = (at..until)
                .map(|rank| view! { <i style:--filled=format!("{:.1}", stage.filled)>{rank}</i> })
                .collect();
            groups.push(view! { <span class="group">{ranks}</span> });
            at = until;
        }
        machines.push(
            view! { <div class="machine"><small>{format!("Node {}", number + 1)}</small><div>{groups}</div></div> },
        );
    }
    let more = stage.devices.saturating_sub(shown);
    view! {
        <div class="stage">
            <b>{stage.name.clone()}</b>
            <div class="machines">{machines}{(more > 0).then(|| view! { <p>{format!("… {} more like these", grouped(more))}</p> })}</div>
        </div>
    }
    .into_any()
}

fn keys(plan: &TrainingPlan) -> impl IntoView + use<> {
    let mut all = Vec::new();
    if plan.tensor > 1 {
        all.push(format!(
            "Boxes: {} devices share each layer (tensor parallel).",
            plan.tensor
        ));
    }
    if plan.pipeline > 1 {
        all.push(format!(
            "{} stages hand activations on, one after the other (pipeline).",
            plan.pipeline
        ));
    }
    if plan.context > 1 {
        all.push(format!(
            "{} devices share each sequence (context parallel).",
            plan.context
        ));
    }
    if plan.data > 1 {
        let sharded = |what: &str| format!("{what} sharded over {} of them", grouped(plan.shard_group));
        let shared = match plan.zero {
            Zero::None => "each with all of it".to_owned(),
            Zero::States => sharded("optimizer states"),
            Zero::Gradients => sharded("optimizer states and gradients"),
            Zero::Weights => sharded("weights, gradients and optimizer states"),
        };
        all.push(format!(
            "{} replicas take sequences of their own (data parallel), {shared}.",
            grouped(plan.data)
        ));
    }
    all.push("Filled as far as the memory is at the peak.".to_owned());
    view! { <ul class="layout-keys">{all.into_iter().map(|line| view! { <li>{line}</li> }).collect_view()}</ul> }
}
