//! What a search of the Hub lists, weighed beside the built-in models.

use leptos::prelude::*;
use leptos::task::spawn_local;
use weighbridge::hub::loader;
use weighbridge::hub::search::{Filter, HubQuery, PAGE, SearchProblem};
use weighbridge::model::catalogue;
use weighbridge::units::{counted, grouped};

use super::board::Board;
use super::list::ItemState;
use crate::app::page::Shows;
use crate::app::source::{self, Stop};

impl Board {
    /// The search of the page; without one, the models that write text and are downloaded most.
    fn search(self) -> HubQuery {
        let query = HubQuery::from_link(&self.case.page.search.get_untracked());
        if query.is_worth_asking() {
            return query.as_sent();
        }
        let mut usual = HubQuery::default();
        usual.set(Filter::Task, "text");
        usual
    }
    /// Asks the Hub, and reads the config of each model it lists.
    pub fn ask_hub(self) {
        let query = self.search();
        let stop = Stop::new();
        self.stops.update_value(|all| all.push(stop.clone()));
        self.asked.set(Some("Asking the Hub …".to_owned()));
        spawn_local(async move {
            let exchange = loader::find(source::hub(self.case.page.settings), &query, PAGE, None);
            let answer = source::run(exchange, &stop, |_, _| ()).await;
            if stop.is_stopped() {
                return;
            }
            let words = match answer {
                Err(error) => {
                    let problem = SearchProblem::of(&error);
                    let (what, next) = problem.words();
                    format!("{what} {next}")
                }
                Ok(page) => {
                    let new = page
                        .listed
                        .iter()
                        .filter(|one| catalogue::find(&one.id.to_string()).is_none());
                    // A repository of GGUF files alone has no config.
                    let (without, with): (Vec<_>, Vec<_>) =
                        new.partition(|one| one.is_tagged("gguf") && !one.is_tagged("safetensors"));
                    let left_out = without.len() as u64;
                    self.take_names(with.into_iter().map(|one| one.id.to_string()));
                    match left_out {
                        0 => String::new(),
                        some => format!(
                            "{} of GGUF files alone left out: the search opens their files.",
                            counted(some, "model")
                        ),
                    }
                }
            };
            self.asked.try_set(Some(words));
        });
    }
}

/// How the search and the reading go, and the way to another search.
#[component]
pub fn HubLine() -> impl IntoView {
    let board = Board::here();
    let page = board.case.page;
    if board.asked.with_untracked(Option::is_none) {
        board.ask_hub();
    }
    let count = move |is: fn(&ItemState) -> bool| {
        board
            .listed
            .with(|items| items.iter().filter(|item| is(&item.state)).count() as u64)
    };
    let progress = move || {
        let (all, left) = (
            board.listed.with(Vec::len) as u64,
            count(|state| matches!(state, ItemState::Waiting | ItemState::Loading)),
        );
        let failed = count(|state| matches!(state, ItemState::Failed(_) | ItemState::Stopped));
        match (all, left, failed) {
            (0, ..) => String::new(),
            (all, 0, 0) => format!("{} of the Hub read.", counted(all, "model")),
            (all, 0, failed) => format!(
                "{} of {} of the Hub read, {} not: your list says why.",
                grouped(all.saturating_sub(failed)),
                counted(all, "model"),
                grouped(failed)
            ),
            (all, left, _) => format!("Reading: {} of {} left.", grouped(left), grouped(all)),
        }
    };
    view! {
        <p class="note num" role="status" data-figure="models.hub">{move || board.asked.get()}" "{progress}" "
            <button class="link" type="button" on:click=move |_| page.shows.set(Shows::Search)>"Another search"</button></p>
    }
}
