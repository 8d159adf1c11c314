//! A server: what runs and waits, throughput over requests, what a million tokens cost.

use leptos::prelude::*;
use weighbridge::analysis::serving::Serving;
use weighbridge::chart::{Latency, LatencyChart, ServingChart};
use weighbridge::report::{curve_caption, server};

use crate::app::case::Case;
use crate::app::charts::{ChartFigure, Choice, draw_of, table_of};

/// The card of a server; nothing in other modes.
#[component]
pub fn ServingCard() -> impl IntoView {
    let case = Case::here();
    let found = Memo::new(move |_| {
        let shown = case.shown.get()?;
        shown.analysis.serving.clone()
    });
    let chosen = RwSignal::new(None::<Latency>);
    let chart = Memo::new(move |_| found.with(|found| found.as_ref().map(ServingChart::of)));
    let against = Memo::new(move |_| {
        let latency = chosen.get()?;
        case.shown
            .with(|shown| LatencyChart::of(&shown.as_ref()?.analysis, latency))
    });
    let caption = Signal::derive(move || found.with(|found| found.as_ref().map(curve_caption).unwrap_or_default()));
    let label = Signal::derive(move || format!("Throughput over requests in flight. {}", caption.get()));
    let words =
        Signal::derive(move || against.with(|chart| chart.as_ref().map_or_else(String::new, LatencyChart::words)));
    let words_label = Signal::derive(move || format!("Throughput against latency. {}", words.get()));
    let there = Memo::new(move |_| found.with(Option::is_some));
    let choices = vec![
        (None, "Over requests"),
        (Some(Latency::EachToken), "Against time per token"),
        (Some(Latency::FirstToken), "Against first token"),
    ];
    move || {
        there.get().then(|| {
            view! {
                <section class="card wide" aria-labelledby="serving-title">
                    <h2 id="serving-title">"More users, slower answers"</h2>
                    <ul class="answers num">{move || found.get().map(|serving| facts(&serving))}</ul>
                    <Choice label="Throughput" chosen=chosen choices=choices.clone()/>
                    {move || match chosen.get() {
                        None => view! { <ChartFigure title="Throughput over requests" label=label caption=caption draw=draw_of(chart) table=table_of(chart)/> }.into_any(),
                        Some(_) => view! { <ChartFigure title="Throughput against latency" label=words_label caption=words draw=draw_of(against) table=table_of(against)/> }.into_any(),
                    }}
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
