//! From what the user typed to a config.

use std::path::Path;
use std::time::Duration;

use crate::ask::{BuiltIn, Found, built_in};
use crate::hub::loader::{self, Source, Wanted};
use crate::hub::{Endpoint, Locator, Token, add_side_file, lacks_quantisation, side_files};
use crate::limits;
use crate::model::headers::FileKind;
use crate::scenario::ModelSource;
use clap::ArgMatches;
use serde_json::Value;

use super::fetch::{self, Patience};
use super::headers;
use super::local::{self, Place};
use super::output::{Failure, tell};

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
        ModelSource::Config(config) => Ok(Found::of_config(Value::clone(config), "config.json")),
    }
}

/// A built-in model, else the Hub.
fn known(text: &str, matches: &ArgMatches) -> Result<Found, Failure> {
    // Headers are the Hub's: a built-in config has no files.
    let wanted = matches.get_flag("headers");
    let near = match built_in(text) {
        BuiltIn::Called(entry) if !wanted => return Ok(Found::of_entry(entry)),
        BuiltIn::Called(_) if text.contains('/') => Vec::new(),
        // The Hub is asked by the whole name.
        BuiltIn::Called(entry) | BuiltIn::Taken(entry) => {
            tell(&format!("\"{text}\" is taken as {}.", entry.id));
            return known(&entry.id, matches);
        }
        BuiltIn::Near(near) => near,
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
            ..Found::of_headers(read, given)
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
    Ok(Found::of_headers(headers::of_file(path, None)?, given))
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
    Ok(Found::of_config(config, given))
}

/// Whom to ask, by the flags and the environment.
pub fn whom(matches: &ArgMatches) -> Result<Source, Failure> {
    let endpoint = match matches.get_one::<String>("endpoint").filter(|url| !url.is_empty()) {
        Some(url) => Endpoint::parse(url).map_err(|error| Failure::new(error.code(), error.to_string()))?,
        None => Endpoint::default(),
    };
    let token = match std::env::var("HF_TOKEN").ok().filter(|token| !token.trim().is_empty()) {
        Some(token) => Some(Token::parse(&token).map_err(|error| Failure::new(error.code(), error.to_string()))?),
        None => None,
    };
    Ok(Source { endpoint, token })
}

/// How long to wait, by the flag.
pub fn patience(matches: &ArgMatches) -> Patience {
    Patience::of(Duration::from_secs(
        matches.get_one::<u64>("timeout").copied().unwrap_or(30),
    ))
}

fn hub(text: &str, matches: &ArgMatches) -> Result<Found, Failure> {
    let source = whom(matches)?;
    let endpoint = source.endpoint.clone();
    let locator = Locator::parse_at(text, &endpoint).map_err(|error| Failure::new(error.code(), error.to_string()))?;
    let wanted = if matches.get_flag("headers") {
        Wanted::ConfigAndHeaders
    } else {
        Wanted::Config
    };
    let id = locator.to_string();
    let loaded = fetch::run(&endpoint, &patience(matches), loader::model(source, locator, wanted));
    Ok(Found::of_loaded(loaded?, &id))
}
