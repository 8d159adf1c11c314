//! Memory by component: parameters, bytes, share; every number opens.

use leptos::prelude::*;
use weighbridge::analysis::Figure;
use weighbridge::model::Component;
use weighbridge::report;
use weighbridge::units::{UnitSystem, percent, short_count, sort_few};

use super::case::{Answer, Case};
use super::page::Dialog;
use weighbridge::report::scale::figure_of;

#[derive(Clone, Debug, PartialEq)]
struct Row {
    key: &'static str,
    label: &'static str,
    parameters: Option<(Component, String)>,
    bytes: String,
    share: f64,
    words: String,
}

/// The table.
#[component]
pub fn MemoryTable() -> impl IntoView {
    let case = Case::here();
    let rows = Memo::new(move |_| {
        let units = case.page.units.get();
        case.shown
            .with(|shown| shown.as_ref().map(|answer| rows(answer, units)).unwrap_or_default())
    });
    let total = Memo::new(move |_| {
        let units = case.page.units.get();
        case.shown.with(|shown| {
            shown
                .as_ref()
                .map(|answer| {
                    (
                        short_count(answer.analysis.parameters.total.0 as f64),
                        units.bytes(answer.analysis.held().total_bytes as f64),
                    )
                })
                .unwrap_or_default()
        })
    });
    let elsewhere = move || {
        case.shown
            .with(|shown| report::elsewhere(&shown.as_ref()?.analysis, case.page.units.get()))
    };
    view! {
        <section class="card" aria-labelledby="components-title">
            <h2 id="components-title">"By component"</h2>
            {move || (case.shown.with(|shown| shown.as_ref().map_or(1, |answer| answer.scenario.hardware.devices)) > 1).then(|| view! { <p class="dealt">"Parameters of the whole model, bytes of the fullest device."</p> })}
            {move || elsewhere().map(|text| view! { <p class="dealt">{text}</p> })}
            <div class="table">
                <table>
                    <thead><tr>
                        <th scope="col">"Component"</th><th scope="col" class="optional">"Parameters"</th><th scope="col">"Bytes"</th><th scope="col" class="share">"Share"</th>
                    </tr></thead>
                    <tbody>
                        {move || rows.get().into_iter().map(|row| {
                            let parameters = row.parameters.map(|(component, text)| view! {
                                <button class="why" type="button" on:click=move |event| case.open(Figure::ComponentParameters(component), &event)>{text}</button>
                            });
                            view! {
                                <tr data-component=row.key>
                                    <th scope="row"><i class="dot"></i>{row.label}</th>
                                    <td class="optional">{parameters}</td>
                                    <td><button class="why" type="button" data-figure=format!("memory.{}", row.key)
                                        on:click=move |event| case.open(figure_of(row.key), &event)>{row.bytes}</button></td>
                                    <td class="share"><i class="bar" style:--share=format!("{:.2}", row.share * 100.0)></i><span>{row.words}</span></td>
                                </tr>
                            }
                        }).collect_view()}
                    </tbody>
                    <tfoot><tr class="sum">
                        <th scope="row">"Total"</th>
                        <td class="optional"><button class="why" type="button" data-figure="parameters.total"
                            on:click=move |event| case.open(Figure::Parameters, &event)>{move || total.get().0}</button></td>
                        <td><button class="why" type="button" data-figure="memory.total" on:click=move |event| case.open(Figure::Memory, &event)>{move || total.get().1}</button></td>
                        <td class="share">"100 %"</td>
                    </tr></tfoot>
                </table>
            </div>
            <p class="further">
                <button class="link" type="button" aria-haspopup="dialog" on:click=move |_| case.page.dialog.set(Some(Dialog::Calculators))>"Why do calculators disagree?"</button>
                <button class="link" type="button" aria-haspopup="dialog" on:click=move |_| case.page.dialog.set(Some(Dialog::Log))>"Check against a log"</button>
            </p>
        </section>
    }
}

/// Largest first, as the eye looks for it.
fn rows(answer: &Answer, units: UnitSystem) -> Vec<Row> {
    let total = answer.analysis.held().total_bytes.max(1) as f64;
    let mut parts = answer.analysis.held().parts();
    sort_few(&mut parts, |part| std::cmp::Reverse(part.2));
    parts
        .into_iter()
        .map(|(key, label, bytes)| {
            let parameters = answer
                .analysis
                .parameters
                .by_component
                .iter()
                .find(|(component, _)| component.key() == key);
            let share = bytes as f64 / total;
            Row {
                key,
                label,
                parameters: parameters.map(|(component, count)| (*component, short_count(count.0 as f64))),
                bytes: units.bytes(bytes as f64),
                share,
                words: percent(share),
            }
        })
        .collect()
}
