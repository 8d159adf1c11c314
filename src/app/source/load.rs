//! Loads a model, or the headers of its files, from the Hub. It knows nothing of the page: several can load at once.

use std::sync::Arc;

use serde_json::Value;
use weighbridge::export::ModelFacts;
use weighbridge::hub::Locator;
use weighbridge::hub::loader::{self, Doing, LoadError, Source, Wanted};
use weighbridge::model::headers::{Checkpoint, FileKind, gguf_config};
use weighbridge::model::{Blueprint, ModelError};
use weighbridge::scenario::ModelSource;

use super::super::case::Problem;
use super::super::loaded::Loaded;
use super::fetch::{Read, Stop, run};
use super::outline::Outline;
use super::{FROM_GGUF, FROM_HUB, header_cache};

/// What reading came to.
#[derive(Debug)]
pub enum Found {
    /// A model.
    Model(Box<Loaded>),
    /// The headers of the weight files of a model.
    Headers(Box<Checkpoint>),
    /// What belongs to no model that is known, or several models, of which one is to be chosen.
    Outline(Outline),
}

/// Loads a model by its config. One that is a GGUF alone and cannot be reached may have been kept.
pub async fn model(
    source: Source,
    locator: &Locator,
    asked: ModelSource,
    stop: &Stop,
    tell: impl Fn(Doing, Read),
) -> Result<Found, Problem> {
    let (endpoint, with_token) = (source.endpoint.clone(), source.token.is_some());
    let exchange = loader::model(source, locator.clone(), Wanted::Config);
    let loaded = match run(exchange, stop, tell).await {
        Ok(loaded) => loaded,
        Err(error) if error.is_away() => {
            let kept = header_cache::find(&endpoint, locator, None).await;
            let found = kept.map(|kept| alone(&locator.to_string(), locator.id().name(), kept));
            return found.ok_or_else(|| problem(error));
        }
        Err(error) => return Err(problem(error)),
    };
    Ok(Found::Model(Box::new(Loaded {
        facts: ModelFacts {
            id: loaded.id.to_string(),
            source: FROM_HUB.to_owned(),
        },
        name: loaded.id.name().to_owned(),
        config: Arc::new(loaded.config.unwrap_or_default()),
        commit: loaded.commit,
        with_token,
        asked,
        headers: None,
    })))
}

/// Reads the headers of a model's files; `config` is the one at hand, if one is.
pub async fn headers(
    source: Source,
    locator: &Locator,
    config: Option<Arc<Value>>,
    stop: &Stop,
    tell: impl Fn(Doing, Read),
) -> Result<Found, Problem> {
    let (endpoint, has_token) = (source.endpoint.clone(), source.token.is_some());
    let exchange = loader::model(source, locator.clone(), Wanted::Headers(config.clone()));
    match run(exchange, stop, tell).await {
        Ok(loaded) => {
            let weights = loaded.weights.ok_or_else(|| problem(LoadError::NoHeaders(loaded.id)))?;
            // What a token opened is for nobody else who uses this browser.
            if !has_token {
                header_cache::keep(&endpoint, locator, &weights.pieces, weights.index.as_ref()).await;
            }
            Ok(Found::Headers(Box::new(weights.checkpoint)))
        }
        Err(LoadError::Several { repo, models }) => Ok(Found::Outline(Outline::of_several(&repo, models))),
        // A commit's files never change, and a branch's are better old than not at all.
        Err(error) if error.is_away() => {
            let kept = header_cache::find(&endpoint, locator, config.as_deref()).await;
            kept.map(|kept| Found::Headers(Box::new(kept)))
                .ok_or_else(|| problem(error))
        }
        Err(error) => Err(problem(error)),
    }
}

/// Headers without a model: a GGUF holds its own config; anything else is told by its tensors.
pub fn alone(id: &str, name: &str, found: Checkpoint) -> Found {
    let mut why = None;
    if found.list.kind == FileKind::Gguf {
        match gguf_config::config(&found.list).and_then(understood) {
            Ok(config) => {
                return Found::Model(Box::new(Loaded {
                    facts: ModelFacts {
                        id: id.to_owned(),
                        source: FROM_GGUF.to_owned(),
                    },
                    name: name.to_owned(),
                    config: Arc::new(config.clone()),
                    commit: None,
                    with_token: false,
                    asked: ModelSource::Config(Box::new(config)),
                    headers: Some(Arc::new(found)),
                }));
            }
            Err(error) => why = Some(error.to_string()),
        }
    }
    let mut outline = Outline::of(&found, name);
    outline.notices.extend(why);
    Found::Outline(outline)
}

fn understood(config: Value) -> Result<Value, ModelError> {
    Blueprint::from_value(config.clone()).map(|_| config)
}

fn problem(error: LoadError) -> Problem {
    match error {
        LoadError::Hub(error) => Problem::Hub(Box::new(error)),
        other => Problem::Browser(other.to_string()),
    }
}
