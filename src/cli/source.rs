//! From what the user typed to a config.

use std::path::Path;
use std::time::Duration;

use crate::export::ModelFacts;
use crate::hardware::file_formats::{Held, recognise};
use crate::hub::loader::{self, Source, Wanted};
use crate::hub::{Endpoint, Locator, Token, add_side_file, lacks_quantisation, side_files};
use crate::limits;
use crate::model::headers::compare::Comparison;
use crate::model::headers::{Checkpoint, FileKind, gguf_config};
use crate::model::{Blueprint, catalogue};
use crate::scenario::{ModelSource, Scenario, apply_edits};
use clap::ArgMatches;
use serde_json::Value;

use super::fetch::{self, Patience};
use super::headers;
use super::local::{self, Place};
use super::output::{Failure, tell};

/// A model as it was found.
#[derive(Debug)]
pub struct Found {
    /// Its config; null where only headers are known.
    pub config: Value,
    /// What the headers of its weights say, where they were read.
    pub headers: Option<Checkpoint>,
    /// Formats of the files beside it, where they were listed.
    pub files: Vec<Held>,
    /// Whether the config is a GGUF's own metadata.
    pub own: bool,
    /// Whether the weights themselves were named, not the model.
    pub weights: bool,
    /// Its id and source.
    pub facts: ModelFacts,
    /// How a scenario names it.
    pub source: ModelSource,
}

/// Finds a model: a file or folder, a built-in model, else the Hub.
pub fn find(text: &str, matches: &ArgMatches) -> Result<Found, Failure> {
    let path = Path::new(text);
    match local::look(text)? {
        Place::Folder => return folder(path, text),
        Place::File if headers::is_weights(path) => return weights(path, text),
        Place::File => {
            let mut found = file(path, text)?;
            let is_config = path.file_name().is_some_and(|name| name == "config.json");
            if let Some(folder) = path.parent().filter(|_| is_config) {
                add_files_beside(folder, &mut found);
            }
            return Ok(found);
        }
        Place::Nothing => {}
    }
    known(text, matches)
}

/// Finds a model that a scenario names: nothing on this computer, for links come from others.
pub fn of_scenario(source: &ModelSource, matches: &ArgMatches) -> Result<Found, Failure> {
    match source {
        ModelSource::Id(id) if id.is_empty() => Err(Failure::new("no_model", "The link names no model.")),
        ModelSource::Id(id) => known(id, matches),
        ModelSource::Config(config) => Ok(Found {
            config: Value::clone(config),
            headers: None,
            files: Vec::new(),
            own: false,
            weights: false,
            facts: ModelFacts {
                id: "config.json".to_owned(),
                source: "config.json".to_owned(),
            },
            source: source.clone(),
        }),
    }
}

/// A built-in model, else the Hub.
fn known(text: &str, matches: &ArgMatches) -> Result<Found, Failure> {
    // Headers are the Hub's: a built-in config has no files.
    let wanted = matches.get_flag("headers");
    if let Some(entry) = catalogue::find(text).filter(|_| !wanted) {
        return Ok(Found {
            config: entry.config.clone(),
            headers: None,
            files: Vec::new(),
            own: false,
            weights: false,
            facts: ModelFacts {
                id: entry.id.clone(),
                source: "catalogue".to_owned(),
            },
            source: ModelSource::Id(entry.id.clone()),
        });
    }
    // A name without its owner, as people say it. The Hub knows few such names.
    let near = if text.contains('/') {
        Vec::new()
    } else {
        match catalogue::meant(text) {
            Ok(entry) => {
                tell(&format!("\"{text}\" is taken as {}.", entry.id));
                return known(&entry.id, matches);
            }
            Err(near) => near,
        }
    };
    let near: Vec<&str> = near.iter().take(5).map(|entry| entry.id.as_str()).collect();
    if near.is_empty() {
        return hub(text, matches);
    }
    let near = near.join(", ");
    if text.contains(char::is_whitespace) {
        return Err(Failure::new(
            "unknown_model",
            format!("There is no model \"{text}\". Did you mean one of these: {near}?"),
        ));
    }
    hub(text, matches).map_err(|failure| failure.and(&format!("Built in are: {near}.")))
}

/// A folder: its config, and the headers of the weights beside it.
fn folder(path: &Path, given: &str) -> Result<Found, Failure> {
    let config = path.join("config.json");
    if config.exists() {
        let mut found = file(&config, given)?;
        add_files_beside(path, &mut found);
        if let Some((read, files)) = headers::of_folder(path, Some(&found.config))? {
            found.headers = Some(read);
            found.files = files;
        }
        return Ok(found);
    }
    match headers::of_folder(path, None)? {
        Some((read, files)) => Ok(Found {
            files,
            ..from_headers(read, given)
        }),
        None => file(&config, given),
    }
}

/// A weight file: its own config if it is a GGUF, else the one beside it.
fn weights(path: &Path, given: &str) -> Result<Found, Failure> {
    let beside = path.with_file_name("config.json");
    let gguf = FileKind::of(&path.to_string_lossy()) == Some(FileKind::Gguf);
    if !gguf && beside.is_file() {
        let mut found = file(&beside, given)?;
        add_files_beside(path.parent().unwrap_or(path), &mut found);
        found.headers = Some(headers::of_file(path, Some(&found.config))?);
        found.weights = true;
        return Ok(found);
    }
    Ok(from_headers(headers::of_file(path, None)?, given))
}

/// What headers alone say: a config only if a GGUF holds one.
fn from_headers(read: Checkpoint, given: &str) -> Found {
    let config = match read.list.kind {
        FileKind::Gguf => gguf_config::config(&read.list).unwrap_or(Value::Null),
        FileKind::Safetensors => Value::Null,
    };
    Found {
        source: ModelSource::Config(Box::new(config.clone())),
        config,
        weights: true,
        facts: ModelFacts {
            id: given.to_owned(),
            source: format!("{} header", read.list.kind.label()),
        },
        own: read.list.kind == FileKind::Gguf,
        files: Vec::new(),
        headers: Some(read),
    }
}

/// Takes from files in a folder how the weights are stored, where the config does not say it.
fn add_files_beside(folder: &Path, found: &mut Found) {
    if !lacks_quantisation(&found.config) {
        return;
    }
    for name in side_files() {
        let path = folder.join(name);
        let bytes = path
            .is_file()
            .then(|| local::read(&path, limits::CONFIG).ok())
            .flatten();
        let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
        if text.is_some_and(|text| add_side_file(&mut found.config, name, &text)) {
            found.source = ModelSource::Config(Box::new(found.config.clone()));
            return;
        }
    }
}

fn file(path: &Path, given: &str) -> Result<Found, Failure> {
    let shown = path.display();
    let bytes = local::read(path, limits::CONFIG)?;
    let text = String::from_utf8(bytes)
        .map_err(|_| Failure::new("not_json", format!("{shown} is not text, so it is no config.json.")))?;
    let config = crate::hub::read_json(&text).map_err(|came| {
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
        headers: None,
        files: Vec::new(),
        own: false,
        weights: false,
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
    let wanted = if matches.get_flag("headers") {
        Wanted::ConfigAndHeaders
    } else {
        Wanted::Config
    };
    let id = locator.to_string();
    let source = Source { endpoint, token };
    let endpoint = source.endpoint.clone();
    let loaded = fetch::run(
        &endpoint,
        &Patience::of(timeout),
        loader::model(source, locator, wanted),
    );
    let loaded = loaded.map_err(|error| Failure::new(error.code(), error.to_string()))?;
    let (headers, files) = match loaded.weights {
        Some(weights) => {
            let names = weights.files.iter().map(|file| file.path.as_str());
            (Some(weights.checkpoint), recognise(names))
        }
        None => (None, Vec::new()),
    };
    match (loaded.config, headers) {
        (None, Some(read)) => Ok(Found {
            files,
            ..from_headers(read, &id)
        }),
        (config, headers) => Ok(Found {
            config: config.unwrap_or(Value::Null),
            headers,
            files,
            own: false,
            weights: false,
            facts: ModelFacts {
                id: id.clone(),
                source: "hub".to_owned(),
            },
            source: ModelSource::Id(id),
        }),
    }
}

impl Found {
    /// The headers against a blueprint, where they were read.
    pub fn compare(&self, blueprint: &Blueprint) -> Option<Comparison> {
        Some(self.headers.as_ref()?.compare(blueprint, self.own))
    }
    /// As [`Self::compare`]; the blueprint takes its bytes from the files where the two agree.
    pub fn adopt(&self, blueprint: &mut Blueprint) -> Option<Comparison> {
        let comparison = self.compare(blueprint)?;
        self.headers.as_ref()?.adopt(blueprint, &comparison);
        Some(comparison)
    }
}

/// The blueprint of a found model with the scenario's edits.
pub fn blueprint(found: &Found, scenario: &Scenario) -> Result<Blueprint, Failure> {
    if let (Value::Null, Some(read)) = (&found.config, &found.headers) {
        // A GGUF says which architecture it is, so the reason can be exact.
        let error = match read.list.kind {
            FileKind::Gguf => gguf_config::config(&read.list).err(),
            FileKind::Safetensors => None,
        };
        return Err(match error {
            Some(error) => Failure::new(
                error.code(),
                format!("{}: {error} `weighbridge inspect` shows its tensors.", found.facts.id),
            ),
            None => Failure::new(
                "no_config",
                format!(
                    "{}: there is no config.json beside it, so only its parameters and bytes are known; `weighbridge inspect` shows them.",
                    found.facts.id
                ),
            ),
        });
    }
    let mut config = found.config.clone();
    apply_edits(&mut config, &scenario.model.edits);
    Blueprint::from_value(config).map_err(|error| Failure::new(error.code(), format!("{}: {error}", found.facts.id)))
}
