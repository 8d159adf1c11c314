//! The cases of the page and which one is shown; what an address names.

use leptos::prelude::*;
use weighbridge::scenario::{LinkError, Scenario, from_query};

use super::case::{Case, CaseId, Problem};
use super::first_choice;
use super::page::{Page, Tab};
use super::parts::reader;

/// Everything the page knows. Cheap to copy.
#[derive(Clone, Copy)]
pub struct State {
    /// What holds for all cases.
    pub page: Page,
    /// What cases belong to.
    owner: StoredValue<Owner>,
    /// The cases, in their order; never empty.
    cases: RwSignal<Vec<Case>>,
    /// The one that is shown.
    current: RwSignal<Case>,
}

impl State {
    /// Reads the address bar; an empty one is the worked example. Cases belong to whoever calls this and live as long.
    pub fn new() -> Self {
        let place = Place::of(&window().location().search().unwrap_or_default());
        let page = Page::new(place.tab);
        let first = Case::new(page, 0, place.scenario, None);
        if !place.errors.is_empty() {
            first.problem.set(Some(Problem::Link(place.errors)));
        }
        reader::follow(first);
        if place.bare {
            // As if it had been chosen here: as soon as it is there.
            Effect::new(move |done: Option<bool>| {
                let there = first.model.with(Option::is_some);
                if there && done != Some(true) {
                    first_choice::for_model(first);
                }
                there || done == Some(true)
            });
        }
        Self {
            page,
            owner: StoredValue::new(Owner::current().unwrap_or_default()),
            cases: RwSignal::new(vec![first]),
            current: RwSignal::new(first),
        }
    }
    /// The state from context.
    pub fn here() -> Self {
        expect_context()
    }
    /// Sets a copy of a case beside it and shows the copy, so that the first is kept while another is tried.
    pub fn keep(self, case: Case) {
        let most = self
            .cases
            .with_untracked(|cases| cases.iter().map(|case| case.id).max());
        let id = most.map_or(0, |most| most + 1);
        let (scenario, model) = (case.scenario.get_untracked(), case.model.get_untracked());
        let copy = self.owner.with_value(|owner| {
            owner.with(|| {
                let copy = Case::new(self.page, id, scenario, model);
                reader::follow(copy);
                copy
            })
        });
        self.cases.update(|cases| {
            let at = cases
                .iter()
                .position(|one| one.id == case.id)
                .map_or(cases.len(), |at| at + 1);
            cases.insert(at, copy);
        });
        self.current.set(copy);
    }
    /// The case that is shown; tracked.
    pub fn current(self) -> Case {
        self.current.get()
    }
    /// All cases; tracked.
    pub fn cases(self) -> Vec<Case> {
        self.cases.get()
    }
    /// Shows a case, if it is still there.
    pub fn show(self, id: CaseId) {
        let found = self
            .cases
            .with_untracked(|cases| cases.iter().find(|case| case.id == id).copied());
        if let Some(case) = found.filter(|case| case.id != self.current.get_untracked().id) {
            self.current.set(case);
        }
    }
    /// Closes a case; the last one stays. In the place of the one that is shown comes its neighbour.
    pub fn close(self, id: CaseId) {
        let next = self.cases.with_untracked(|cases| {
            let at = cases.iter().position(|case| case.id == id)?;
            cases.get(at + 1).or_else(|| cases.get(at.checked_sub(1)?)).copied()
        });
        let Some(next) = next else { return };
        if self.current.get_untracked().id == id {
            self.current.set(next);
        }
        self.cases.update(|cases| cases.retain(|case| case.id != id));
    }
}

/// What an address names: a question, and where one was looking.
#[derive(Clone, Debug)]
pub struct Place {
    /// The question; an address without one names the worked example.
    pub scenario: Scenario,
    /// What could not be read of it.
    pub errors: Vec<LinkError>,
    /// The tab.
    pub tab: Tab,
    /// Whether it names a model alone: then everything else is as on the page that opens without a link.
    pub bare: bool,
}

impl Place {
    /// Reads the part of an address after its path.
    pub fn of(search: &str) -> Self {
        let query = search.trim_start_matches('?');
        let (views, asked): (Vec<&str>, Vec<&str>) = query
            .split('&')
            .filter(|pair| !pair.is_empty())
            .partition(|pair| pair.starts_with(TAB));
        let tab = views
            .last()
            .and_then(|pair| pair.strip_prefix(TAB)?.parse().ok())
            .unwrap_or_default();
        let (mut scenario, errors) = if asked.is_empty() {
            (Scenario::example(), Vec::new())
        } else {
            from_query(&asked.join("&"))
        };
        let bare = matches!(*asked, [only] if only.starts_with(MODEL));
        if bare {
            let model = std::mem::take(&mut scenario.model);
            scenario = Scenario {
                model,
                ..Scenario::example()
            };
        }
        Self {
            scenario,
            errors,
            tab,
            bare,
        }
    }
    /// The query that names them, without the question mark; empty for the worked example on its first tab.
    pub fn query(question: &str, tab: Tab) -> String {
        let view = (tab != Tab::default()).then(|| format!("{TAB}{tab}"));
        // Alone, a model would bring the device of the page's example.
        let alone = question.starts_with(MODEL) && !question.contains('&');
        let device = alone.then(|| "hw=none".to_owned());
        let parts = [
            Some(question.to_owned()).filter(|question| !question.is_empty()),
            device,
            view,
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join("&")
    }
}

/// Key of the model in an address.
const MODEL: &str = "m=";
/// Key of the tab in an address.
const TAB: &str = "tab=";
