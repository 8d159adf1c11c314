//! The table of models: sortable, each row a question that one press opens.

use leptos::prelude::*;
use weighbridge::analysis::Verdict;
use weighbridge::export::VERSION;
use weighbridge::report::model_rows::{ModelRow, SortBy, sheet};
use weighbridge::units::{UnitSystem, grouped, neutral, short_count};

use super::board::Board;
use crate::app::charts::save_text;
use crate::app::page::Shows;
use crate::app::state::State;
use crate::app::toasts;

/// Rows that are drawn before more are asked for.
const FIRST: usize = 200;

const COLUMNS: [(&str, SortBy); 8] = [
    ("Model", SortBy::Name),
    ("Parameters", SortBy::Parameters),
    ("Best format", SortBy::Loss),
    ("Verdict", SortBy::Verdict),
    ("Memory", SortBy::Memory),
    ("Tokens/s", SortBy::Speed),
    ("Longest context", SortBy::Context),
    ("At once", SortBy::AtOnce),
];

/// The table, with what is behind it as a file.
#[component]
pub fn Table() -> impl IntoView {
    let board = Board::here();
    let all = RwSignal::new(false);
    let head = COLUMNS.map(|(title, by)| {
        let sort = move || {
            let (now, down) = board.order.get();
            (now == by).then_some(if down { "descending" } else { "ascending" })
        };
        let press = move |_| {
            board.order.update(|order| {
                *order = if order.0 == by { (by, !order.1) } else { (by, by.begins_with_most()) };
            });
        };
        view! { <th scope="col" aria-sort=sort class:num=!matches!(by, SortBy::Name | SortBy::Loss | SortBy::Verdict)><button type="button" class="sort" on:click=press>{title}</button></th> }
    });
    let rows = move || {
        let order = board.shown.get();
        let most = if all.get() { usize::MAX } else { FIRST };
        let units = board.case.page.units.get();
        board.rows.with(|rows| {
            let shown = order.iter().take(most).filter_map(|at| rows.get(*at));
            shown.map(|row| line(board, row, units)).collect_view()
        })
    };
    let usual = move || {
        let (by, down) = board.order.get();
        let name = COLUMNS.iter().find(|(_, one)| *one == by).map_or("", |(name, _)| name);
        (by != SortBy::default() || down).then(|| {
            view! {
                <p class="order" role="status">{format!("Sorted by {}, {} first. ", name.to_lowercase(), if down { "greatest" } else { "least" })}
                    <button class="link" id="usual-order" type="button" on:click=move |_| board.order.set((SortBy::default(), false))>"Back to what fits, the largest first"</button></p>
            }
        })
    };
    let more = move || {
        let count = board.shown.with(Vec::len);
        (count > FIRST && !all.get()).then(|| {
            view! { <button class="button small" type="button" on:click=move |_| all.set(true)>{format!("Show all {}", grouped(count as u64))}</button> }
        })
    };
    let save = move |_| {
        let units = board.case.page.units.get_untracked();
        let order = board.shown.get_untracked();
        let text = board
            .rows
            .with_untracked(|rows| neutral(|| sheet(order.iter().filter_map(|at| rows.get(*at)), units).csv()));
        if let Ok(text) = text {
            save_text(
                "weighbridge-models.csv",
                "text/csv",
                &format!("# Weighbridge {VERSION}\n{text}"),
            );
        }
    };
    view! {
        <section class="card wide" aria-label="Models">
            {usual}
            <div class="scroll" tabindex="0" role="region" aria-label="Table of models">
                <table class="models-table">
                    <thead><tr>{head}<th scope="col"><span class="unseen">"Compare"</span></th></tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
            <div class="deeds">{more}<button class="link" type="button" on:click=save>"Save as CSV"</button></div>
        </section>
    }
}

fn line(board: Board, row: &ModelRow, units: UnitSystem) -> impl IntoView + use<> {
    let state = State::here();
    let verdict: &'static str = row.verdict.into();
    let (short, long) = match row.verdict {
        Verdict::Fits => ("Fits", String::new()),
        Verdict::Offload => ("Part in RAM", row.offload.clone().unwrap_or_default()),
        Verdict::DoesNotFit => ("Does not fit", row.verdict_in_words(units)),
        Verdict::Unsupported => ("Not supported", row.why.to_owned()),
    };
    let share = if row.capacity_bytes > 0 {
        row.needed_bytes as f64 / row.capacity_bytes as f64
    } else {
        0.0
    };
    let number = |value: u64| if value > 0 { grouped(value) } else { "–".to_owned() };
    let (open, beside) = (row.scenario.clone(), row.scenario.clone());
    let press = move |_| {
        board.case.take(open.clone());
        board.case.page.shows.set(Shows::Answer);
    };
    let add = move |_| {
        let copy = state.keep(board.case);
        if copy.id != board.case.id {
            copy.scenario.set(beside.clone());
            toasts::say(board.case.page, "Set beside the others: Compare shows them all.");
        }
    };
    let active = (row.active < row.parameters)
        .then(|| view! { <small>{format!("{} active", short_count(row.active as f64))}</small> });
    let label = format!("Compare {}", row.name);
    view! {
        <tr data-verdict=verdict data-model=row.id.clone()>
            <th scope="row"><button type="button" class="link" on:click=press>{row.name.clone()}</button><small>{row.id.clone()}</small></th>
            <td class="num" data-label="Parameters">{short_count(row.parameters as f64)}{active}</td>
            <td data-label="Best format">{row.method.clone()}<small>{row.loss.words()}</small></td>
            <td data-label="Verdict"><span class="verdict-word">{short}</span><small>{long}</small></td>
            <td class="num" data-label="Memory"><span class="share" style:--share=format!("{:.3}", share.min(1.0)) class:over={share > 1.0}></span>{units.bytes(row.needed_bytes as f64)}</td>
            <td class="num" data-label="Tokens/s">{if row.runs() { row.speed_in_words() } else { "–".to_owned() }}</td>
            <td class="num" data-label="Longest context">{number(row.max_context)}</td>
            <td class="num" data-label="At once">{number(row.max_batch)}</td>
            <td><button type="button" class="tool only" aria-label=label.clone() title=label on:click=add>"+"</button></td>
        </tr>
    }
}
