//! Headers of weight files for the page: of the model in hand, or of what was asked for last and has no config.

use std::sync::Arc;

use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::Value;
use weighbridge::hub::loader::Doing;
use weighbridge::hub::{Endpoint, Locator};
use weighbridge::model::headers::Checkpoint;
use weighbridge::scenario::ModelSource;

use super::super::case::{Case, Loading, Problem};
use super::super::loaded::Loaded;
use super::fetch::Stop;
use super::load::{self, Found, alone};
use super::{Asked, begin, ended, fail, header_cache, hub, show};

/// Whose headers are wanted.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    locator: Locator,
    config: Option<Arc<Value>>,
    /// The model in hand that is checked; none where there is no model to check.
    model: Option<ModelSource>,
}

/// Reads the headers of the model in hand and compares.
pub fn check(case: Case) {
    let endpoint = case.page.settings.endpoint.get_untracked();
    let target = case.model.with_untracked(|model| target_of(model.as_ref()?, &endpoint));
    if let Some(target) = target {
        read(case, target);
    }
}

/// The files of a model on the Hub.
fn target_of(model: &Loaded, endpoint: &Endpoint) -> Option<Target> {
    let ModelSource::Id(id) = &model.asked else { return None };
    let locator = Locator::parse_at(id, endpoint).ok()?;
    // The very files that the config belongs to, whatever was committed since.
    let commit = model.commit.as_deref().or(locator.revision());
    Some(Target {
        locator: Locator::new(locator.id().clone(), commit, locator.path()).ok()?,
        config: Some(model.config.clone()),
        model: Some(model.asked.clone()),
    })
}

/// Reads the headers of the model that was asked for last and not understood.
pub fn read_headers(case: Case) {
    let id = case.run.with_value(|run| match &run.last {
        Some(Asked::Person(text) | Asked::Link(ModelSource::Id(text))) => Some(text.clone()),
        _ => None,
    });
    let config = case.problem.with_untracked(|problem| match problem {
        Some(Problem::Unread { config, .. }) => Some(config.clone()),
        _ => None,
    });
    let endpoint = case.page.settings.endpoint.get_untracked();
    if let Some(locator) = id.and_then(|id| Locator::parse_at(&id, &endpoint).ok()) {
        let model = None;
        read(case, Target { locator, config, model });
    }
}

/// Reads the headers of one of several models in a repository.
pub fn choose(case: Case, path: &str) {
    let Some(Asked::Headers(mut target)) = case.run.with_value(|run| run.last.clone()) else {
        return;
    };
    match Locator::new(target.locator.id().clone(), target.locator.revision(), Some(path)) {
        Ok(locator) => {
            target.locator = locator;
            read(case, target);
        }
        Err(error) => fail(case, Problem::Address(error.to_string())),
    }
}

/// Reads the headers of one file of a repository: a GGUF is a model by itself.
pub fn open_file(case: Case, id: &str, path: &str) {
    let endpoint = case.page.settings.endpoint.get_untracked();
    let found = Locator::parse_at(id, &endpoint)
        .and_then(|locator| Locator::new(locator.id().clone(), locator.revision(), Some(path)));
    match found {
        Ok(locator) => read(
            case,
            Target {
                locator,
                config: None,
                model: None,
            },
        ),
        Err(error) => fail(case, Problem::Address(error.to_string())),
    }
}

/// Puts the headers that were read before to the model in hand, without a network.
pub fn follow(case: Case) {
    let wanted = Memo::new(move |_| {
        let endpoint = case.page.settings.endpoint.get();
        case.model.with(|model| {
            let model = model.as_ref().filter(|model| model.headers.is_none())?;
            Some((target_of(model, &endpoint)?, endpoint))
        })
    });
    Effect::new(move |_| {
        let Some((target, endpoint)) = wanted.get() else { return };
        spawn_local(async move {
            let config = target.config.as_deref();
            if let Some(found) = header_cache::find(&endpoint, &target.locator, config).await {
                put(case, &target, found, false);
            }
        });
    });
}

/// Reads the headers of a target.
pub fn read(case: Case, target: Target) {
    let stop = Stop::new();
    begin(case, Some(stop.clone()), Some(Asked::Headers(target.clone())));
    case.problem.set(None);
    case.outline.set(None);
    let told = stop.clone();
    let what = target.locator.to_string();
    let loading = move |read| {
        if !told.is_stopped() {
            let what = what.clone();
            case.loading.set(Some(Loading {
                what,
                headers: true,
                read,
            }));
        }
    };
    loading(None);
    spawn_local(async move {
        let tell = |doing, _| {
            loading(match doing {
                Doing::Headers { done, of } => Some((done, Some(of))),
                _ => None,
            });
        };
        let source = hub(case.page.settings);
        let with_token = source.token.is_some();
        let read = load::headers(source, &target.locator, target.config.clone(), &stop, tell).await;
        if stop.is_stopped() {
            return;
        }
        match read {
            Ok(Found::Headers(found)) if target.model.is_some() => {
                ended(case);
                put(case, &target, *found, with_token);
            }
            Ok(Found::Headers(found)) => {
                let (id, name) = (target.locator.to_string(), target.locator.id().name());
                let mut found = alone(&id, name, *found);
                if let Found::Model(model) = &mut found {
                    model.with_token = with_token;
                }
                show(case, found, true);
            }
            Ok(found) => show(case, found, true),
            Err(problem) => fail(case, problem),
        }
    });
}

/// Gives headers to the model they were read for, if it is still in hand.
fn put(case: Case, target: &Target, found: Checkpoint, with_token: bool) {
    let wants = |model: &Loaded| {
        model.headers.is_none()
            && Some(&model.asked) == target.model.as_ref()
            && Some(&model.config) == target.config.as_ref()
    };
    if case.model.with_untracked(|model| model.as_ref().is_some_and(wants)) {
        case.model.update(|model| {
            if let Some(model) = model {
                model.headers = Some(Arc::new(found));
                model.with_token |= with_token;
            }
        });
    }
}
