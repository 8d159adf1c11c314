//! A config that the user brings: pasted, typed or from a file.

use std::sync::Arc;

use leptos::prelude::*;
use serde_json::Value;
use weighbridge::export::ModelFacts;
use weighbridge::hub::{HubError, Locator, read_config, read_json};
use weighbridge::limits;
use weighbridge::model::{Blueprint, ModelError};
use weighbridge::scenario::{ModelSource, link, prune};

use super::super::case::{Case, Problem};
use super::super::loaded::Loaded;
use super::super::toasts;
use super::{FROM_FILE, fail, take};

/// Whether a text is meant as JSON.
pub fn is_json(text: &str) -> bool {
    text.trim_start_matches('\u{feff}').trim_start().starts_with(['{', '['])
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
        with_token: false,
        asked: ModelSource::Config(Box::new(config)),
        headers: None,
    };
    take(case, loaded, true);
    if let Err(error) = case.scenario.with_untracked(link) {
        toasts::say(case.page, error.to_string());
    }
    true
}
