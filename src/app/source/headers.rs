//! Headers of weight files for the page: of the model in hand, or of what was asked for last and has no config.

use std::sync::Arc;

use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::Value;
use weighbridge::hub::loader::Doing;
use weighbridge::hub::{Endpoint, Locator};
use weighbridge::model::headers::Checkpoint;
use weighbridge::scenario::ModelSource;

use super::super::state::{Loaded, Loading, Problem, State};
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
pub fn check(state: State) {
    let endpoint = state.settings.endpoint.get_untracked();
    let target = state
        .model
        .with_untracked(|model| target_of(model.as_ref()?, &endpoint));
    if let Some(target) = target {
        read(state, target);
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
pub fn read_headers(state: State) {
    let id = state.run.with_value(|run| match &run.last {
        Some(Asked::Person(text) | Asked::Link(ModelSource::Id(text))) => Some(text.clone()),
        _ => None,
    });
    let config = state.problem.with_untracked(|problem| match problem {
        Some(Problem::Unread { config, .. }) => Some(config.clone()),
        _ => None,
    });
    let endpoint = state.settings.endpoint.get_untracked();
    if let Some(locator) = id.and_then(|id| Locator::parse_at(&id, &endpoint).ok()) {
        let model = None;
        read(state, Target { locator, config, model });
    }
}

/// Reads the headers of one of several models in a repository.
pub fn choose(state: State, path: &str) {
    let Some(Asked::Headers(mut target)) = state.run.with_value(|run| run.last.clone()) else {
        return;
    };
    match Locator::new(target.locator.id().clone(), target.locator.revision(), Some(path)) {
        Ok(locator) => {
            target.locator = locator;
            read(state, target);
        }
        Err(error) => fail(state, Problem::Address(error.to_string())),
    }
}

/// Puts the headers that were read before to the model in hand, without a network.
pub fn follow(state: State) {
    let wanted = Memo::new(move |_| {
        let endpoint = state.settings.endpoint.get();
        state.model.with(|model| {
            let model = model.as_ref().filter(|model| model.headers.is_none())?;
            Some((target_of(model, &endpoint)?, endpoint))
        })
    });
    Effect::new(move |_| {
        let Some((target, endpoint)) = wanted.get() else { return };
        spawn_local(async move {
            let config = target.config.as_deref();
            if let Some(found) = header_cache::find(&endpoint, &target.locator, config).await {
                put(state, &target, found);
            }
        });
    });
}

/// Reads the headers of a target.
pub fn read(state: State, target: Target) {
    let stop = Stop::new();
    begin(state, Some(stop.clone()), Some(Asked::Headers(target.clone())));
    state.problem.set(None);
    state.outline.set(None);
    let told = stop.clone();
    let what = target.locator.to_string();
    let loading = move |read| {
        if !told.is_stopped() {
            let what = what.clone();
            state.loading.set(Some(Loading {
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
        let read = load::headers(hub(state), &target.locator, target.config.clone(), &stop, tell).await;
        if stop.is_stopped() {
            return;
        }
        match read {
            Ok(Found::Headers(found)) if target.model.is_some() => {
                ended(state);
                put(state, &target, *found);
            }
            Ok(Found::Headers(found)) => {
                let (id, name) = (target.locator.to_string(), target.locator.id().name());
                show(state, alone(&id, name, *found), true);
            }
            Ok(found) => show(state, found, true),
            Err(problem) => fail(state, problem),
        }
    });
}

/// Gives headers to the model they were read for, if it is still in hand.
fn put(state: State, target: &Target, found: Checkpoint) {
    let wants = |model: &Loaded| {
        model.headers.is_none()
            && Some(&model.asked) == target.model.as_ref()
            && Some(&model.config) == target.config.as_ref()
    };
    if state.model.with_untracked(|model| model.as_ref().is_some_and(wants)) {
        state.model.update(|model| {
            if let Some(model) = model {
                model.headers = Some(Arc::new(found));
            }
        });
    }
}
