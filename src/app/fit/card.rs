//! The card of the matrix: filter, what the cell in hand says, the table, and what it took.

use std::sync::Arc;

use leptos::prelude::*;
use weighbridge::scenario::Mode;
use weighbridge::units::{grouped, neutral};

use super::export::csv;
use super::filter::{Filter, FilterBar};
use super::table::Grid;
use super::verdict_words::{verdict_name, verdict_words};
use super::verdicts::{Verdicts, looked_for, now_of, slice};
use crate::app::case::{Answer, Case};
use crate::app::charts::{file_name, model_name, save_text};

/// The card with filter, grid and what it took.
#[component]
pub fn FitMatrix() -> impl IntoView {
    let case = Case::here();
    let filter = RwSignal::new(Filter::default());
    let verdicts = RwSignal::new(None::<Arc<Verdicts>>);
    // Between two slices the page answers to keys and pointers.
    let turn = StoredValue::new(0_u64);
    // As they were when the table was opened: whoever presses a cell does not see the columns change places.
    let first = StoredValue::new(None::<Vec<&'static str>>);
    Effect::new(move |_| {
        let Some(answer) = case.shown.get() else { return };
        turn.update_value(|turn| *turn += 1);
        let columns = first.get_value().unwrap_or_else(|| looked_for(&answer));
        let next = Verdicts::new(answer, &columns);
        first.set_value(Some(columns));
        slice(verdicts, turn, turn.get_value(), next);
    });
    on_cleanup(move || {
        turn.try_update_value(|turn| *turn += 1);
    });
    let rows = Memo::new(move |_| {
        let filter = filter.get();
        verdicts.with(|verdicts| {
            let devices = verdicts.iter().flat_map(|verdicts| verdicts.devices.iter().enumerate());
            devices
                .filter(|(_, device)| filter.lets(device))
                .map(|(row, _)| row)
                .collect::<Vec<_>>()
        })
    });
    let reading = RwSignal::new(None::<(usize, usize)>);
    let said = move || {
        let (at, units) = (reading.get(), case.page.units.get());
        verdicts.with(|verdicts| {
            let verdicts = verdicts.as_ref()?;
            let (row, at) = at.or_else(|| chosen(verdicts))?;
            let (device, column) = (verdicts.devices.get(row)?, verdicts.columns.get(at)?);
            let one = verdicts.cell(row, at)?;
            Some((
                one.verdict,
                format!("{}, {}: ", device.name, column.label),
                verdict_words(one, units),
            ))
        })
    };
    let took = move || {
        verdicts.with(|verdicts| {
            verdicts.as_ref().map(|verdicts| {
                let count = (verdicts.devices.len() * verdicts.columns.len()) as u64;
                format!("{} verdicts.", grouped(count))
            })
        })
    };
    let save = move |_| {
        if let Some(verdicts) = verdicts.get_untracked() {
            let text = rows.with_untracked(|rows| neutral(|| csv(&verdicts, rows, &case.query())));
            save_text(&file_name(&model_name(case), "hardware-fit", "csv"), "text/csv", &text);
            case.page.hand_out();
        }
    };
    view! {
        <section class="card wide matrix-card" aria-labelledby="matrix-title">
            <div class="head">
                <h2 id="matrix-title">"Every device, every format"<span class="side">{move || case.shown.with(|shown| shown.as_ref().map(heading))}</span></h2>
                <span class="key">
                    {["fits", "offload", "does_not_fit", "unsupported"].into_iter().map(|verdict| view! { <span data-verdict=verdict><i></i>{verdict_name(verdict)}</span> }).collect_view()}
                </span>
            </div>
            <FilterBar filter=filter shown=Signal::derive(move || rows.with(Vec::len))/>
            <p class="reading" aria-live="polite" data-verdict=move || said().map(|said| said.0)>
                {move || match said() {
                    Some((_, place, words)) => view! { <b>{place}</b><span>{words}"."</span> }.into_any(),
                    None => view! { <span>"Point at a cell, or walk through the table with the arrow keys; press one to choose it."</span> }.into_any(),
                }}
            </p>
            <Grid verdicts=verdicts rows=rows reading=reading/>
            <div class="deeds">
                <span class="num" data-figure="matrix.took">{took}</span>
                <button class="link" type="button" on:click=save>"Save as CSV"</button>
            </div>
        </section>
    }
}

/// What the numbers are.
fn heading(answer: &Answer) -> String {
    let scenario = &answer.scenario;
    let many = match scenario.hardware.devices {
        1 => String::new(),
        devices => format!(", {} of each", grouped(devices)),
    };
    match scenario.workload.mode {
        Mode::Prefill => format!(" prompt tokens read a second{many}"),
        Mode::Pretrain | Mode::Finetune => format!(" trained in BF16{many}"),
        Mode::Decode => format!(
            " tokens a second at {} tokens of context{many}",
            grouped(scenario.workload.prompt)
        ),
        Mode::Serve => format!(
            " tokens a second of all users, prompts of {} tokens{many}",
            grouped(scenario.workload.prompt)
        ),
    }
}

/// The cell of the scenario itself.
fn chosen(verdicts: &Verdicts) -> Option<(usize, usize)> {
    let now = now_of(verdicts);
    now.0.zip(now.1)
}
