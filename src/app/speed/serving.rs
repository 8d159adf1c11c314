//! A server: what runs and waits, throughput over requests, what a million tokens cost.

use std::sync::Arc;

use leptos::prelude::*;
use weighbridge::analysis::serving::{Point, Serving};
use weighbridge::chart::ServingChart;
use weighbridge::units::{counted, decimal, grouped, seconds};

use crate::app::charts::{ChartFigure, Draw};
use crate::app::state::State;

/// The card of a server; nothing in other modes.
#[component]
pub fn ServingCard() -> impl IntoView {
    let state = State::here();
    let found = Memo::new(move |_| {
        let shown = state.shown.get()?;
        shown.analysis.serving.clone()
    });
    let chart = Memo::new(move |_| found.with(|found| found.as_ref().map(ServingChart::of)));
    let draw: Draw = Arc::new(move |canvas, theme, scale, caption| {
        chart.with(|chart| {
            if let Some(chart) = chart {
                // A canvas that cannot draw leaves the table.
                drop(chart.draw(canvas, theme, scale, caption));
            }
        });
    });
    let caption = Signal::derive(move || found.with(|found| found.as_ref().map(words).unwrap_or_default()));
    let label = Signal::derive(move || format!("Throughput over requests in flight. {}", caption.get()));
    let table = move || found.with(|found| found.as_ref().map(rows));
    move || {
        found.with(Option::is_some).then(|| {
            view! {
                <section class="card wide" aria-labelledby="serving-title">
                    <h2 id="serving-title">"More users, slower answers"</h2>
                    <ul class="answers num">{move || found.get().map(|serving| facts(&serving))}</ul>
                    <ChartFigure title="Throughput over requests" label=label caption=caption draw=draw.clone() table=table.into()/>
                </section>
            }
        })
    }
}

/// What the curve says.
fn words(serving: &Serving) -> String {
    let Some(knee) = serving.curve.get(serving.knee) else {
        return String::new();
    };
    format!(
        "The knee is at {}: {} tokens/s in all, {} for each. Beyond it answers slow down faster than throughput grows. At most {} run at once.",
        counted(knee.requests, "request"),
        decimal(knee.tokens_per_second),
        decimal(knee.tokens_per_second_per_user),
        grouped(serving.admission.max_running)
    )
}

/// Lines with their basis.
fn facts(serving: &Serving) -> impl IntoView + use<> {
    let load = &serving.admission;
    let line = |key: &'static str, what: String, basis: String| view! { <li data-figure=key><p>{what}<small>{basis}</small></p></li> };
    let wait = match (load.requests, serving.queued) {
        (Some(requests), Some(queued)) if queued > 0 => format!(
            "Of {} in flight {} run and {} wait.",
            counted(requests, "request"),
            grouped(load.running),
            grouped(queued)
        ),
        (Some(requests), _) => format!("{} in flight, none of them waits.", counted(requests, "request")),
        (None, _) => format!("An endless queue keeps {} running.", counted(load.running, "request")),
    };
    let why = if load.max_running < load.max_by_memory {
        format!(
            "The engine runs {} at once unless told otherwise; memory would carry {}.",
            grouped(load.max_running),
            grouped(load.max_by_memory)
        )
    } else {
        format!(
            "Memory carries {} at once, half of their answers written on average.",
            counted(load.max_by_memory, "sequence")
        )
    };
    let targets = serving.users_within_targets.map(|users| {
        let what = match users {
            0 => "Not even one request meets the targets.".to_owned(),
            some => format!("Up to {} in flight meet the targets.", counted(some, "request")),
        };
        line(
            "serving.targets",
            what,
            "Targets for the first token and for each further one, under Assumptions.".to_owned(),
        )
    });
    let cost = serving.cost.as_ref().map(|cost| {
        line(
            "serving.cost",
            format!(
                "A million tokens cost ${:.3} read and ${:.3} written.",
                cost.usd_per_million_input, cost.usd_per_million_output
            ),
            format!(
                "${:.2} an hour, shared out by the time that reading and writing take. {}",
                cost.price_usd_per_hour, cost.price_basis
            ),
        )
    });
    let energy = serving.energy.as_ref().map(|energy| {
        line(
            "serving.energy",
            format!(
                "A million tokens written take {} kWh.",
                decimal(energy.kwh_per_million_output)
            ),
            format!(
                "Prompts included, at the rated {} W of all devices, hosts not counted.",
                decimal(energy.watts)
            ),
        )
    });
    view! { {line("serving.running", wait, why)}{targets}{cost}{energy} }
}

/// The curve as a table.
fn rows(serving: &Serving) -> impl IntoView + use<> {
    let knee = serving.knee;
    let row = |(at, point): (usize, &Point)| {
        let name = if at == knee {
            format!("{}, the knee", grouped(point.requests))
        } else {
            grouped(point.requests)
        };
        view! {
            <tr>
                <th scope="row">{name}</th>
                <td>{decimal(point.tokens_per_second)}</td>
                <td class="optional">{decimal(point.tokens_per_second_per_user)}</td>
                <td>{seconds(point.ttft)}</td>
                <td>{seconds(point.tpot)}</td>
            </tr>
        }
    };
    let body = serving.curve.iter().enumerate().map(row).collect_view();
    view! {
        <table>
            <thead>
                <tr><th scope="col">"Requests"</th><th scope="col">"Tokens/s"</th><th scope="col" class="optional">"For each"</th><th scope="col">"First token"</th><th scope="col">"Each further"</th></tr>
            </thead>
            <tbody>{body}</tbody>
        </table>
    }
}
