//! Getting a model into the page: from the catalogue, the Hub, a file, the clipboard or the link.
//!
//! One request at a time: a new one stops the one before, and an answer that comes late is dropped. Until a model is
//! whole and understood the old one stays, with its answer.

mod checkpoint;
mod fetch;
mod file;
pub mod files;
mod header_cache;
mod headers;
mod link_sync;
mod local_files;
pub mod recent;
pub mod search;

pub use checkpoint::{Headers, Outline};
pub use file::{CHOOSE, read_files};
pub use headers::{check, choose, read_headers};
pub use link_sync::follow;

use std::cell::RefCell;
use std::sync::Arc;

use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::Value;
use weighbridge::export::ModelFacts;
use weighbridge::hub::{HubError, Locator, add_side_file, read_config, read_json, side_paths};
use weighbridge::limits;
use weighbridge::model::{Blueprint, ModelError, catalogue};
use weighbridge::scenario::{ModelSource, apply_edits, link, prune};

use super::case::{Case, Loading, Problem};
use super::first_choice;
use super::loaded::{Loaded, at_hand};
use super::toasts;
use fetch::Request;

/// Where a model that was read from somewhere else says it is from.
pub const FROM_HUB: &str = "config.json on the Hub";
/// A config made of a GGUF's own keys.
pub const FROM_GGUF: &str = "GGUF header";
/// A config given by the user.
pub const FROM_FILE: &str = "config.json";

/// Who wants the model: a person, who starts afresh, or the link, whose edits belong to it.
#[derive(Clone, Debug, PartialEq)]
enum Asked {
    Person(String),
    Link(ModelSource),
    /// Headers of weight files.
    Headers(headers::Target),
}

/// The request under way and the last one, for another try. The page has one thread and one State.
#[derive(Debug, Default)]
struct Run {
    number: u64,
    request: Option<Request>,
    last: Option<Asked>,
}

thread_local! {
    static RUN: RefCell<Run> = RefCell::default();
}

/// Loads anything typed or pasted: a name of the catalogue, a Hub id or address, or the text of a config.json.
pub fn load(case: Case, text: &str) {
    let text = text.trim();
    if is_json(text) {
        load_config(case, text, None);
        return;
    }
    remember(Asked::Person(text.to_owned()));
    let endpoint = case.page.settings.endpoint.get_untracked();
    let locator = if catalogue::find(text).is_some() {
        Ok(None)
    } else {
        Locator::parse_at(text, &endpoint).map(Some)
    };
    let id = match &locator {
        Ok(None) => text.to_owned(),
        Ok(Some(locator)) => locator.to_string(),
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

/// Loads the text of a config; `name` is that of its file. Whether it is the model now.
pub fn load_config(case: Case, text: &str, name: Option<&str>) -> bool {
    if limits::CONFIG.is_passed_by(text.as_bytes()) {
        fail(case, Problem::Model(ModelError::TooLarge));
        return false;
    }
    match read_json(text) {
        Ok(config) => use_config(case, config, name),
        Err(what) => {
            fail(case, Problem::Model(ModelError::NotJson(format!("it holds {what}"))));
            false
        }
    }
}

/// Takes a config as the model, if it is one; whether it is.
pub fn use_config(case: Case, config: Value, name: Option<&str>) -> bool {
    // Generation settings, tokenizers and adapters are JSON too; the Hub's reader knows them apart.
    if let Err(error) = Blueprint::from_value(config.clone()) {
        let known = "the/file".parse().ok().and_then(|id| Locator::new(id, None, None).ok());
        let other = known.and_then(|locator| read_config(&config.to_string(), &locator).err());
        fail(
            case,
            match other {
                Some(
                    other @ (HubError::Adapter { .. }
                    | HubError::Diffusers { .. }
                    | HubError::SentenceTransformers { .. }),
                ) => Problem::Browser(other.message().replace("the/file", "This file")),
                _ => Problem::Model(error),
            },
        );
        return false;
    }
    let config = prune(config);
    let title = config
        .get("_name_or_path")
        .and_then(Value::as_str)
        .and_then(|path| path.rsplit('/').next())
        .filter(|name| !name.is_empty());
    let loaded = Loaded {
        facts: ModelFacts {
            id: name.unwrap_or("config.json").to_owned(),
            source: FROM_FILE.to_owned(),
        },
        name: title.or(name).unwrap_or("Your config.json").to_owned(),
        config: Arc::new(config.clone()),
        commit: None,
        asked: ModelSource::Config(Box::new(config)),
        headers: None,
    };
    take(case, loaded, true);
    if let Err(error) = case.scenario.with_untracked(link) {
        toasts::say(case.page, error.to_string());
    }
    true
}

/// Asks once more for what failed.
pub fn retry(case: Case) {
    match RUN.with_borrow(|run| run.last.clone()) {
        Some(Asked::Person(text)) => load(case, &text),
        Some(Asked::Link(source)) => load_link(case, source),
        Some(Asked::Headers(target)) => headers::read(case, target),
        None => {}
    }
}

/// Stops the request under way. The model in hand stays, and the scenario names it again.
pub fn cancel(case: Case) {
    begin(None);
    case.loading.set(None);
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
    remember(Asked::Link(source.clone()));
    if let Some(loaded) = at_hand(&source) {
        return take(case, loaded, false);
    }
    let ModelSource::Id(id) = &source else { return };
    match Locator::parse_at(id, &case.page.settings.endpoint.get_untracked()) {
        Ok(locator) => fetch_model(case, locator, source, false),
        Err(error) => fail(case, Problem::Address(error.to_string())),
    }
}

fn fetch_model(case: Case, locator: Locator, source: ModelSource, afresh: bool) {
    let settings = case.page.settings;
    let request = match Request::new(settings.endpoint.get_untracked(), settings.token_to_send()) {
        Ok(request) => request,
        Err(words) => return fail(case, Problem::Browser(words)),
    };
    let number = begin(Some(request.clone()));
    let current = move || RUN.with_borrow(|run| run.number == number);
    clear_problem(case, afresh);
    case.outline.set(None);
    case.loading.set(Some(Loading {
        what: locator.to_string(),
        headers: false,
        read: None,
    }));
    spawn_local(async move {
        let progress = move |what: &str, read| {
            if current() {
                case.loading.set(Some(Loading {
                    what: what.to_owned(),
                    headers: false,
                    read,
                }));
            }
        };
        let answer = request.config(&locator, progress).await;
        // Last request wins.
        if !current() {
            return;
        }
        let fetched = match answer {
            Ok(fetched) => fetched,
            Err(HubError::Cancelled) => return case.loading.set(None),
            Err(error) => {
                let away = matches!(error, HubError::Unreachable { .. } | HubError::TimedOut { .. });
                // A repository of GGUF files has no config, but its headers may have been read.
                if away && headers::without_network(case, &settings.endpoint.get_untracked(), &locator, number).await {
                    return;
                }
                if current() {
                    fail(case, Problem::Hub(Box::new(error)));
                }
                return;
            }
        };
        let mut config = match read_config(&fetched.text, &locator) {
            Ok(config) => config,
            Err(error) => return fail(case, Problem::Hub(Box::new(error))),
        };
        for path in side_paths(&config, &locator) {
            let text = request.beside(&locator, &path).await;
            if !current() {
                return;
            }
            if text.is_some_and(|text| add_side_file(&mut config, &path, &text)) {
                break;
            }
        }
        let mut edited = config.clone();
        if !afresh {
            case.scenario
                .with_untracked(|scenario| apply_edits(&mut edited, &scenario.model.edits));
        }
        // A link's edits may be what makes a config readable, or what breaks it: then the editor can mend them.
        if let Err(error) = Blueprint::from_value(config.clone())
            && Blueprint::from_value(edited).is_err()
        {
            let config = Arc::new(config);
            return fail(case, Problem::Unread { error, config });
        }
        let id = fetched.id.unwrap_or_else(|| locator.id().clone());
        let loaded = Loaded {
            facts: ModelFacts {
                id: id.to_string(),
                source: FROM_HUB.to_owned(),
            },
            name: id.name().to_owned(),
            config: Arc::new(config),
            commit: fetched.commit,
            asked: source,
            headers: None,
        };
        take(case, loaded, afresh);
    });
}

/// Makes a model the one in hand.
fn take(case: Case, loaded: Loaded, afresh: bool) {
    begin(None);
    if let ModelSource::Id(id) = &loaded.asked {
        recent::add(id);
    }
    let asked = loaded.asked.clone();
    case.loading.set(None);
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
    begin(None);
    case.loading.set(None);
    case.outline.set(None);
    case.problem.set(Some(problem));
}

/// Stops the request under way and puts another in its place.
fn begin(request: Option<Request>) -> u64 {
    let (number, old) = RUN.with_borrow_mut(|run| {
        run.number += 1;
        (run.number, std::mem::replace(&mut run.request, request))
    });
    if let Some(old) = old {
        old.stop();
    }
    number
}

fn remember(asked: Asked) {
    RUN.with_borrow_mut(|run| run.last = Some(asked));
}

/// Whether the link waits for its model.
fn link_waits() -> bool {
    RUN.with_borrow(|run| run.request.is_some() && matches!(run.last, Some(Asked::Link(_))))
}

/// Whether a text is meant as JSON.
pub fn is_json(text: &str) -> bool {
    text.trim_start_matches('\u{feff}').trim_start().starts_with(['{', '['])
}
