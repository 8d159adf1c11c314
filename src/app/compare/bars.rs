//! Bars on one scale from zero: in the cells of the table, and three small charts that share their rows.

use leptos::prelude::*;
use weighbridge::chart::BarsChart;
use weighbridge::report::compare::{Cell, Row, SideBySide};

use super::plane::hand_out;
use super::shown::Shown;
use crate::app::charts::{Deeds, HandOut, draw_of, markup, table_of};

/// Rows that are drawn large, with the unit of their heading; of each group the first that there is.
const LARGE: [&[&str]; 3] = [
    &["memory"],
    &["written", "read", "trained"],
    &["first_token", "whole_prompt", "step"],
];

/// A bar: parts or one, its interval pale behind, a mark, and whether it goes on.
#[component]
pub fn Bar(cell: Cell) -> impl IntoView {
    let percent = |share: f64| format!("{:.2}", share * 100.0);
    let whole = cell
        .parts
        .is_empty()
        .then(|| view! { <i style:--w=percent(cell.bar.unwrap_or_default())></i> });
    let parts = cell
        .parts
        .iter()
        .map(|(key, name, share)| view! { <i data-component=*key title=*name style:--w=percent(*share)></i> })
        .collect_view();
    view! {
        <span class="tb" class:cut=cell.cut class:iv=cell.between.is_some() aria-hidden="true">
            {cell.between.map(|(low, high)| view! { <u style:--lo=percent(low) style:--hi=percent(high)></u> })}
            {whole}{parts}
            {cell.mark.map(|mark| view! { <b style:--at=percent(mark)></b> })}
        </span>
    }
}

/// The rows that there are.
fn large(beside: &SideBySide) -> Vec<&Row> {
    let found = |keys: &&[&str]| keys.iter().find_map(|key| beside.row(key));
    LARGE.iter().filter_map(found).collect()
}

/// The parts of the memory bars, each once: key of the component and name.
fn parts(beside: &SideBySide) -> Vec<(&'static str, &'static str)> {
    let mut all = Vec::new();
    let memory = beside.row("memory").map(|row| &row.cells);
    for (key, name, _) in memory.into_iter().flatten().flat_map(|cell| &cell.parts) {
        if !all.contains(&(*key, *name)) {
            all.push((*key, *name));
        }
    }
    all
}

/// The three charts.
#[component]
pub fn Bars(shown: Memo<Shown>) -> impl IntoView {
    let as_table = RwSignal::new(false);
    let chart =
        Memo::new(move |_| shown.with(|shown| Some(BarsChart::of_columns(&shown.beside, &large(&shown.beside)))));
    let table = table_of(chart);
    let named = move || HandOut {
        height: chart.with_untracked(|chart| chart.as_ref().map(BarsChart::height)),
        ..hand_out("Bars", &shown.get_untracked().beside)
    };
    view! {
        <section class="card bars" aria-labelledby="bars-title">
            <div class="head"><h2 id="bars-title">"Side by side"</h2><span class="side">"each scale from zero; pale: the likely range"</span></div>
            {move || {
                if as_table.get() {
                    return view! { <div class="table" tabindex="0" role="region" aria-label="The same as a table">{markup(&table.get())}</div> }.into_any();
                }
                let beside = shown.get().beside;
                let rows: Vec<Row> = large(&beside).into_iter().cloned().collect();
                let titles = rows.iter().map(|row| view! { <span class="sh">{row.label}</span> }).collect_view();
                let lines = beside.heads.iter().enumerate().map(|(at, head)| {
                    let cells = rows.iter().map(|row| {
                        let cell = row.cells.get(at).cloned().unwrap_or_default();
                        view! { <span class="lb"><Bar cell=cell.clone()/><em>{cell.text}" "<small>{cell.unit}</small></em></span> }
                    }).collect_view();
                    view! { <span class="sl"><i class="let">{head.letter}</i><span>{head.model.clone()}<small>{head.on.clone()}</small></span></span>{cells} }
                }).collect_view();
                let legend = parts(&beside).into_iter().map(|(key, name)| {
                    view! { <li><span class="entry" data-component=key><i class="dot"></i>{name}</span></li> }
                }).collect_view();
                view! {
                    <div class="mult num" style:--charts=rows.len().to_string()><span></span>{titles}{lines}</div>
                    <ul class="legend" aria-label="Parts of the memory">{legend}</ul>
                }.into_any()
            }}
            <Deeds as_table=as_table named=named draw=draw_of(chart) table=table/>
        </section>
    }
}
