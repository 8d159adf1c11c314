//! What can be done with the columns: move, remove, copy, take other formats, hand over.

use std::time::Duration;

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use weighbridge::analysis::in_best_format;
use weighbridge::export::side_by_side_numbers;
use weighbridge::scenario::{Scenario, weight_key};
use weighbridge::units::neutral;

use super::shown::shown;
use crate::app::address::whole;
use crate::app::case::{Case, CaseId};
use crate::app::copy::copy;
use crate::app::state::{Place, State};
use crate::app::toasts;

/// Formats that all can be set to, by their keys.
pub const FORMATS: [&str; 6] = ["bf16", "fp8", "awq", "q8_0", "q4_k_m", "mlx-q4"];

/// Moves a column so many places; its head keeps the focus.
pub fn shift(state: State, id: CaseId, by: isize) {
    let cases = untrack(|| state.cases());
    if let Some(at) = cases.iter().position(|case| case.id == id) {
        put(state, id, at.saturating_add_signed(by));
    }
}

/// The same by an arrow, which keeps the focus; at the end of the table the other one has it.
pub fn shift_by_arrow(state: State, id: CaseId, by: isize) {
    shift(state, id, by);
    let arrows = if by < 0 { ["left", "right"] } else { ["right", "left"] };
    focus_first_soon(arrows.map(|side| format!("{side}-{id}")).to_vec());
}

/// Moves a column to a place; its head keeps the focus.
pub fn put(state: State, id: CaseId, to: usize) {
    let mut cases = untrack(|| state.cases());
    let Some(at) = cases.iter().position(|case| case.id == id) else {
        return;
    };
    let to = to.min(cases.len().saturating_sub(1));
    if to != at {
        let case = cases.remove(at);
        cases.insert(to, case);
        state.replace(cases);
    }
    focus_soon(format!("column-{id}"));
}

/// Removes a column; its neighbour has the focus then.
pub fn remove(state: State, id: CaseId) {
    let cases = untrack(|| state.cases());
    let at = cases.iter().position(|case| case.id == id).unwrap_or_default();
    let next = cases
        .get(at + 1)
        .or_else(|| cases.get(at.checked_sub(1)?))
        .map(|case| case.id);
    state.close(id);
    if let Some(next) = next {
        focus_soon(format!("column-{next}"));
    }
}

/// Removes all but the first.
pub fn clear(state: State) {
    let before = untrack(|| state.cases());
    let words = format!("{} removed.", before.len().saturating_sub(1));
    state.replace(before.iter().take(1).copied().collect());
    toasts::undoable(state.page, words, move || state.replace(before.clone()));
}

fn focus_soon(id: String) {
    focus_first_soon(vec![id]);
}

/// Puts the focus on the first of some elements that takes it.
fn focus_first_soon(ids: Vec<String>) {
    // The table is drawn anew before.
    set_timeout(
        move || {
            let found = ids.iter().find_map(|id| {
                let element = document().get_element_by_id(id)?;
                (!element.has_attribute("disabled")).then_some(element)
            });
            if let Some(element) = found.and_then(|element| element.dyn_into::<web_sys::HtmlElement>().ok()) {
                let _ = element.focus();
            }
        },
        Duration::from_millis(30),
    );
}

/// Sets all cases to a format: `best`, `published` or a key.
pub fn set_formats(state: State, choice: &str) {
    let changes: Vec<(Case, Scenario, Scenario)> = untrack(|| state.cases())
        .into_iter()
        .filter_map(|case| {
            let before = case.scenario.get_untracked();
            let answer = case.shown.get_untracked()?;
            let after = match choice {
                "best" => in_best_format(&answer.analysis.setup)?,
                key => before.clone().with(|s| {
                    s.precision.weights = weight_key(key);
                    s.serving.engine = None;
                }),
            };
            (after != before).then_some((case, before, after))
        })
        .collect();
    if changes.is_empty() {
        return toasts::say(state.page, "Nothing changes: all have it, or none fits.");
    }
    let words = match changes.len() {
        1 => "1 question has another format.".to_owned(),
        some => format!("{some} questions have another format."),
    };
    for (case, _, after) in &changes {
        case.scenario.set(after.clone());
    }
    toasts::undoable(state.page, words, move || {
        for (case, before, _) in &changes {
            case.scenario.set(before.clone());
        }
    });
}

/// Copies the link of the whole comparison.
pub fn share(state: State) {
    copy(
        state.page,
        &whole(&untrack(|| Place::of_state(state))),
        "Link copied: it holds the whole comparison.",
    );
}

/// Copies the table as CSV.
pub fn copy_csv(state: State) {
    let units = state.page.units.get_untracked();
    // Worked out anew: what is shown is written as the reader's language has it.
    let written = neutral(|| untrack(|| side_by_side_numbers(&shown(state, units).beside).csv()));
    match written {
        Ok(text) => copy(state.page, &text, "Table copied as CSV."),
        Err(error) => toasts::say(state.page, error.to_string()),
    }
}
