//! Operations, bytes and intensity by component; every number opens.

use leptos::prelude::*;
use weighbridge::analysis::{Bound, Figure};
use weighbridge::model::Component;
use weighbridge::units::{UnitSystem, count, decimal, percent, seconds};

use super::case::{Answer, Case};

#[derive(Clone, Debug, PartialEq)]
struct Row {
    component: Option<Component>,
    label: &'static str,
    flops: String,
    share: f64,
    bytes: String,
    intensity: String,
    time: Option<(String, &'static str)>,
}

/// The table.
#[component]
pub fn ComputeTable() -> impl IntoView {
    let case = Case::here();
    let rows = Memo::new(move |_| {
        let units = case.page.units.get();
        case.shown
            .with(|shown| shown.as_ref().map(|answer| rows(answer, units)).unwrap_or_default())
    });
    let timed = Memo::new(move |_| rows.with(|rows| rows.iter().any(|row| row.time.is_some())));
    let title = move || {
        case.shown.with(|shown| {
            shown.as_ref().map_or("", |answer| match answer.scenario.workload.mode {
                weighbridge::scenario::Mode::Prefill => "One pass over the prompt",
                weighbridge::scenario::Mode::Decode | weighbridge::scenario::Mode::Serve => {
                    "One step: a token for each sequence"
                }
                weighbridge::scenario::Mode::Pretrain | weighbridge::scenario::Mode::Finetune => "One training step",
            })
        })
    };
    view! {
        <section class="card wide" aria-labelledby="compute-title">
            <h2 id="compute-title">{title}</h2>
            <div class="table">
                <table>
                    <thead><tr>
                        <th scope="col">"Component"</th><th scope="col">"Operations"</th><th scope="col" class="share optional">"Share"</th>
                        <th scope="col" class="optional">"Bytes moved"</th><th scope="col">"FLOP/byte"</th>
                        {move || timed.get().then(|| view! { <th scope="col">"Least time"</th><th scope="col" class="optional">"Limited by"</th> })}
                    </tr></thead>
                    <tbody>{move || rows.get().into_iter().map(|row| view! { <ComputeRow row=row/> }).collect_view()}</tbody>
                </table>
            </div>
        </section>
    }
}

#[component]
fn ComputeRow(row: Row) -> impl IntoView {
    let case = Case::here();
    let why = move |figure: Figure, key: &'static str, text: String| {
        let name = row.component.map_or("total", Component::key);
        view! { <button class="why" type="button" data-figure=format!("compute.{name}.{key}") on:click=move |event| case.open(figure, &event)>{text}</button> }
    };
    let figure = move |one: fn(Component) -> Figure, all: Figure| row.component.map_or(all, one);
    let time = row.time.map(|(text, bound)| {
        view! {
            <td>{why(figure(Figure::ComponentTime, Figure::Time), "seconds", text)}</td>
            <td class="optional">{bound}</td>
        }
    });
    view! {
        <tr data-component=row.component.map(Component::key) class:sum=row.component.is_none()>
            <th scope="row">{row.component.map(|_| view! { <i class="dot"></i> })}{row.label}</th>
            <td>{why(figure(Figure::ComponentFlops, Figure::Flops), "flops", row.flops)}</td>
            <td class="share optional">
                {row.component.map(|_| view! { <i class="bar" style:--share=format!("{:.2}", row.share * 100.0)></i> })} <span>{percent(row.share)}</span>
            </td>
            <td class="optional">{why(figure(Figure::ComponentTraffic, Figure::Traffic), "bytes", row.bytes)}</td>
            <td>{why(figure(Figure::ComponentIntensity, Figure::Intensity), "intensity", row.intensity)}</td>
            {time}
        </tr>
    }
}

fn rows(answer: &Answer, units: UnitSystem) -> Vec<Row> {
    let analysis = &answer.analysis;
    let word = |bound: Bound| bound.word();
    let mut all: Vec<Row> = analysis
        .components
        .iter()
        .map(|one| Row {
            component: Some(one.component),
            label: one.component.label(),
            flops: count(one.flops, "FLOP"),
            share: if analysis.flops > 0.0 {
                one.flops / analysis.flops
            } else {
                0.0
            },
            bytes: units.bytes(one.bytes),
            intensity: decimal(one.intensity()),
            time: one
                .seconds
                .zip(one.bound)
                .map(|(time, bound)| (seconds(time), word(bound))),
        })
        .collect();
    all.push(Row {
        component: None,
        label: "Total",
        flops: count(analysis.flops, "FLOP"),
        share: 1.0,
        bytes: units.bytes(analysis.bytes),
        intensity: decimal(analysis.intensity()),
        time: analysis
            .speed
            .as_ref()
            .map(|speed| (seconds(speed.roof.seconds), word(speed.roof.bound()))),
    });
    all
}
