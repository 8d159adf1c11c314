//! Every change of the questions can be taken back and brought again: Ctrl+Z, Ctrl+Shift+Z, Ctrl+Y. What rests is a step; a
//! slider on its way is none.

use std::time::Duration;

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use weighbridge::scenario::Scenario;

use crate::app::case::{Case, CaseId};
use crate::app::changed::named;
use crate::app::loaded::Loaded;
use crate::app::page::Shows;
use crate::app::state::State;
use crate::app::toasts;

/// How long nothing must change before it is a step.
const REST: Duration = Duration::from_millis(350);
/// Steps that are remembered.
const MOST: usize = 200;

/// All questions as they stood.
#[derive(Clone)]
struct Moment(Vec<(Case, Scenario, Option<Loaded>)>);

#[derive(Clone)]
struct Log {
    past: Vec<Moment>,
    now: Moment,
    future: Vec<Moment>,
}

thread_local! {
    static LOG: std::cell::RefCell<Option<Log>> = const { std::cell::RefCell::new(None) };
}

impl Moment {
    /// As they stand; tracked.
    fn of(state: State) -> Self {
        let cases = state.cases().into_iter();
        Self(
            cases
                .map(|case| (case, case.scenario.get(), case.model.get_untracked()))
                .collect(),
        )
    }
    fn ids(&self) -> Vec<CaseId> {
        self.0.iter().map(|(case, ..)| case.id).collect()
    }
    fn same(&self, other: &Self) -> bool {
        self.ids() == other.ids() && self.0.iter().zip(&other.0).all(|(one, two)| one.1 == two.1)
    }
    /// The name of the model of a question.
    fn name(&self, id: CaseId) -> String {
        let model = self
            .0
            .iter()
            .find(|(case, ..)| case.id == id)
            .and_then(|(.., model)| model.as_ref());
        model.map_or_else(|| "A question".to_owned(), |model| model.name.clone())
    }
    /// What is otherwise in another moment, in words, and the question that shows it.
    fn difference(&self, other: &Self) -> (String, Option<CaseId>) {
        let (ours, theirs) = (self.ids(), other.ids());
        if let Some(id) = theirs.iter().find(|id| !ours.contains(id)) {
            return (format!("{} is back", other.name(*id)), Some(*id));
        }
        if let Some(id) = ours.iter().find(|id| !theirs.contains(id)) {
            return (format!("{} is gone", self.name(*id)), None);
        }
        if ours != theirs {
            return ("the order of the questions".to_owned(), None);
        }
        let changed = self.0.iter().zip(&other.0).find(|(one, two)| one.1 != two.1);
        let Some(((case, before, _), (_, after, _))) = changed else {
            return (String::new(), None);
        };
        let knobs = named(before, after);
        let words = if before.model.source != after.model.source {
            [other.name(case.id)]
                .into_iter()
                .chain((!knobs.is_empty()).then_some(knobs))
                .collect::<Vec<_>>()
                .join(", ")
        } else if knobs.is_empty() {
            "the architecture".to_owned()
        } else {
            knobs
        };
        (words, Some(case.id))
    }
    fn restore(&self, state: State, shown: Option<CaseId>) {
        for (case, scenario, model) in &self.0 {
            if case.scenario.with_untracked(|now| now == scenario) {
                continue;
            }
            let asked = |model: &Option<Loaded>| model.as_ref().map(|model| model.asked.clone());
            if model.is_some() && case.model.with_untracked(asked) != asked(model) {
                case.problem.set(None);
                case.model.set(model.clone());
            }
            case.scenario.set(scenario.clone());
        }
        if untrack(|| state.cases()).iter().map(|case| case.id).ne(self.ids()) {
            state.replace(self.0.iter().map(|(case, ..)| *case).collect());
        }
        if let Some(id) = shown {
            state.show(id);
        }
    }
}

/// Remembers from now on.
pub fn follow(state: State) {
    LOG.set(Some(Log {
        past: Vec::new(),
        now: untrack(|| Moment::of(state)),
        future: Vec::new(),
    }));
    let mut later = debounce(REST, move |()| settle(state));
    Effect::new(move |_| {
        for case in state.cases() {
            case.scenario.track();
        }
        later(());
    });
    let _ = window_event_listener(leptos::ev::keydown, move |event| {
        let key = event.key().to_lowercase();
        let held = (event.ctrl_key() || event.meta_key()) && !event.alt_key();
        if !held || !matches!(key.as_str(), "z" | "y") || in_text(event.target()) {
            return;
        }
        // A dialog has deeds of its own.
        if state.page.dialog.get_untracked().is_some() {
            return;
        }
        event.prevent_default();
        // What was done to past calculations has a way back of its own.
        if state.page.shows.get_untracked() == Shows::History {
            if key == "z" && !event.shift_key() && !toasts::take_back(state.page) {
                toasts::say(state.page, "Nothing to take back here.");
            }
            return;
        }
        if key == "y" || event.shift_key() {
            redo(state)
        } else {
            undo(state)
        }
    });
}

/// Makes what changed since a step.
fn settle(state: State) {
    let now = untrack(|| Moment::of(state));
    LOG.with_borrow_mut(|log| {
        let Some(log) = log else { return };
        if log.now.same(&now) {
            // The model may have come since.
            log.now = now;
            return;
        }
        let before = std::mem::replace(&mut log.now, now);
        log.past.push(before);
        if log.past.len() > MOST {
            log.past.remove(0);
        }
        log.future.clear();
    });
}

/// Takes the last change back.
pub fn undo(state: State) {
    toasts::end_ways_back(state.page);
    settle(state);
    step(state, true);
}

/// Brings back what was taken back.
pub fn redo(state: State) {
    settle(state);
    step(state, false);
}

fn step(state: State, back: bool) {
    let moved = LOG.with_borrow_mut(|log| {
        let log = log.as_mut()?;
        let to = if back { log.past.pop() } else { log.future.pop() }?;
        let from = std::mem::replace(&mut log.now, to.clone());
        if back {
            log.future.push(from.clone())
        } else {
            log.past.push(from.clone())
        }
        Some((from, to))
    });
    let Some((from, to)) = moved else {
        return toasts::say(
            state.page,
            if back {
                "Nothing to take back."
            } else {
                "Nothing to bring back."
            },
        );
    };
    let (words, shown) = from.difference(&to);
    to.restore(state, shown);
    let (deed, way) = if back {
        ("Undone", "Ctrl+Shift+Z brings it again.")
    } else {
        ("Done again", "Ctrl+Z takes it back.")
    };
    toasts::say(state.page, format!("{deed}: {words}. {way}"));
}

/// Whether a text is written there, which has an undo of its own.
fn in_text(target: Option<web_sys::EventTarget>) -> bool {
    let Some(element) = target.and_then(|target| target.dyn_into::<web_sys::HtmlElement>().ok()) else {
        return false;
    };
    let plain = ["range", "checkbox", "radio", "button", "submit", "file", "color"];
    match element.tag_name().as_str() {
        "TEXTAREA" => true,
        "INPUT" => !element
            .get_attribute("type")
            .is_some_and(|kind| plain.contains(&kind.as_str())),
        _ => element.is_content_editable(),
    }
}
