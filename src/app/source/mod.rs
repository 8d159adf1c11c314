//! Getting a model into the page: from the catalogue, the Hub, a file, the clipboard or the link.
//!
//! [`load`] and [`fetch`] know nothing of the page; what is done with their results is here, in [`headers`] and
//! [`local_files`]. One wish at a time: a new one stops the one before, whose result is dropped. Until a model is whole
//! and understood the old one stays, with its answer.

mod fetch;
mod file;
pub mod files;
mod header_cache;
mod headers;
mod link_sync;
mod load;
mod local_files;
mod outline;
mod own_config;
pub mod recent;
pub mod search;

pub use file::{CHOOSE, read_files};
pub use headers::{check, choose, open_file, read_headers};
pub use link_sync::follow;
pub use outline::Outline;
pub use own_config::{is_json, load_config, use_config};

use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::Value;
use weighbridge::hub::Locator;
use weighbridge::hub::loader::{self, Source};
use weighbridge::model::{Blueprint, catalogue};
use weighbridge::scenario::{ModelSource, apply_edits};

use super::case::{Case, Loading, Problem};
use super::first_choice;
use super::loaded::{Loaded, at_hand};
use super::settings::Settings;
use super::suggest::built_in;
pub use fetch::{Stop, run};
use load::Found;

/// Where a model that was read from somewhere else says it is from.
pub const FROM_HUB: &str = "config.json on the Hub";
/// A config made of a GGUF's own keys.
pub const FROM_GGUF: &str = "GGUF header";
/// A config given by the user.
pub const FROM_FILE: &str = "config.json";

/// Who wants the model: a person, who starts afresh, or the link, whose edits belong to it.
#[derive(Clone, Debug, PartialEq)]
pub enum Asked {
    Person(String),
    Link(ModelSource),
    /// Headers of weight files.
    Headers(headers::Target),
}

/// The wish under way and the last one, for another try.
#[derive(Debug, Default)]
pub struct Run {
    stop: Option<Stop>,
    last: Option<Asked>,
}

/// Loads anything typed or pasted: a name of the catalogue, a Hub id or address, or the text of a config.json.
pub fn load(case: Case, text: &str) {
    let text = text.trim();
    if is_json(text) {
        load_config(case, text, None);
        return;
    }
    begin(case, None, Some(Asked::Person(text.to_owned())));
    let endpoint = case.page.settings.endpoint.get_untracked();
    let locator = if catalogue::find(text).is_some() {
        Ok(None)
    } else {
        Locator::parse_at(text, &endpoint).map(Some)
    };
    let id = match &locator {
        Ok(None) => text.to_owned(),
        Ok(Some(locator)) => built_in(locator).map_or_else(|| locator.to_string(), |entry| entry.id.clone()),
        Err(error) => return fail(case, Problem::Address(error.to_string())),
    };
    let source = ModelSource::Id(catalogue::find(&id).map_or(id, |entry| entry.id.clone()));
    match (at_hand(&source), locator) {
        (Some(loaded), _) => take(case, loaded, true),
        (None, Ok(Some(locator))) => fetch_model(case, locator, source, true),
        // Only what the catalogue knows has no locator.
        (None, _) => {}
    }
}

/// Asks once more for what failed.
pub fn retry(case: Case) {
    match case.run.with_value(|run| run.last.clone()) {
        Some(Asked::Person(text)) => load(case, &text),
        Some(Asked::Link(source)) => load_link(case, source),
        Some(Asked::Headers(target)) => headers::read(case, target),
        None => {}
    }
}

/// Stops the request under way. The model in hand stays, and the scenario names it again.
pub fn cancel(case: Case) {
    ended(case);
    keep_model(case);
}

/// Takes the message away. What the link names and could not be read is given up for the model in hand.
pub fn dismiss(case: Case) {
    case.problem.set(None);
    case.outline.set(None);
    keep_model(case);
}

fn keep_model(case: Case) {
    let Some(asked) = case
        .model
        .with_untracked(|model| model.as_ref().map(|model| model.asked.clone()))
    else {
        return;
    };
    if case.scenario.with_untracked(|scenario| scenario.model.source != asked) {
        case.scenario.update(|scenario| {
            scenario.model.source = asked;
            // They were meant for the other model.
            scenario.model.edits.clear();
        });
    }
}

/// Loads what a link names; its edits stay.
fn load_link(case: Case, source: ModelSource) {
    begin(case, None, Some(Asked::Link(source.clone())));
    if let Some(loaded) = at_hand(&source) {
        return take(case, loaded, false);
    }
    let ModelSource::Id(id) = &source else { return };
    match Locator::parse_at(id, &case.page.settings.endpoint.get_untracked()) {
        Ok(locator) => fetch_model(case, locator, source, false),
        Err(error) => fail(case, Problem::Address(error.to_string())),
    }
}

/// Whom to ask, by the settings.
pub fn hub(settings: Settings) -> Source {
    Source {
        endpoint: settings.endpoint.get_untracked(),
        token: settings.token_to_send(),
    }
}

/// A model for no case yet, by what stands in a list: a built-in name, a Hub id or an address.
///
/// # Errors
/// Why there is none.
pub async fn find(settings: Settings, text: &str, stop: &Stop) -> Result<Loaded, Problem> {
    if let Some(entry) = catalogue::find(text) {
        let built_in = at_hand(&ModelSource::Id(entry.id.clone()));
        return built_in.ok_or_else(|| Problem::Address(format!("There is no model \"{text}\".")));
    }
    let locator = Locator::parse_at(text, &settings.endpoint.get_untracked())
        .map_err(|error| Problem::Address(error.to_string()))?;
    let asked = ModelSource::Id(locator.to_string());
    match load::model(hub(settings), &locator, asked, stop, |_, _| {}).await? {
        Found::Model(loaded) => Ok(*loaded),
        _ => Err(Problem::Browser(
            "It has no config: open it by itself to read the headers of its files.".to_owned(),
        )),
    }
}

fn fetch_model(case: Case, locator: Locator, source: ModelSource, afresh: bool) {
    let stop = Stop::new();
    begin(case, Some(stop.clone()), None);
    clear_problem(case, afresh);
    case.outline.set(None);
    let (what, told) = (locator.to_string(), stop.clone());
    let loading = move |what: String, read| {
        if !told.is_stopped() {
            case.loading.set(Some(Loading {
                what,
                headers: false,
                read,
            }));
        }
    };
    loading(what.clone(), None);
    spawn_local(async move {
        let tell = |doing: loader::Doing, read| loading(doing.words(&what), read);
        let found = load::model(hub(case.page.settings), &locator, source, &stop, tell).await;
        // The last wish wins.
        if stop.is_stopped() {
            return;
        }
        match found.and_then(|found| understood(case, found, afresh)) {
            Ok(found) => show(case, found, afresh),
            Err(problem) => fail(case, problem),
        }
    });
}

/// A model whose config is understood. A link's edits may be what makes it so, or what breaks it: then the editor can
/// mend them.
fn understood(case: Case, found: Found, afresh: bool) -> Result<Found, Problem> {
    let Found::Model(loaded) = &found else {
        return Ok(found);
    };
    let mut edited = Value::clone(&loaded.config);
    if !afresh {
        case.scenario
            .with_untracked(|scenario| apply_edits(&mut edited, &scenario.model.edits));
    }
    match Blueprint::from_value(Value::clone(&loaded.config)) {
        Err(error) if Blueprint::from_value(edited).is_err() => Err(Problem::Unread {
            error,
            config: loaded.config.clone(),
        }),
        _ => Ok(found),
    }
}

/// Shows what was found that is no headers of the model in hand.
fn show(case: Case, found: Found, afresh: bool) {
    match found {
        // A GGUF's own config is another model than a link's.
        Found::Model(loaded) => {
            let own = loaded.facts.source == FROM_GGUF;
            take(case, *loaded, afresh || own);
        }
        Found::Outline(outline) => {
            ended(case);
            case.outline.set(Some(outline));
        }
        Found::Headers(_) => ended(case),
    }
}

/// Makes a model the one in hand.
fn take(case: Case, loaded: Loaded, afresh: bool) {
    ended(case);
    if let ModelSource::Id(id) = &loaded.asked {
        recent::add(id, &loaded);
    }
    let asked = loaded.asked.clone();
    clear_problem(case, afresh);
    case.outline.set(None);
    case.model.set(Some(loaded));
    if afresh {
        case.scenario.update(|scenario| {
            scenario.model.source = asked;
            scenario.model.edits.clear();
        });
        first_choice::for_model(case);
    }
}

/// What is wrong with the link itself stays until a person chooses a model.
fn clear_problem(case: Case, afresh: bool) {
    if afresh
        || case
            .problem
            .with_untracked(|problem| !matches!(problem, Some(Problem::Link(_))))
    {
        case.problem.set(None);
    }
}

/// Says what went wrong; the model in hand stays.
pub fn fail(case: Case, problem: Problem) {
    ended(case);
    case.outline.set(None);
    case.problem.set(Some(problem));
}

/// Stops the wish under way and puts another in its place, if there is one; `asked` is for another try.
fn begin(case: Case, stop: Option<Stop>, asked: Option<Asked>) {
    let old = case.run.try_update_value(|run| {
        if asked.is_some() {
            run.last = asked;
        }
        std::mem::replace(&mut run.stop, stop)
    });
    if let Some(old) = old.flatten() {
        old.stop();
    }
}

/// Nothing is under way any more.
fn ended(case: Case) {
    begin(case, None, None);
    case.loading.set(None);
}

/// Whether the link waits for its model.
fn link_waits(case: Case) -> bool {
    case.run
        .with_value(|run| run.stop.is_some() && matches!(run.last, Some(Asked::Link(_))))
}
