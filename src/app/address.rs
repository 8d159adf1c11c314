//! The address bar and the cases: each follows the other.
//!
//! What a person did as one deed (another model, device, mode, tab or case, or a button that changes several knobs) is a step that Back takes back; a slider on
//! its way only rewrites the step it stands on.

use std::time::Duration;

use leptos::prelude::*;
use wasm_bindgen::JsValue;
use web_sys::PerformanceNavigation;
use weighbridge::scenario::{Mode, ModelSource, cases_to_query};

use super::case::{Case, CaseId, Problem};
use super::page::{Shows, Tab};
use super::settings;
use super::state::{Place, State};

/// How long the scenario must rest before the address changes: a slider passes many values.
const REST: Duration = Duration::from_millis(200);

/// All cases of the page, as the tab of the browser keeps them.
const CASES: &str = "cases";

/// The cases that were on the page before it was loaded again, as a query.
pub fn before_reload() -> Option<String> {
    let navigation = window().performance()?.navigation();
    let again = [
        PerformanceNavigation::TYPE_RELOAD,
        PerformanceNavigation::TYPE_BACK_FORWARD,
    ];
    let kept = again
        .contains(&navigation.type_())
        .then(|| settings::session()?.get_item(CASES).ok()?);
    kept.flatten()
}

/// What makes a step of its own.
#[derive(Clone, Debug, PartialEq)]
struct Step {
    case: CaseId,
    model: ModelSource,
    device: Option<String>,
    mode: Mode,
    tab: Tab,
    shows: Shows,
    /// Buttons that changed several knobs at once.
    deeds: u32,
}

impl Step {
    fn of(case: Case, tab: Tab) -> Self {
        case.scenario.with_untracked(|scenario| Self {
            case: case.id,
            model: scenario.model.source.clone(),
            device: scenario.hardware.device.clone(),
            mode: scenario.workload.mode,
            tab,
            shows: case.page.shows.get_untracked(),
            deeds: case.deeds.get_untracked(),
        })
    }
}

/// Keeps the address and the cases together.
pub fn follow(state: State) {
    let last = StoredValue::new(None::<Step>);
    let mut write_later = debounce(REST, move |(query, step): (String, Step)| {
        let new = last.with_value(|last| last.as_ref() != Some(&step));
        write(&query, step.case, new);
        last.set_value(Some(step));
    });
    Effect::new(move |first: Option<()>| {
        let case = state.current();
        let tab = state.page.tab.get();
        let query = Place::of_state(state);
        let step = Step::of(case, tab);
        if first.is_none() {
            last.set_value(Some(step));
            return;
        }
        write_later((query, step));
    });
    // The address names the case that is shown; a reload brings the others back.
    let mut keep_later = debounce(REST, |query: Option<String>| {
        settings::keep(settings::session(), CASES, query.as_deref());
    });
    Effect::new(move |_| {
        let cases = state.cases();
        let all = || cases.iter().map(|case| case.scenario.get()).collect::<Vec<_>>();
        keep_later((cases.len() > 1).then(|| cases_to_query(&all())));
    });
    let _ = window_event_listener(leptos::ev::popstate, move |event| {
        let place = Place::of(&window().location().search().unwrap_or_default());
        if let Some(id) = event.state().as_f64() {
            state.show(id as CaseId);
        }
        let case = untrack(|| state.current());
        state.page.shows.set(place.shows);
        state.page.search.set(place.search);
        state.page.explored.set(place.explored);
        // The comparison is of the cases that are here.
        if place.shows == Shows::Compare {
            last.set_value(Some(Step::of(case, state.page.tab.get_untracked())));
            return;
        }
        // A step within the page (#answer) changes nothing.
        if case.scenario.with_untracked(|now| *now != place.scenario) {
            case.scenario.set(place.scenario);
            if !place.errors.is_empty() {
                case.problem.set(Some(Problem::Link(place.errors)));
            }
        }
        if state.page.tab.get_untracked() != place.tab {
            state.page.tab.set(place.tab);
        }
        last.set_value(Some(Step::of(case, place.tab)));
    });
}

/// The whole address of a query, for somebody else's browser.
pub fn whole(query: &str) -> String {
    let location = window().location();
    let (origin, path) = (
        location.origin().unwrap_or_default(),
        location.pathname().unwrap_or_default(),
    );
    let mark = if query.is_empty() { "" } else { "?" };
    format!("{origin}{path}{mark}{query}")
}

fn write(query: &str, case: CaseId, new: bool) {
    let location = window().location();
    let path = location.pathname().unwrap_or_default();
    let hash = location.hash().unwrap_or_default();
    let address = if query.is_empty() {
        format!("{path}{hash}")
    } else {
        format!("{path}?{query}{hash}")
    };
    if let Ok(history) = window().history() {
        let (id, address) = (JsValue::from_f64(case as f64), Some(address.as_str()));
        let _ = if new {
            history.push_state_with_url(&id, "", address)
        } else {
            history.replace_state_with_url(&id, "", address)
        };
    }
}
