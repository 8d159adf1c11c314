//! From what the user typed to a config.

use std::path::Path;
use std::time::Duration;

use clap::ArgMatches;
use serde_json::Value;
use weighbridge::export::ModelFacts;
use weighbridge::hub::{Endpoint, Locator, Token, read_config};
use weighbridge::model::{Blueprint, catalogue};
use weighbridge::scenario::{ModelSource, Scenario, apply_edits};

use super::fetch::fetch_config;
use super::output::Failure;

/// A model as it was found.
#[derive(Debug)]
pub struct Found {
    /// Its config.
    pub config: Value,
    /// Its id and source.
    pub facts: ModelFacts,
    /// How a scenario names it.
    pub source: ModelSource,
}

/// Finds a model: a file or folder, a built-in model, else the Hub.
pub fn find(text: &str, matches: &ArgMatches) -> Result<Found, Failure> {
    let path = Path::new(text);
    if path.is_dir() {
        return file(&path.join("config.json"), text);
    }
    if path.is_file() {
        return file(path, text);
    }
    if let Some(entry) = catalogue::find(text) {
        return Ok(Found {
            config: entry.config.clone(),
            facts: ModelFacts {
                id: entry.id.clone(),
                source: "catalogue".to_owned(),
            },
            source: ModelSource::Id(entry.id.clone()),
        });
    }
    hub(text, matches)
}

fn file(path: &Path, given: &str) -> Result<Found, Failure> {
    let shown = path.display();
    if let Some("safetensors" | "gguf") = path.extension().and_then(|extension| extension.to_str()) {
        return Err(Failure::new(
            "not_built",
            format!("{shown}: reading headers is not built yet; give the config.json of the model."),
        ));
    }
    // A config is small; a weights file given by mistake must not be read whole.
    let size = std::fs::metadata(path)
        .map_err(|error| Failure::new("no_file", format!("{shown} cannot be read: {error}.")))?
        .len();
    if size > 10_000_000 {
        return Err(Failure::new(
            "too_large",
            format!("{shown} has {size} bytes; more than 10 MB is no config.json."),
        ));
    }
    let bytes =
        std::fs::read(path).map_err(|error| Failure::new("no_file", format!("{shown} cannot be read: {error}.")))?;
    let text = String::from_utf8(bytes)
        .map_err(|_| Failure::new("not_json", format!("{shown} is not text, so it is no config.json.")))?;
    let config = weighbridge::hub::read_json(&text).map_err(|came| {
        Failure::new(
            "not_json",
            format!("{shown} holds {came}, not the config.json of a model."),
        )
    })?;
    let facts = ModelFacts {
        id: given.to_owned(),
        source: "config.json".to_owned(),
    };
    Ok(Found {
        source: ModelSource::Config(Box::new(config.clone())),
        config,
        facts,
    })
}

fn hub(text: &str, matches: &ArgMatches) -> Result<Found, Failure> {
    let endpoint = match matches.get_one::<String>("endpoint").filter(|url| !url.is_empty()) {
        Some(url) => Endpoint::parse(url).map_err(|error| Failure::new(error.code(), error.to_string()))?,
        None => Endpoint::default(),
    };
    let locator = Locator::parse_at(text, &endpoint).map_err(|error| Failure::new(error.code(), error.to_string()))?;
    let token = match std::env::var("HF_TOKEN").ok().filter(|token| !token.trim().is_empty()) {
        Some(token) => Some(Token::parse(&token).map_err(|error| Failure::new(error.code(), error.to_string()))?),
        None => None,
    };
    let timeout = Duration::from_secs(matches.get_one::<u64>("timeout").copied().unwrap_or(30));
    let failure = |error: weighbridge::hub::HubError| Failure::new(error.code(), error.to_string());
    let fetched = fetch_config(&endpoint, &locator, token.as_ref(), timeout).map_err(failure)?;
    let config = read_config(&fetched.text, &locator).map_err(failure)?;
    let id = locator.to_string();
    Ok(Found {
        config,
        facts: ModelFacts {
            id: id.clone(),
            source: "hub".to_owned(),
        },
        source: ModelSource::Id(id),
    })
}

/// The blueprint of a found model with the scenario's edits.
pub fn blueprint(found: &Found, scenario: &Scenario) -> Result<Blueprint, Failure> {
    let mut config = found.config.clone();
    apply_edits(&mut config, &scenario.edits);
    Blueprint::from_value(config).map_err(|error| Failure::new(error.code(), format!("{}: {error}", found.facts.id)))
}
