//! The cases of the page and which one is shown; what an address names.

use leptos::prelude::*;
use weighbridge::hardware::{self, Engine, efficiency};
use weighbridge::scenario::{LinkError, MOST_CASES, Scenario, cases_from_query, cases_to_query, from_query};

use super::address;
use super::case::{Case, CaseId, Problem};
use super::first_choice;
use super::page::{Page, Shows, Tab};
use super::parts::reader;
use super::toasts;

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
        let mut place = Place::of(&window().location().search().unwrap_or_default());
        if let Some(kept) = address::before_reload() {
            place.take_back(&kept);
        }
        let page = Page::new(place.shows, place.tab, place.search, place.explored);
        let begin = |id: usize, scenario: Scenario, errors: Vec<LinkError>| {
            let case = Case::new(page, id as CaseId, scenario, None);
            if !errors.is_empty() {
                case.problem.set(Some(Problem::Link(errors)));
            }
            case
        };
        let first = begin(0, place.scenario, place.errors);
        let others = place.others.into_iter().enumerate();
        let mut cases: Vec<Case> = others
            .map(|(at, (scenario, errors))| begin(at + 1, scenario, errors))
            .collect();
        cases.insert(place.at.min(cases.len()), first);
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
            cases: RwSignal::new(cases),
            current: RwSignal::new(first),
        }
    }
    /// The state from context.
    pub fn here() -> Self {
        expect_context()
    }
    /// What leads to the first answer, in steps that each take little time.
    pub fn first_steps(self) -> Vec<Box<dyn FnOnce()>> {
        let case = self.current.get_untracked();
        let mut steps: Vec<Box<dyn FnOnce()>> = vec![
            Box::new(|| {
                let _ = hardware::devices();
            }),
            Box::new(|| {
                let _ = (efficiency::terms(), efficiency::factors(Engine::Vllm));
            }),
            Box::new(|| {
                let _ = hardware::find_host("");
            }),
            Box::new(move || {
                let _ = case.blueprint.get_untracked();
            }),
            Box::new(move || {
                let _ = case.setup.with_untracked(Result::is_ok);
            }),
        ];
        for case in self.cases.get_untracked() {
            let owner = self.owner.get_value();
            steps.push(Box::new(move || owner.with(|| reader::follow(case))));
        }
        steps
    }
    /// Sets a copy of a case beside it and shows the copy, so that the first is kept while another is tried. Where there are
    /// too many, that is said, and it is the case itself.
    pub fn keep(self, case: Case) -> Case {
        if self.cases.with_untracked(Vec::len) >= MOST_CASES {
            toasts::say(
                self.page,
                format!("{MOST_CASES} side by side are the most. Remove one first."),
            );
            return case;
        }
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
        copy
    }
    /// The case for something that is set beside the others: a copy of it; but the worked example that nobody touched makes room.
    pub fn beside(self, case: Case) -> Case {
        let alone = self.cases.with_untracked(|cases| cases.len() == 1);
        let untouched = alone
            && case
                .scenario
                .with_untracked(|scenario| *scenario == Scenario::example());
        if untouched { case } else { self.keep(case) }
    }
    /// The case that another model is read into: while all are compared a new one at the end, else the case itself.
    pub fn for_another(self, case: Case) -> Case {
        if self.page.shows.get_untracked() != Shows::Compare {
            // Whoever looks at past calculations wants to see the new one.
            self.page.shows.set(Shows::Answer);
            return case;
        }
        let last = self.cases.with_untracked(|cases| cases.last().copied()).unwrap_or(case);
        let made = self.beside(last);
        // The column was seen: it does not go without a word.
        if made.id == last.id {
            toasts::say(self.page, "The example made room for the first model of your own.");
        }
        made
    }
    /// Puts other cases, or the same in another order, in the place of all. One that is not among them is not shown.
    pub fn replace(self, cases: Vec<Case>) {
        let Some(first) = cases.first().copied() else { return };
        let current = self.current.get_untracked().id;
        if !cases.iter().any(|case| case.id == current) {
            self.current.set(first);
        }
        self.cases.set(cases);
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
    /// Closes a case, with a way back; the last one stays. In the place of the one that is shown comes its neighbour.
    pub fn close(self, id: CaseId) {
        let found = self.cases.with_untracked(|cases| {
            let at = cases.iter().position(|case| case.id == id)?;
            let next = cases.get(at + 1).or_else(|| cases.get(at.checked_sub(1)?)).copied()?;
            Some((at, *cases.get(at)?, next))
        });
        let Some((at, gone, next)) = found else { return };
        let name = gone.model_name_untracked();
        toasts::undoable(self.page, format!("{name} removed."), move || {
            self.cases.update(|cases| cases.insert(at.min(cases.len()), gone));
        });
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
    /// Further questions of a comparison, each with what could not be read of it.
    pub others: Vec<(Scenario, Vec<LinkError>)>,
    /// Where among them the question stands.
    pub at: usize,
    /// What is shown.
    pub shows: Shows,
    /// The tab.
    pub tab: Tab,
    /// The search of the Hub.
    pub search: String,
    /// What of the architecture is looked at.
    pub explored: String,
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
            .partition(|pair| [TAB, PLACE, FIND, PART].iter().any(|key| pair.starts_with(key)));
        let with = |key: &str| {
            let found: Vec<&str> = views.iter().copied().filter(|pair| pair.starts_with(key)).collect();
            found.join("&")
        };
        let (search, explored) = (with(FIND), with(PART));
        let tab = views
            .iter()
            .find_map(|pair| pair.strip_prefix(TAB)?.parse().ok())
            .unwrap_or_default();
        let shows = views
            .iter()
            .find_map(|pair| pair.strip_prefix(PLACE)?.parse().ok())
            .unwrap_or_default();
        if let Some(found) = cases_from_query(query) {
            let (mut others, errors) = match found {
                Ok(cases) => (cases, Vec::new()),
                Err(error) => (Vec::new(), vec![error]),
            };
            // Of a comparison that cannot be read, the worked example with what is wrong.
            let ((scenario, errors), shows) = if others.is_empty() {
                ((Scenario::example(), errors), Shows::Answer)
            } else {
                (others.remove(0), Shows::Compare)
            };
            return Self {
                scenario,
                errors,
                others,
                at: 0,
                shows,
                tab,
                search,
                explored,
                bare: false,
            };
        }
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
            others: Vec::new(),
            at: 0,
            shows,
            tab,
            search,
            explored,
            bare,
        }
    }
    /// Adds the cases that stood beside this question, if it is one of them.
    fn take_back(&mut self, kept: &str) {
        let Some(Ok(mut cases)) = cases_from_query(kept).filter(|_| self.others.is_empty()) else {
            return;
        };
        if let Some(at) = cases.iter().position(|(scenario, _)| *scenario == self.scenario) {
            cases.remove(at);
            (self.others, self.at) = (cases, at);
        }
    }
    /// The query that names what the state shows, without the question mark; tracked.
    pub fn of_state(state: State) -> String {
        match state.page.shows.get() {
            Shows::Answer => {
                let tab = state.page.tab.get();
                let mut query = Self::query(&state.current().query(), tab);
                let explored = state.page.explored.get();
                if tab == Tab::Architecture && !explored.is_empty() {
                    query.push('&');
                    query.push_str(&explored);
                }
                query
            }
            Shows::Compare => {
                let cases = state.cases();
                cases_to_query(&cases.iter().map(|case| case.scenario.get()).collect::<Vec<_>>())
            }
            place => {
                let question = Self::query(&state.current().query(), Tab::default());
                let joint = if question.is_empty() { "" } else { "&" };
                let search = state.page.search.get();
                let further = if place == Shows::Search && !search.is_empty() {
                    "&"
                } else {
                    ""
                };
                let search = if further.is_empty() { "" } else { &search };
                format!("{question}{joint}{PLACE}{place}{further}{search}")
            }
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
/// Key of a place of full width in an address.
const PLACE: &str = "place=";
/// What keys of a search of the Hub begin with in an address.
const FIND: &str = weighbridge::hub::search::KEY;
/// What keys of the architecture begin with in an address.
const PART: &str = "at-";
/// Key of the tab in an address.
const TAB: &str = "tab=";
