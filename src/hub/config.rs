//! Reading a config.json that came from somewhere else.

use serde_json::Value;

use super::repo_contents::base_of;
use super::{HubError, Locator};
use crate::limits;

/// No config is longer.
pub const MAX_CONFIG_BYTES: usize = limits::CONFIG.bytes as usize;

/// Reads the text of the config of `locator`: within the size limit, JSON, an object, and of a transformer.
/// Python's `NaN` and `Infinity`, which some configs hold, become null.
pub fn read_config(text: &str, locator: &Locator) -> Result<Value, HubError> {
    let repo = || locator.id().to_string();
    let file = || locator.config_path();
    if limits::CONFIG.is_passed_by(text.as_bytes()) {
        return Err(HubError::TooLarge {
            repo: repo(),
            file: file(),
            limit: limits::CONFIG,
        });
    }
    let value = read_json(text).map_err(|what| HubError::NotJson {
        repo: repo(),
        file: file(),
        what,
    })?;
    let is_modules = |list: &Vec<Value>| {
        let kind = |it: &Value| it.get("type").and_then(Value::as_str).map(str::to_owned);
        list.iter()
            .filter_map(kind)
            .any(|it| it.starts_with("sentence_transformers."))
    };
    let object = match &value {
        Value::Object(object) => object,
        Value::Array(list) if is_modules(list) => {
            return Err(HubError::SentenceTransformers { repo: repo() });
        }
        other => {
            return Err(HubError::NotAnObject {
                repo: repo(),
                file: file(),
                what: kind_of(other),
            });
        }
    };
    if object.contains_key("peft_type") {
        return Err(HubError::Adapter {
            repo: repo(),
            base: base_of(&value),
        });
    }
    // A transformer may carry the version of diffusers beside its own model_type.
    let is_transformer = object.contains_key("model_type") || object.contains_key("architectures");
    if !is_transformer && (object.contains_key("_diffusers_version") || object.contains_key("_class_name")) {
        let class = object.get("_class_name").and_then(Value::as_str).map(str::to_owned);
        return Err(HubError::Diffusers { repo: repo(), class });
    }
    let version = object.get("__version__");
    if !is_transformer && version.is_some_and(|it| it.get("sentence_transformers").is_some()) {
        return Err(HubError::SentenceTransformers { repo: repo() });
    }
    Ok(value)
}

/// Parses JSON as Python writes it: a byte order mark, `NaN` and `Infinity` are let through, the last two as null.
/// The error says what the text is instead, to follow "holds".
pub fn read_json(text: &str) -> Result<Value, String> {
    let text = text.trim_start_matches('\u{feff}').trim();
    match serde_json::from_str(text) {
        Ok(value) => Ok(value),
        Err(error) => serde_json::from_str(&without_python_numbers(text)).map_err(|_| what_is(text, &error)),
    }
}

/// `text` with the bare words `NaN`, `Infinity` and `-Infinity` outside strings replaced by `null`.
fn without_python_numbers(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    let mut quoted = false;
    while let Some(next) = rest.chars().next() {
        let word = ["-Infinity", "Infinity", "NaN"]
            .into_iter()
            .find(|word| !quoted && rest.starts_with(word));
        let taken = match word {
            Some(word) => {
                clean.push_str("null");
                word.len()
            }
            None => {
                // Inside a string an escape covers the next character, a quote included.
                let escaped = quoted && next == '\\';
                quoted ^= next == '"';
                let length = rest.chars().take(if escaped { 2 } else { 1 }).map(char::len_utf8).sum();
                clean.push_str(rest.get(..length).unwrap_or_default());
                length
            }
        };
        rest = rest.get(taken..).unwrap_or_default();
    }
    clean
}

fn what_is(text: &str, error: &serde_json::Error) -> String {
    let start: String = text.chars().take(200).collect::<String>().to_ascii_lowercase();
    if text.is_empty() {
        "nothing".to_owned()
    } else if is_html(text) {
        "an HTML page".to_owned()
    } else if start.starts_with("version https://git-lfs") {
        "a pointer to a file kept elsewhere (git-lfs)".to_owned()
    } else if error.is_eof() {
        "JSON that breaks off".to_owned()
    } else if start.starts_with(['{', '[']) {
        format!("faulty JSON (line {}, column {})", error.line(), error.column())
    } else {
        "text that is not JSON".to_owned()
    }
}

/// Whether `text` begins as a web page does.
pub(super) fn is_html(text: &str) -> bool {
    let start: String = text
        .trim_start()
        .chars()
        .take(200)
        .collect::<String>()
        .to_ascii_lowercase();
    ["<!doctype html", "<html", "<head", "<body", "<h1", "<?xml"]
        .iter()
        .any(|tag| start.starts_with(tag))
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
