//! Keeps the model in hand the one that the scenario names: at the start, and when Back or Forward change it.

use leptos::prelude::*;
use weighbridge::scenario::{ModelSource, Scenario, from_query};

use super::super::state::{Problem, State};
use super::{cancel, headers, link_waits, load_link};

/// Begins to follow. Once, when the page starts.
pub fn start(state: State) {
    headers::follow(state);
    let wanted = Memo::new(move |_| state.scenario.with(|scenario| scenario.model.source.clone()));
    Effect::new(move |_| {
        let wanted = wanted.get();
        let in_hand = state
            .model
            .with_untracked(|model| model.as_ref().is_some_and(|model| model.asked == wanted));
        match wanted {
            // Back at the model in hand: what the link waited for is not wanted any more.
            _ if in_hand && link_waits(state) => cancel(state),
            _ if in_hand => {}
            ModelSource::Id(id) if id.is_empty() => {}
            wanted => load_link(state, wanted),
        }
    });
    let _ = window_event_listener(leptos::ev::popstate, move |_| {
        let query = window().location().search().unwrap_or_default();
        let (scenario, errors) = match query.trim_start_matches('?') {
            "" => (Scenario::example(), Vec::new()),
            query => from_query(query),
        };
        // A step within the page (#answer) changes nothing.
        if state.scenario.with_untracked(|now| *now != scenario) {
            state.scenario.set(scenario);
            if !errors.is_empty() {
                state.problem.set(Some(Problem::Link(errors)));
            }
        }
    });
}
