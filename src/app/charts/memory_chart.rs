//! Memory by format of the weights, or by what training computes again, against what the device carries.

use std::sync::Arc;

use leptos::prelude::*;
use weighbridge::analysis::FormatComparison;
use weighbridge::chart;

use super::figure::{ChartFigure, Draw};
use crate::app::case::Case;

/// Memory by format of the weights; in training, by what is computed again.
#[component]
pub fn MemoryChart() -> impl IntoView {
    let case = Case::here();
    let compared = StoredValue::new(FormatComparison::default());
    let data = Memo::new(move |_| {
        let answer = case.shown.get()?;
        let (setup, units) = (&answer.analysis.setup, case.page.units.get());
        let formats = compared.with_value(|before| FormatComparison::of(setup, before)).ok()?;
        let chart = chart::MemoryChart::of(setup, &formats, units).ok();
        compared.set_value(formats);
        chart
    });
    let draw: Draw = Arc::new(move |canvas, theme, scale, caption| {
        data.with(|data| {
            if let Some(data) = data {
                // A canvas that cannot draw leaves the table.
                drop(data.draw(canvas, theme, scale, caption));
            }
        });
    });
    let label = Signal::derive(move || {
        let words = data.with(|data| data.as_ref().map_or_else(String::new, words));
        format!("Bars of memory. {words}")
    });
    let caption = Signal::derive(move || data.with(|data| data.as_ref().map_or_else(String::new, words)));
    let table = move || data.with(|data| data.as_ref().map(rows));
    view! { <ChartFigure title="Memory compared" label=label caption=caption draw=draw table=table.into() /> }
}

/// What it means: the same workload in other formats, and which of them fit.
fn words(data: &chart::MemoryChart) -> String {
    let size = |row: &chart::MemoryRow| data.units.bytes(row.total() as f64);
    let Some(now) = data.rows.iter().find(|row| row.now) else {
        return String::new();
    };
    let mut text = if data.training {
        format!(
            "The same training step, by what is computed again instead of kept: now {} ({}).",
            size(now),
            now.label
        )
    } else {
        format!(
            "The same workload with the weights in other formats: now {} in {}.",
            size(now),
            now.label
        )
    };
    if let Some(capacity) = &data.capacity {
        let fitting: Vec<_> = data.rows.iter().filter(|row| row.total() <= capacity.bytes).collect();
        match (fitting.first(), fitting.len() == data.rows.len()) {
            (None, _) => text.push_str(&format!(" None of them fits on {}.", capacity.name)),
            (Some(_), true) => text.push_str(&format!(" All of them fit on {}.", capacity.name)),
            (Some(widest), false) => text.push_str(&format!(
                " The largest that fits on {} is {}, with {}.",
                capacity.name,
                widest.label,
                size(widest)
            )),
        }
    }
    text
}

/// The same numbers.
fn rows(data: &chart::MemoryChart) -> impl IntoView + use<> {
    let units = data.units;
    let carried = data.capacity.as_ref().map(|capacity| capacity.bytes);
    let body: Vec<_> = data
        .rows
        .iter()
        .map(|row| {
            let total = row.total();
            let of = |keys: &[&str]| {
                row.parts
                    .iter()
                    .filter(|part| keys.contains(&part.0))
                    .fold(0_u64, |sum, part| sum.saturating_add(part.2))
            };
            let rest = of(&["kv_cache", "activations", "gradients", "optimizer", "overhead"]);
            let left = carried.map(|carried| {
                if total <= carried {
                    units.bytes((carried - total) as f64)
                } else {
                    format!("−{}", units.bytes((total - carried) as f64))
                }
            });
            let name = if row.now {
                format!("{}, now", row.label)
            } else {
                row.label.clone()
            };
            view! {
                <tr>
                    <th scope="row">{name}</th>
                    <td class="optional">{units.bytes(total.saturating_sub(rest) as f64)}</td>
                    <td class="optional">{units.bytes(rest as f64)}</td>
                    <td>{units.bytes(total as f64)}</td>
                    {left.map(|left| view! { <td>{left}</td> })}
                </tr>
            }
        })
        .collect();
    view! {
        <table>
            <thead>
                <tr>
                    <th scope="col">{if data.training { "Computed again" } else { "Weights in" }}</th>
                    <th scope="col" class="optional">"Weights"</th>
                    <th scope="col" class="optional">"All else"</th>
                    <th scope="col">"Total"</th>
                    {carried.map(|_| view! { <th scope="col">"Free"</th> })}
                </tr>
            </thead>
            <tbody>{body}</tbody>
        </table>
    }
}
