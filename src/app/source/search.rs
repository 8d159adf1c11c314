//! Models of the Hub whose names hold what is typed. The Hub is asked once the typing pauses; the last question wins.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

use leptos::leptos_dom::helpers::{TimeoutHandle, set_timeout_with_handle};
use leptos::prelude::*;
use leptos::task::spawn_local;
use weighbridge::hub::loader::{self, Source};
use weighbridge::hub::{Listed, searchable};
use weighbridge::model::catalogue;

use super::super::case::Case;
use super::fetch::{self, Stop};

/// How long nothing must be typed before the Hub is asked.
const PAUSE: Duration = Duration::from_millis(300);
/// How many models are asked for.
const MOST: usize = 20;
/// How many answers are kept while the page is open.
const MOST_KEPT: usize = 50;

/// What came of a search.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Search {
    /// Nothing to ask.
    #[default]
    Idle,
    /// Under way.
    Asking,
    /// Models that are not built in.
    Found(Vec<Listed>),
    /// The Hub did not answer.
    Failed,
}

/// The question under way.
#[derive(Debug, Default)]
struct Run {
    timer: Option<TimeoutHandle>,
    stop: Option<Stop>,
}

thread_local! {
    /// Endpoint, text and whether a token goes along → answer.
    static KEPT: RefCell<BTreeMap<(String, String, bool), Vec<Listed>>> = RefCell::default();
}

/// What the Hub finds for a text while `wanted` holds.
pub fn search(case: Case, text: Signal<String>, wanted: Signal<bool>) -> ReadSignal<Search> {
    let (found, set) = signal(Search::Idle);
    let run = StoredValue::new_local(Run::default());
    Effect::new(move |_| {
        let asked = text.get().trim().to_lowercase();
        let endpoint = case.page.settings.endpoint.get();
        end(run);
        if !wanted.get() || !searchable(&asked) {
            return set.set(Search::Idle);
        }
        let token = case.page.settings.token_to_send();
        let key = (endpoint.to_string(), asked.clone(), token.is_some());
        if let Some(known) = KEPT.with_borrow(|kept| kept.get(&key).cloned()) {
            return set.set(Search::Found(known));
        }
        set.set(Search::Asking);
        let ask = move || {
            let stop = Stop::new();
            run.update_value(|run| run.stop = Some(stop.clone()));
            let (endpoint, token) = (endpoint.clone(), token.clone());
            let exchange = loader::search(Source { endpoint, token }, &asked, MOST);
            spawn_local(async move {
                let answer = fetch::run(exchange, &stop, |_, _| ()).await;
                if stop.is_stopped() {
                    return;
                }
                let Ok(mut listed) = answer else {
                    return set.set(Search::Failed);
                };
                listed.retain(|one| catalogue::find(&one.id.to_string()).is_none());
                KEPT.with_borrow_mut(|kept| {
                    if kept.len() >= MOST_KEPT {
                        kept.clear();
                    }
                    kept.insert(key, listed.clone());
                });
                set.set(Search::Found(listed));
            });
        };
        let timer = set_timeout_with_handle(ask, PAUSE).ok();
        run.update_value(|run| run.timer = timer);
    });
    on_cleanup(move || end(run));
    found
}

/// Stops what is under way.
fn end(run: StoredValue<Run, LocalStorage>) {
    let _ = run.try_update_value(|run| {
        if let Some(timer) = run.timer.take() {
            timer.clear();
        }
        if let Some(stop) = run.stop.take() {
            stop.stop();
        }
    });
}
