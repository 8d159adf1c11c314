//! On a phone: one measure as a list, the best first.

use leptos::prelude::*;

use super::bars::Bar;
use super::shown::Shown;

/// Measures of the list: what the button says, and the rows of which the first that there is stands for it.
const MEASURES: [(&str, &[&str]); 4] = [
    ("Speed", &["written", "read", "trained"]),
    ("Memory", &["memory"]),
    ("First token", &["first_token", "whole_prompt", "step"]),
    ("Cost", &["cost", "hour"]),
];

/// The list with its choice of measure.
#[component]
pub fn MeasureList(shown: Memo<Shown>) -> impl IntoView {
    let chosen = RwSignal::new(0_usize);
    let buttons = MEASURES
        .iter()
        .enumerate()
        .map(|(at, (name, _))| {
            view! { <button type="button" aria-pressed=move || (chosen.get() == at).to_string() on:click=move |_| chosen.set(at)>{*name}</button> }
        })
        .collect_view();
    let lines = move || {
        let beside = shown.get().beside;
        let keys = MEASURES.get(chosen.get()).map_or(&[][..], |(_, keys)| keys);
        let row = keys.iter().find_map(|key| beside.row(key))?;
        let mut order: Vec<usize> = (0..row.cells.len()).collect();
        let rank = |at: &usize| {
            row.cells
                .get(*at)
                .filter(|cell| cell.bar.is_some())
                .and_then(|cell| cell.number)
        };
        // More is better where the best is the largest.
        let most = row
            .cells
            .iter()
            .filter_map(|cell| cell.number)
            .fold(f64::NEG_INFINITY, f64::max);
        let more = row.cells.iter().any(|cell| cell.best && cell.number == Some(most));
        order.sort_by(|one, other| match (rank(one), rank(other)) {
            (Some(one), Some(other)) if more => other.total_cmp(&one),
            (Some(one), Some(other)) => one.total_cmp(&other),
            (one, other) => other.is_some().cmp(&one.is_some()),
        });
        let lines = order
            .into_iter()
            .filter_map(|at| {
                let (head, cell) = (beside.heads.get(at)?.clone(), row.cells.get(at)?.clone());
                Some(view! {
                    <li>
                        <span class="sl"><i class="let">{head.letter}</i><span>{head.model}<small>{head.on}</small></span></span>
                        <span class="pv"><b>{cell.text.clone()}</b>" "<small>{cell.unit.clone()}</small>{cell.best.then(|| view! { " "<span class="bt">"best"</span> })}</span>
                        <Bar cell=cell/>
                    </li>
                })
            })
            .collect_view();
        Some(view! { <p class="note">{format!("{}: {}", row.label, row.note)}</p><ul class="plst num">{lines}</ul> })
    };
    view! {
        <section class="card measure" aria-label="One measure as a list">
            <div class="segments" role="group" aria-label="Measure">{buttons}</div>
            {lines}
        </section>
    }
}
