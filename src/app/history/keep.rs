//! What is kept: an answer that stood for three seconds, or that was handed out.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use js_sys::{Date, Math};
use leptos::leptos_dom::helpers::{TimeoutHandle, set_timeout_with_handle};
use leptos::prelude::*;
use weighbridge::export::VERSION;
use weighbridge::export::history::{Figures, Kept};
use weighbridge::scenario::Scenario;

use super::prefs;
use super::shelf::Shelf;
use crate::app::case::{Answer, Case};
use crate::app::state::State;

/// How long an answer must stand.
const REST: Duration = Duration::from_secs(3);

thread_local! {
    /// The row that was reopened: key and question. Asked again unchanged, it is no new one.
    static REOPENED: RefCell<Option<(String, String)>> = const { RefCell::new(None) };
    /// Whether anything was asked here yet: the worked example, untouched, was asked by nobody.
    static ASKED: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

/// A row was reopened.
pub fn reopened(row: &Kept) {
    ASKED.set(true);
    REOPENED.with_borrow_mut(|last| *last = Some((row.id.clone(), row.question.clone())));
}

/// The worked example is wanted too.
pub fn example_is_asked() {
    ASKED.set(true);
}

/// An answer that stood before it was asked for stands anew.
pub fn look_again(case: Case) {
    if let Ok(answer) = case.answer.get_untracked() {
        set_timeout(
            move || {
                let now = case.answer.try_get_untracked().and_then(Result::ok);
                if now.is_some_and(|now| now == answer) {
                    keep(case, &answer);
                }
            },
            REST,
        );
    }
}

/// Begins to keep. Once, when the part arrives.
pub fn follow(state: State) {
    Shelf::listen();
    let timer = StoredValue::new_local(None::<TimeoutHandle>);
    Effect::new(move |_| {
        let case = state.current();
        let answer = case.answer.get();
        let waits = case.loading.with(Option::is_some);
        if let Some(timer) = timer.try_update_value(Option::take).flatten() {
            timer.clear();
        }
        let Ok(answer) = answer else { return };
        if !waits {
            let deed = move || keep(case, &answer);
            timer.set_value(set_timeout_with_handle(deed, REST).ok());
        }
    });
    Effect::new(move |before: Option<u32>| {
        let now = state.page.handed_out.get();
        if before.is_some_and(|before| before != now) {
            ASKED.set(true);
            let case = untrack(|| state.current());
            if let Ok(answer) = case.answer.get_untracked() {
                keep(case, &answer);
            }
        }
        now
    });
}

fn keep(case: Case, answer: &Answer) {
    if !prefs::keeps() || !asked(&answer.scenario) {
        return;
    }
    let Some(model) = case.model.get_untracked() else {
        return;
    };
    if model.with_token && !prefs::keeps_private() {
        return;
    }
    let time = Date::now().max(0.0) as u64;
    let salt = (Math::random() * f64::from(u32::MAX)) as u32;
    let named = (model.facts.id.as_str(), model.name.as_str());
    let row = Kept::new(time, salt, named, model.commit.as_deref(), &answer.analysis);
    let again = REOPENED.with_borrow(|last| last.clone().filter(|(_, question)| *question == row.question));
    match again {
        Some((id, _)) => weigh_anew(&id, row.answer),
        None => {
            REOPENED.take();
            Shelf::here().add(row);
        }
    }
}

/// The worked example that the page opens on is no question until something else was asked.
fn asked(scenario: &Arc<Scenario>) -> bool {
    if **scenario != Scenario::example() {
        ASKED.set(true);
    }
    ASKED.get()
}

/// A row that was reopened has today's figures, those before beside them.
fn weigh_anew(id: &str, now: Figures) {
    let shelf = Shelf::here();
    let old = |row: &&Kept| row.id == id && (row.answer.version != VERSION || !row.answer.same_figures(&now));
    if shelf.rows().iter().any(|row| old(&row)) {
        shelf.change(id, move |row| *row = row.clone().weighed_anew(now));
    }
}
