//! Asking the Hub: once the typing pauses; the last question wins; pages are added to the first.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

use leptos::leptos_dom::helpers::{TimeoutHandle, set_timeout_with_handle};
use leptos::prelude::*;
use leptos::task::spawn_local;
use weighbridge::hub::Listed;
use weighbridge::hub::loader;
use weighbridge::hub::search::{FoundPage, HubQuery, PAGE, SearchProblem};

use crate::app::case::Case;
use crate::app::source::{self, Stop};

/// How long nothing must be typed before the Hub is asked.
const PAUSE: Duration = Duration::from_millis(300);
/// How many answers are kept while the page is open.
const MOST_KEPT: usize = 30;

/// How far a search is.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum State {
    /// Nothing to ask.
    #[default]
    Idle,
    /// Under way; what was found before is gone.
    Asking,
    /// A further page is under way.
    More,
    /// There.
    There,
    /// It failed.
    Failed(SearchProblem),
}

/// A search and what it found. Cheap to copy.
#[derive(Clone, Copy)]
pub struct Desk {
    case: Case,
    /// Words and filters.
    pub query: Memo<HubQuery>,
    /// How far it is.
    pub state: RwSignal<State>,
    /// Models as far as they are there.
    pub listed: RwSignal<Vec<Listed>>,
    /// The mark of the next page.
    pub next: RwSignal<Option<String>>,
    /// Seconds until the Hub may be asked again.
    pub wait: RwSignal<u64>,
    run: StoredValue<(Option<TimeoutHandle>, Option<Stop>), LocalStorage>,
}

/// Endpoint, question, whether a token goes along.
type Key = (String, String, bool);

thread_local! {
    static KEPT: RefCell<BTreeMap<Key, FoundPage>> = const { RefCell::new(BTreeMap::new()) };
}

impl Desk {
    /// The search that the address names; it begins to ask.
    pub fn new(case: Case) -> Self {
        let desk = Self {
            case,
            query: Memo::new(move |_| case.page.search.with(|link| HubQuery::from_link(link))),
            state: RwSignal::new(State::Idle),
            listed: RwSignal::new(Vec::new()),
            next: RwSignal::new(None),
            wait: RwSignal::new(0),
            run: StoredValue::new_local((None, None)),
        };
        // What only this page filters is no other question.
        let asked = Memo::new(move |_| desk.query.with(HubQuery::as_sent));
        Effect::new(move |_| {
            case.page.settings.endpoint.track();
            case.page.settings.token.track();
            desk.ask(asked.get(), PAUSE);
        });
        let ticking = set_interval_with_handle(
            move || {
                if desk.wait.get_untracked() > 0 {
                    desk.wait.update(|left| *left = left.saturating_sub(1));
                }
            },
            Duration::from_secs(1),
        );
        let back = window_event_listener(leptos::ev::online, move |_| desk.again());
        on_cleanup(move || {
            desk.end();
            back.remove();
            if let Ok(ticking) = ticking {
                ticking.clear();
            }
        });
        desk
    }
    /// Changes the search, and with it the address.
    pub fn change(self, change: impl FnOnce(&mut HubQuery)) {
        let mut query = self.query.get_untracked();
        change(&mut query);
        self.case.page.search.set(query.to_link());
    }
    /// Asks once more for what failed.
    pub fn again(self) {
        if matches!(self.state.get_untracked(), State::Failed(_)) && self.wait.get_untracked() == 0 {
            self.ask(self.query.get_untracked(), Duration::ZERO);
        }
    }
    /// Asks for the next page.
    pub fn more(self) {
        let Some(cursor) = self.next.get_untracked() else {
            return;
        };
        self.end();
        self.state.set(State::More);
        self.send(self.query.get_untracked(), Some(cursor));
    }
    fn ask(self, query: HubQuery, pause: Duration) {
        self.end();
        self.next.set(None);
        if !query.is_worth_asking() {
            self.listed.set(Vec::new());
            return self.state.set(State::Idle);
        }
        if let Some(page) = KEPT.with_borrow(|kept| kept.get(&self.key(&query)).cloned()) {
            return self.take(page, false);
        }
        self.listed.set(Vec::new());
        self.state.set(State::Asking);
        let timer = set_timeout_with_handle(move || self.send(query, None), pause).ok();
        self.run.update_value(|run| run.0 = timer);
    }
    fn key(self, query: &HubQuery) -> Key {
        let source = source::hub(self.case.page.settings);
        let asked = query.as_sent();
        (source.endpoint.to_string(), asked.to_link(), source.token.is_some())
    }
    fn send(self, query: HubQuery, cursor: Option<String>) {
        let stop = Stop::new();
        self.run.update_value(|run| run.1 = Some(stop.clone()));
        let key = self.key(&query);
        let source = source::hub(self.case.page.settings);
        let exchange = loader::find(source, &query, PAGE, cursor.as_deref());
        spawn_local(async move {
            let answer = source::run(exchange, &stop, |_, _| ()).await;
            // An older answer never takes the place of a newer one.
            if stop.is_stopped() {
                return;
            }
            match answer {
                Ok(page) => {
                    self.take(page, cursor.is_some());
                    let all = FoundPage {
                        listed: self.listed.get_untracked(),
                        next: self.next.get_untracked(),
                    };
                    KEPT.with_borrow_mut(|kept| {
                        if kept.len() >= MOST_KEPT {
                            kept.clear();
                        }
                        kept.insert(key, all);
                    });
                }
                Err(error) => {
                    let problem = SearchProblem::of(&error);
                    if let SearchProblem::Limited { wait_seconds } = problem {
                        self.wait.set(wait_seconds);
                    }
                    self.next.set(cursor);
                    self.state.set(State::Failed(problem));
                }
            }
        });
    }
    fn take(self, page: FoundPage, further: bool) {
        self.listed.update(|all| {
            if !further {
                all.clear();
            }
            for one in page.listed {
                if !all.iter().any(|known| known.id == one.id) {
                    all.push(one);
                }
            }
        });
        self.next.set(page.next);
        self.wait.set(0);
        self.state.set(State::There);
    }
    fn end(self) {
        let _ = self.run.try_update_value(|run| {
            if let Some(timer) = run.0.take() {
                timer.clear();
            }
            if let Some(stop) = run.1.take() {
                stop.stop();
            }
        });
    }
}
