//! "Time": where the time of a step goes, what devices send each other, and the pipeline as it runs.

use leptos::prelude::*;
use weighbridge::analysis::Figure;
use weighbridge::analysis::training::Training;
use weighbridge::units::{UnitSystem, grouped, percent, seconds};

use super::pipeline::Timeline;
use crate::app::case::Case;

/// A part: key, name, meaning, seconds.
type Part = (&'static str, String, String, f64);

#[derive(Clone, Default, PartialEq)]
struct Shown {
    parts: Vec<Part>,
    total: f64,
    between: (f64, f64),
    /// Name, bytes, seconds, seconds that nothing hides.
    traffic: Vec<(&'static str, f64, f64, f64)>,
    basis: String,
}

fn shown(training: &Training, given: bool) -> Option<Shown> {
    let time = training.time.as_ref()?;
    let plan = &training.plan;
    let mut parts: Vec<Part> = vec![
        (
            "memory",
            "Products at the peak".to_owned(),
            format!("what {} could not do faster", time.peak_name),
            time.compute_at_peak,
        ),
        (
            "compute",
            "Beyond the peak".to_owned(),
            format!("products reach {} of it", percent(time.efficiency.middle)),
            time.compute - time.compute_at_peak,
        ),
    ];
    if !given {
        let busy = time.compute + time.elementwise;
        parts.push((
            "launch",
            "Element by element".to_owned(),
            "norms, activations, residuals".to_owned(),
            time.elementwise,
        ));
        parts.push((
            "host",
            "Pipeline bubble".to_owned(),
            format!(
                "{}, {} stages, {} micro-batches",
                plan.schedule.label(),
                plan.pipeline,
                plan.accumulation
            ),
            busy * time.bubble,
        ));
        for one in &time.communication {
            parts.push((
                "communication",
                one.traffic.label().to_owned(),
                "traffic that nothing hides".to_owned(),
                one.exposed,
            ));
        }
        parts.push((
            "scheduling",
            "Optimizer".to_owned(),
            format!("{}, one pass over its states", plan.optimizer.label()),
            time.optimizer,
        ));
    }
    parts.retain(|(.., value)| *value > 0.0);
    Some(Shown {
        parts,
        total: time.seconds,
        between: time.between,
        traffic: time
            .communication
            .iter()
            .map(|one| (one.traffic.label(), one.bytes, one.seconds, one.exposed))
            .collect(),
        basis: match (given, time.efficiency.runs) {
            (true, _) => "The share of the peak is the one that was given.".to_owned(),
            (false, 0) => "No run of this framework on this kind of device in this precision is published, so the interval is wide.".to_owned(),
            (false, 1) => "One published run like this one was at hand for the share of the peak.".to_owned(),
            (false, runs) => format!("{} published runs like this one were at hand for the share of the peak.", grouped(runs)),
        },
    })
}

/// The cards of the tab.
#[component]
pub fn TimeTab() -> impl IntoView {
    super::dress();
    let case = Case::here();
    let found = Memo::new(move |_| {
        case.shown.with(|answer| {
            let analysis = &answer.as_ref()?.analysis;
            let given = analysis.setup.scenario.training.mfu.is_some();
            shown(analysis.training.as_ref()?, given)
        })
    });
    move || {
        let Some(found) = found.get() else {
            return view! { <section class="card wide"><p>"Choose a device whose peak rate is known: then this says how long a step takes."</p></section> }.into_any();
        };
        let deck: Vec<_> = found
            .parts
            .iter()
            .map(|(key, .., value)| view! { <i data-time=*key style:--share=format!("{:.3}", value / found.total * 100.0)></i> })
            .collect();
        let rows: Vec<_> = found
            .parts
            .iter()
            .map(|(key, name, note, value)| {
                view! {
                    <tr data-time=*key>
                        <th scope="row"><i class="dot"></i>{name.clone()}<small>" "{note.clone()}</small></th>
                        <td>{seconds(*value)}</td><td>{percent(value / found.total)}</td>
                    </tr>
                }
            })
            .collect();
        view! {
            <section class="card" aria-labelledby="step-title">
                <h2 id="step-title">"Where the time of a step goes"</h2>
                <h3 class="stack-title">"One step"
                    <button class="why num" type="button" on:click=move |event| case.open(Figure::Time, &event)>{seconds(found.total)}</button></h3>
                <div class="time-deck" aria-hidden="true">{deck}</div>
                <div class="table" tabindex="0" role="region" aria-label="Parts of a step"><table class="num"><thead class="unseen"><tr><th scope="col">"Part"</th><th scope="col">"Time"</th><th scope="col">"Share"</th></tr></thead><tbody>{rows}</tbody></table></div>
                <p>{format!("{} to {} is likely. {}", seconds(found.between.0), seconds(found.between.1), found.basis)}</p>
            </section>
            {traffic(&found.traffic, case.page.units.get())}
            <Timeline/>
        }
        .into_any()
    }
}

fn traffic(all: &[(&'static str, f64, f64, f64)], units: UnitSystem) -> impl IntoView + use<> {
    let rows: Vec<_> = all
        .iter()
        .map(|(name, bytes, time, exposed)| {
            view! { <tr><th scope="row">{*name}</th><td>{units.bytes(*bytes)}</td><td>{seconds(*time)}</td><td>{seconds(*exposed)}</td></tr> }
        })
        .collect();
    view! {
        <section class="card" aria-labelledby="traffic-title">
            <h2 id="traffic-title">"What devices send each other in a step"</h2>
            {if rows.is_empty() {
                view! { <p>"Nothing: one device works by itself."</p> }.into_any()
            } else {
                view! {
                    <div class="table" tabindex="0" role="region" aria-label="Traffic between devices"><table class="num">
                        <thead><tr><th scope="col">"Why"</th><th scope="col">"Bytes sent"</th><th scope="col">"Time"</th><th scope="col">"Not hidden"</th></tr></thead>
                        <tbody>{rows}</tbody>
                    </table></div>
                    <p>"What is not hidden behind other work adds to the step."</p>
                }.into_any()
            }}
        </section>
    }
}
