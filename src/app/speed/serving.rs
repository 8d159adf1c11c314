//! A server: what runs and waits, throughput over requests, what a million tokens cost.

use std::sync::Arc;

use leptos::prelude::*;
use weighbridge::analysis::serving::{Point, Serving};
use weighbridge::chart::ServingChart;
use weighbridge::report::{curve_caption, server};
use weighbridge::units::{decimal, grouped, seconds};

use crate::app::case::Case;
use crate::app::charts::{ChartFigure, Draw};

/// The card of a server; nothing in other modes.
#[component]
pub fn ServingCard() -> impl IntoView {
    let case = Case::here();
    let found = Memo::new(move |_| {
        let shown = case.shown.get()?;
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
    let caption = Signal::derive(move || found.with(|found| found.as_ref().map(curve_caption).unwrap_or_default()));
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

/// Lines with their basis.
fn facts(serving: &Serving) -> impl IntoView + use<> {
    server(serving)
        .into_iter()
        .map(|line| view! { <li data-figure=line.key><p>{line.words}<small>{line.basis}</small></p></li> })
        .collect_view()
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
