//! What the JavaScript module (`module/`) asks of the engine: text in, JSON after `docs/json.md` out.
//!
//! `src/bin/module.rs` exports it to WebAssembly. Nothing here knows JavaScript, so tests run natively. Loading is an
//! [`Exchange`](crate::hub::loader::Exchange) that JavaScript carries out with `fetch` ([`Courier`]).

mod courier;
mod options;
mod shelf;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde_json::{Value, json};

use crate::ask::{self, Estimate, Failure, Found, formats_by_name};
use crate::hub::loader::{self, LoadedModel, Source, Wanted};
use crate::hub::{Endpoint, Listed, Locator, Token, searchable};
use crate::limits;
use crate::report::model_rows::{ModelRow, RowFilter, SortBy, arranged};
pub use courier::Courier;
use options::{Options, ask_for_model};
pub use shelf::forget;

/// The built-in models, as `weighbridge models`.
pub fn list_models() -> String {
    Value::Array(ask::models()).to_string()
}

/// The built-in devices, as `weighbridge hardware`, or machines, as `--nodes`.
pub fn list_hardware(options: &str) -> Result<String, Failure> {
    let options = Options::read(options, &["nodes"])?;
    if options.switch("nodes")? {
        return Ok(json!(ask::nodes()).to_string());
    }
    Ok(json!(ask::hardware()).to_string())
}

/// One model under one scenario, as `weighbridge estimate`.
///
/// # Errors
/// Options that are not understood, and what the command line refuses.
pub fn calculate(options: &str) -> Result<String, Failure> {
    let options = Options::read(options, &["model", "config", "link", "flags", "edit", "answers"])?;
    let scenario = options.scenario()?;
    let answers = options.switch("answers")?;
    let found = options.model(&scenario)?;
    Ok(Estimate::under(found, scenario)?.json(answers).to_string())
}

/// One model on every device, or with `models` what runs on one, as `weighbridge fit`.
///
/// # Errors
/// As [`calculate`]; of a list of models each has its own.
pub fn fit(options: &str) -> Result<String, Failure> {
    let known = ["model", "config", "link", "flags", "edit", "formats", "models"];
    let options = Options::read(options, &known)?;
    let mut scenario = options.scenario()?;
    if let Some(models) = options.models()? {
        options.excludes("models", &["model", "config", "formats"])?;
        return here(&models, &scenario);
    }
    let found = options.model(&scenario)?;
    scenario.model.source = found.source.clone();
    let mut blueprint = found.blueprint(&scenario)?;
    found.adopt(&mut blueprint);
    let formats = match options.list("formats")? {
        Some(list) => formats_by_name(&list, &scenario)?,
        None => vec![scenario.precision.weights],
    };
    let rows = ask::devices(&Arc::new(blueprint), &scenario, &formats)?;
    let rows: Vec<Value> = rows.iter().map(|row| ask::device_row(row, &scenario)).collect();
    Ok(Value::Array(rows).to_string())
}

/// What of some models runs on the scenario's devices.
fn here(models: &[Value], scenario: &crate::scenario::Scenario) -> Result<String, Failure> {
    if scenario.hardware.device.is_none() {
        let words = "Say on which device: flags: {hardware: \"rtx-4090\"}.";
        return Err(Failure::new("no_hardware", words));
    }
    let (mut rows, mut refused): (Vec<ModelRow>, Vec<Value>) = (Vec::new(), Vec::new());
    for model in models {
        match options::found(model).and_then(|found| ask::here(&found, scenario)) {
            Ok(row) => rows.push(row),
            Err(failure) => refused.push(ask::refused_row(&options::name_of(model), &failure)),
        }
    }
    let order = arranged(&rows, &RowFilter::default(), SortBy::Verdict, false);
    let ordered = order.iter().filter_map(|at| rows.get(*at)).map(ask::here_row);
    Ok(ordered.chain(refused).collect::<Value>().to_string())
}

/// Begins to load a model from the Hub. The end of it is `{handle, id, commit, source, config}`: the handle names what was
/// read in later calls, headers of weight files included.
///
/// # Errors
/// An id, an endpoint or a token that is none.
pub fn fetch_model(options: &str) -> Result<Courier, Failure> {
    let options = Options::read(options, &["id", "endpoint", "token", "headers"])?;
    let source = source(&options)?;
    let id = options.text("id")?.ok_or_else(ask_for_model)?;
    let locator =
        Locator::parse_at(id, &source.endpoint).map_err(|error| Failure::new(error.code(), error.to_string()))?;
    let wanted = if options.switch("headers")? {
        Wanted::ConfigAndHeaders
    } else {
        Wanted::Config
    };
    let id = locator.to_string();
    let exchange = loader::model(source, locator, wanted);
    Ok(Courier::new(exchange.map(move |loaded| Ok(kept(loaded?, &id)))))
}

/// Keeps what was loaded for later calls.
fn kept(loaded: LoadedModel, id: &str) -> Value {
    let commit = loaded.commit.clone();
    let found = Found::of_loaded(loaded, id);
    let (config, facts) = (found.config.clone(), found.facts.clone());
    json!({
        "handle": shelf::put(found),
        "id": facts.id,
        "commit": commit,
        "source": facts.source,
        "config": config,
    })
}

/// Begins to search the Hub for models whose names hold a text.
///
/// # Errors
/// A text that is no part of a name, an endpoint or a token that is none.
pub fn search_models(options: &str) -> Result<Courier, Failure> {
    const USUAL: u64 = 20;
    const MOST: u64 = 100;
    let options = Options::read(options, &["text", "endpoint", "token", "limit"])?;
    let source = source(&options)?;
    let text = options.text("text")?.unwrap_or_default();
    if !searchable(text) {
        let words = "text: give two characters or more of a model's name.";
        return Err(Failure::new("bad_search", words));
    }
    let limit = options.number("limit", MOST)?.unwrap_or(USUAL);
    let exchange = loader::search(source, text, limit as usize);
    let row = |one: &Listed| {
        json!({
            "id": one.id.to_string(),
            "parameters": one.parameters,
            "bytes": one.bytes,
            "downloads": one.downloads,
            "gated": one.gated,
            "tags": one.tags,
        })
    };
    Ok(Courier::new(
        exchange.map(move |listed| Ok(listed?.iter().map(row).collect())),
    ))
}

/// How long a transport waits, seconds: for a byte, for a request, for everything.
pub fn patience() -> String {
    json!({
        "silence": limits::SILENCE_SECONDS,
        "request": limits::REQUEST_SECONDS,
        "whole": limits::WHOLE_SECONDS,
    })
    .to_string()
}

/// Whom to ask, and as whom.
fn source(options: &Options) -> Result<Source, Failure> {
    let refused = |code: &str, words: String| Failure::new(code, words);
    let endpoint = match options.text("endpoint")? {
        Some(url) => Endpoint::parse(url).map_err(|error| refused(error.code(), error.to_string()))?,
        None => Endpoint::default(),
    };
    let token = match options.text("token")? {
        Some(token) => Some(Token::parse(token).map_err(|error| refused(error.code(), error.to_string()))?),
        None => None,
    };
    Ok(Source { endpoint, token })
}
