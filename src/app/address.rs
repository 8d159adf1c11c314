//! The address bar follows the scenario, and back and forward are followed in turn.

use std::time::Duration;

use leptos::prelude::*;
use wasm_bindgen::JsValue;
use weighbridge::scenario::{Scenario, from_query};

use super::state::{Problem, State, at_hand};

/// How long the scenario must rest before the address changes: a slider passes many values.
const REST: Duration = Duration::from_millis(200);

/// Keeps the address and the scenario together.
pub fn follow(state: State) {
    let pending = StoredValue::new(None::<TimeoutHandle>);
    Effect::new(move |first: Option<()>| {
        let query = state.query();
        if first.is_none() {
            return;
        }
        if let Some(timer) = pending.get_value() {
            timer.clear();
        }
        pending.set_value(set_timeout_with_handle(move || write(&query), REST).ok());
    });
    let _ = window_event_listener(leptos::ev::popstate, move |_| read(state));
}

fn write(query: &str) {
    let location = window().location();
    let path = location.pathname().unwrap_or_default();
    let hash = location.hash().unwrap_or_default();
    let address = if query.is_empty() {
        format!("{path}{hash}")
    } else {
        format!("{path}?{query}{hash}")
    };
    if let Ok(history) = window().history() {
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&address));
    }
}

fn read(state: State) {
    let query = window().location().search().unwrap_or_default();
    let (scenario, errors) = match query.trim_start_matches('?') {
        "" => (Scenario::example(), Vec::new()),
        query => from_query(query),
    };
    if scenario == state.scenario.get_untracked() {
        return;
    }
    state.problem.set((!errors.is_empty()).then_some(Problem::Link(errors)));
    if let Some(loaded) = at_hand(&scenario.model) {
        state.model.set(Some(loaded));
    }
    state.scenario.set(scenario);
}
