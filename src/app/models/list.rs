//! The user's list: pasted or dropped, loaded a few at a time, each with its own progress, error and next step.

use std::sync::Arc;

use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::Value;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{DragEvent, HtmlInputElement};
use weighbridge::hub::model_list::read_list;
use weighbridge::limits;
use weighbridge::model::Blueprint;
use weighbridge::units::grouped;

use super::board::{Board, Weighable, Which};
use crate::app::problem::in_words;
use crate::app::source::{self, Stop};

/// How many are fetched at once.
const AT_ONCE: usize = 4;

/// A model of the list.
#[derive(Clone, Debug)]
pub struct Item {
    /// What stands in the list.
    pub asked: String,
    /// How far it is.
    pub state: ItemState,
}

/// How far a model of the list is.
#[derive(Clone, Debug)]
pub enum ItemState {
    /// Not begun.
    Waiting,
    /// On its way.
    Loading,
    /// What it is.
    There(Weighable),
    /// Why it did not come, or cannot be weighed.
    Failed(String),
    /// Stopped by the user.
    Stopped,
}

impl Board {
    /// Takes a list: what is new in it is added, and fetched.
    pub fn take_list(self, text: &str) -> Result<(), String> {
        let list = read_list(text, None).map_err(|error| error.to_string())?;
        self.take_names(list.models.into_iter().map(|model| model.text));
        Ok(())
    }
    /// Adds models by name, and fetches those that are new.
    pub fn take_names(self, names: impl Iterator<Item = String>) {
        self.listed.update(|items| {
            for asked in names {
                if !items.iter().any(|item| item.asked == asked) {
                    items.push(Item {
                        asked,
                        state: ItemState::Waiting,
                    });
                }
            }
        });
        self.fetch();
    }
    /// Begins as many as may be under way at once.
    pub fn fetch(self) {
        let due = self.listed.try_update(|items| {
            let under_way = items
                .iter()
                .filter(|item| matches!(item.state, ItemState::Loading))
                .count();
            let waiting = items
                .iter_mut()
                .enumerate()
                .filter(|(_, item)| matches!(item.state, ItemState::Waiting));
            let mut due = Vec::new();
            for (at, item) in waiting.take(AT_ONCE.saturating_sub(under_way)) {
                item.state = ItemState::Loading;
                due.push((at, item.asked.clone()));
            }
            due
        });
        for (at, asked) in due.unwrap_or_default() {
            spawn_local(async move {
                let state = match self.find(&asked).await {
                    Ok(model) => ItemState::There(model),
                    Err(why) => ItemState::Failed(why),
                };
                let came = match &state {
                    ItemState::There(model) => Some(model.clone()),
                    _ => None,
                };
                // Removed, or stopped meanwhile.
                let taken = self.listed.try_update(|items| {
                    let item = items
                        .get_mut(at)
                        .filter(|item| item.asked == asked && matches!(item.state, ItemState::Loading));
                    item.map(|item| item.state = state).is_some()
                });
                if taken == Some(true)
                    && let Some(model) = came
                {
                    self.add_row(&model);
                }
                if taken.is_some() {
                    self.fetch();
                }
            });
        }
    }
    /// A model by what stands in the list: an id, an address, or a link of this page.
    async fn find(self, asked: &str) -> Result<Weighable, String> {
        let query = asked.split_once('?').map_or(asked, |(_, query)| query);
        let linked = query.split('&').find_map(|pair| pair.strip_prefix("m="));
        let named = linked.map_or_else(
            || asked.to_owned(),
            |id| {
                percent_encoding::percent_decode_str(id)
                    .decode_utf8_lossy()
                    .into_owned()
            },
        );
        let stop = Stop::new();
        self.stops.update_value(|all| all.push(stop.clone()));
        let found = source::find(self.case.page.settings, &named, &stop).await;
        let found = found.map_err(|problem| in_words(&problem))?;
        let blueprint = Blueprint::from_value(Value::clone(&found.config)).map_err(|error| error.to_string())?;
        Ok(Weighable {
            id: found.facts.id,
            name: found.name,
            source: found.asked,
            blueprint: Arc::new(blueprint),
        })
    }
    /// What is there of the list.
    pub fn listed_models(self) -> Vec<Weighable> {
        self.listed.with_untracked(|items| {
            let there = items.iter().filter_map(|item| match &item.state {
                ItemState::There(model) => Some(model.clone()),
                _ => None,
            });
            there.collect()
        })
    }
    /// The row of a model that came, if the list is shown; else it is weighed when the list is.
    fn add_row(self, model: &Weighable) {
        if self.which.get_untracked() == Which::BuiltIn {
            return;
        }
        match self.row(model) {
            Ok(row) => self.rows.update(|rows| rows.push(row)),
            Err(why) => self.refuse(model, why),
        }
    }
    /// Says in its place why a model of the list cannot be weighed; a built-in one has no place.
    pub fn refuse(self, model: &Weighable, why: String) {
        if self.which.get_untracked() == Which::BuiltIn {
            return;
        }
        self.listed.update(|items| {
            let same = |item: &&mut Item| matches!(&item.state, ItemState::There(there) if there.id == model.id);
            if let Some(item) = items.iter_mut().find(same) {
                item.state = ItemState::Failed(why);
            }
        });
    }
    fn each(self, change: impl Fn(&mut Item)) {
        self.listed.update(|items| items.iter_mut().for_each(change));
    }
}

/// Where a list goes in, and what of it is not a row of the table.
#[component]
pub fn ListBox() -> impl IntoView {
    let board = Board::here();
    let text = RwSignal::new(String::new());
    let problem = RwSignal::new(None::<String>);
    let take = move |list: &str| match board.take_list(list) {
        Ok(()) => {
            text.set(String::new());
            problem.set(None);
        }
        Err(why) => problem.set(Some(why)),
    };
    let read = move |file: web_sys::File| {
        if file.size() > limits::LISTING.bytes as f64 {
            return problem.set(Some(limits::LISTING.refusal("The file")));
        }
        spawn_local(async move {
            match JsFuture::from(file.text()).await {
                Ok(list) => take(&list.as_string().unwrap_or_default()),
                Err(_) => problem.set(Some("The file cannot be read.".to_owned())),
            }
        });
    };
    let pick = move |event: leptos::ev::Event| {
        let input = event
            .target()
            .and_then(|target| target.dyn_into::<HtmlInputElement>().ok());
        if let Some(file) = input.and_then(|input| input.files()).and_then(|files| files.get(0)) {
            read(file);
        }
    };
    let drop = move |event: DragEvent| {
        event.prevent_default();
        event.stop_propagation();
        let files = event.data_transfer().and_then(|data| data.files());
        match files.and_then(|files| files.get(0)) {
            Some(file) => read(file),
            None => {
                let dropped = event.data_transfer().and_then(|data| data.get_data("text").ok());
                take(&dropped.unwrap_or_default());
            }
        }
    };
    let count = move |is: fn(&ItemState) -> bool| {
        board
            .listed
            .with(|items| items.iter().filter(|item| is(&item.state)).count())
    };
    let under_way = move || count(|state| matches!(state, ItemState::Waiting | ItemState::Loading));
    let failed = move || count(|state| matches!(state, ItemState::Failed(_) | ItemState::Stopped));
    let retry = move |_| {
        board.each(|item| {
            if matches!(item.state, ItemState::Failed(_) | ItemState::Stopped) {
                item.state = ItemState::Waiting;
            }
        });
        board.fetch();
    };
    let stop = move |_| {
        board
            .stops
            .update_value(|all| all.drain(..).for_each(|stop| stop.stop()));
        board.each(|item| {
            if matches!(item.state, ItemState::Waiting | ItemState::Loading) {
                item.state = ItemState::Stopped;
            }
        });
    };
    let progress = move || {
        let (all, left) = (board.listed.with(Vec::len) as u64, under_way() as u64);
        match (all, left) {
            (0, _) => String::new(),
            (all, 0) => format!("{} of {} read.", grouped(all - failed() as u64), grouped(all)),
            (all, left) => format!("Reading: {} of {} left.", grouped(left), grouped(all)),
        }
    };
    view! {
        <section class="card list-box" aria-labelledby="list-title" on:dragover=|event: DragEvent| event.prevent_default() on:drop=drop>
            <h2 id="list-title">"Your list"</h2>
            <label><span class="unseen">"Models, one a line"</span>
                <textarea rows="4" id="model-list" spellcheck="false" placeholder="Qwen/Qwen3-8B\nopenai/gpt-oss-20b\nor a CSV with a column \"model\"" prop:value=move || text.get()
                    on:input:target=move |event| text.set(event.target().value())></textarea></label>
            <div class="deeds">
                <button class="button small" type="button" id="list-take" disabled=move || text.with(|text| text.trim().is_empty()) on:click=move |_| { let list = text.get_untracked(); take(&list); }>"Add"</button>
                <label class="button small quiet">"Open a file"<input class="unseen" type="file" accept=".txt,.csv,.tsv,text/*" on:change=pick/></label>
                <span class="num" aria-live="polite" data-figure="models.progress">{progress}</span>
                {move || (under_way() > 0).then(|| view! { <button class="link" type="button" on:click=stop>"Stop"</button> })}
                {move || (under_way() == 0 && failed() > 0).then(|| view! { <button class="link" type="button" id="list-retry" on:click=retry>"Try again"</button> })}
                {move || (!board.listed.with(Vec::is_empty)).then(|| view! { <button class="link" type="button" on:click=move |_| { board.listed.set(Vec::new()); board.rows.set(Vec::new()); }>"Clear"</button> })}
            </div>
            {move || problem.get().map(|why| view! { <p class="problem" role="alert">{why}</p> })}
            <ul class="failed">
                {move || board.listed.get().into_iter().enumerate().filter_map(|(at, item)| {
                    let why = match item.state {
                        ItemState::Failed(why) => why,
                        ItemState::Stopped => "Stopped.".to_owned(),
                        ItemState::Loading => return Some(view! { <li class="reading"><b>{item.asked}</b>" reading …"</li> }.into_any()),
                        ItemState::Waiting | ItemState::There(_) => return None,
                    };
                    let label = format!("Try {} again", item.asked);
                    let again = move |_| {
                        board.listed.update(|items| {
                            if let Some(item) = items.get_mut(at) {
                                item.state = ItemState::Waiting;
                            }
                        });
                        board.fetch();
                    };
                    Some(view! { <li><b>{item.asked}</b>" "{why}" "<button class="link" type="button" aria-label=label on:click=again>"Try again"</button></li> }.into_any())
                }).collect_view()}
            </ul>
        </section>
    }
}
