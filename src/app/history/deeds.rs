//! What is done with rows: opened, pinned, named, copied, removed with a way back, handed out.

use leptos::prelude::*;
use weighbridge::export::history::{Kept, MOST_NAME, MOST_NOTE, cut, file};
use weighbridge::units::neutral;

use super::keep;
use super::place::View;
use super::shelf::Shelf;
use crate::app::address::whole;
use crate::app::charts::{file_name, save_text};
use crate::app::copy::copy;
use crate::app::page::{Page, Shows};
use crate::app::state::{Place, State};
use crate::app::toasts;

/// Most rows that go into the comparison at once beside what is there.
const MOST_COMPARED: usize = 12;

/// Does something with one row.
pub fn row(view: View, page: Page, id: &str, deed: &str) {
    let found = view.history.with_untracked(|history| {
        let history = history.as_ref()?;
        history.get(history.find(id)?).cloned()
    });
    let Some(row) = found else { return };
    match deed {
        "open" => open(view.state, &row),
        "pin" => Shelf::here().change(id, |row| row.pinned = !row.pinned),
        "rename" => view.edited.set(Some(row.id)),
        "link" => {
            let href = whole(&Place::query(&row.question, Default::default()));
            copy(page, &href, "Link copied: it holds the whole question.");
        }
        "delete" => remove(view, page, vec![row]),
        _ => {}
    }
}

/// Opens a row in the case that is shown, weighed by this version.
pub fn open(state: State, row: &Kept) {
    let Some(scenario) = row.scenario() else { return };
    keep::reopened(row);
    let case = untrack(|| state.current());
    case.scenario.set(scenario);
    state.page.shows.set(Shows::Answer);
}

/// Sets the user's name and note.
pub fn rename(id: &str, name: &str, note: &str) {
    let (name, note) = (cut(name.trim(), MOST_NAME), cut(note.trim(), MOST_NOTE));
    Shelf::here().change(id, move |row| {
        // The model's own name is no name of the user's.
        row.name = if name == row.model_name { String::new() } else { name };
        row.note = note;
    });
}

/// Removes rows, with a way back.
pub fn remove(view: View, page: Page, rows: Vec<Kept>) {
    let ids: Vec<String> = rows.iter().map(|row| row.id.clone()).collect();
    let words = match rows.as_slice() {
        [one] if one.answer.hardware.is_empty() => format!("Deleted “{}”.", one.title()),
        [one] => format!("Deleted “{} on {}”.", one.title(), one.answer.hardware),
        many => format!("Deleted {} calculations.", many.len()),
    };
    view.chosen.update(|chosen| chosen.retain(|id| !ids.contains(id)));
    Shelf::here().remove(ids);
    toasts::undoable(page, words, move || Shelf::here().put(rows.clone()));
}

/// Hands rows out as a file.
pub fn export(rows: &[Kept]) {
    save_text(
        &file_name("history", "calculations", "json"),
        "application/json",
        &neutral(|| file(rows.iter())),
    );
}

/// Sets rows side by side: as cases of the page.
pub fn compare(state: State, rows: &[Kept]) {
    let mut first = true;
    for scenario in rows.iter().filter_map(Kept::scenario).take(MOST_COMPARED) {
        let now = untrack(|| state.current());
        // The question on the page gives way only if it is the worked example or among them.
        let free = first && now.query().is_empty();
        let case = if free { now } else { state.keep(now) };
        if !free && case.id == now.id {
            break;
        }
        case.scenario.set(scenario);
        first = false;
    }
    state.page.shows.set(Shows::Compare);
}
