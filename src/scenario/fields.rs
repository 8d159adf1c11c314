//! The editor's fields: keys of a config that a person may change, declared once.
//!
//! A value that makes no sense is kept as it was typed: the engine refuses it and names the key, so the page shows one
//! and the same error as the command line.

mod table;
mod templates;

pub use table::FIELDS;
pub use templates::{dense_template, moe_template};

use std::collections::BTreeMap;

use serde_json::{Map, Number, Value};

use crate::model::ModelError;
use crate::model::families::{self, Decoder, defaults};

/// Where a field stands in the editor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::EnumIter)]
pub enum FieldGroup {
    /// Layers, width, vocabulary, context.
    Size,
    /// Heads, windows, latent ranks.
    Attention,
    /// The dense MLP.
    Mlp,
    /// Routed and shared experts.
    Experts,
    /// Biases, tying, format, kind of model.
    Advanced,
}

impl FieldGroup {
    /// Heading.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Size => "Size",
            Self::Attention => "Attention",
            Self::Mlp => "MLP",
            Self::Experts => "Experts",
            Self::Advanced => "Advanced",
        }
    }
}

/// How a field is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// A whole number.
    Whole,
    /// Yes or no.
    Flag,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A model type the engine knows.
    ModelType,
}

/// A key that can be edited.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// The key and its other names; the first is the usual one.
    pub keys: &'static [&'static str],
    /// Name for people.
    pub label: &'static str,
    /// What it is, in a sentence.
    pub help: &'static str,
    /// Where it stands.
    pub group: FieldGroup,
    /// How it is typed.
    pub kind: FieldKind,
    /// Whether models of this description read it; of two, one is enough.
    applies: fn(&Decoder) -> bool,
}

/// Where the value of a field comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum FieldOrigin {
    /// Changed by hand; the value of the config before, if it had one.
    Edited(Option<Value>),
    /// The config.
    Config,
    /// The configuration class of transformers.
    ClassDefault,
    /// Nothing says it; the engine derives or leaves it out.
    NotSet,
}

/// What a field shows.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldValue {
    /// The name of the key in this config.
    pub key: String,
    /// The value, if there is one.
    pub value: Option<Value>,
    /// Where it comes from.
    pub origin: FieldOrigin,
}

/// The object of a config in which keys of the language model live, and its model type.
pub fn language_model(config: &Value) -> (Option<&Map<String, Value>>, &str) {
    let nested = ["text_config", "llm_config", "language_config"]
        .iter()
        .find_map(|name| config.get(name).and_then(Value::as_object));
    let kind = |map: &Map<String, Value>| map.contains_key("model_type");
    let from = nested.filter(|map| kind(map)).or(config.as_object());
    let model_type = from
        .and_then(|map| map.get("model_type"))
        .and_then(Value::as_str)
        .unwrap_or_default();
    (nested.or(config.as_object()), model_type)
}

impl Field {
    /// The usual name of the key.
    pub fn key(&self) -> &'static str {
        self.keys.first().copied().unwrap_or_default()
    }
    /// Whether this config can say something by it: its family reads it, or it is there already.
    pub fn applies(&self, config: &Value) -> bool {
        let (map, model_type) = language_model(config);
        // A nested language model keeps its kind: the whole around it has another.
        if self.kind == FieldKind::ModelType {
            return !["text_config", "llm_config", "language_config"]
                .iter()
                .any(|name| config.get(name).is_some_and(Value::is_object));
        }
        let known = families::known().find(|(name, _)| *name == model_type);
        known.is_some_and(|(_, family)| {
            let rows = family.rows(config);
            rows.is_empty() || rows.iter().any(self.applies)
        }) || map.is_some_and(|map| self.keys.iter().any(|key| map.contains_key(*key)))
    }
    /// What it shows: the edit, else the config, else the class default.
    pub fn read(&self, config: &Value, edits: &BTreeMap<String, Value>) -> FieldValue {
        let (map, model_type) = language_model(config);
        let defaults = defaults::of(model_type);
        let said = |key: &str| {
            map.and_then(|map| map.get(key))
                .or_else(|| config.get(key))
                .filter(|value| !value.is_null())
        };
        let default = |key: &str| defaults.get(key).filter(|value| !value.is_null());
        let edited = self.keys.iter().find(|key| edits.contains_key(**key));
        let key = edited
            .or_else(|| self.keys.iter().find(|key| said(key).is_some()))
            .or_else(|| self.keys.iter().find(|key| default(key).is_some()))
            .copied()
            .unwrap_or(self.key());
        let (value, origin) = match (edits.get(key), said(key), default(key)) {
            (Some(edit), before, _) => (
                Some(edit.clone()).filter(|value| !value.is_null()),
                FieldOrigin::Edited(before.cloned()),
            ),
            (None, Some(value), _) => (Some(value.clone()), FieldOrigin::Config),
            (None, None, Some(value)) => (Some(value.clone()), FieldOrigin::ClassDefault),
            (None, None, None) => (None, FieldOrigin::NotSet),
        };
        FieldValue {
            key: key.to_owned(),
            value,
            origin,
        }
    }
}

/// Keys of the language model that no field of [`FIELDS`] shows, in the order of the config.
pub fn other_keys<'a>(config: &'a Value, edits: &'a BTreeMap<String, Value>) -> Vec<&'a str> {
    let (map, _) = language_model(config);
    let shown = |key: &str| FIELDS.iter().any(|field| field.keys.contains(&key));
    let mut keys: Vec<&str> = map.into_iter().flat_map(Map::keys).map(String::as_str).collect();
    for key in edits.keys() {
        if !keys.contains(&key.as_str()) {
            keys.push(key);
        }
    }
    keys.retain(|key| !shown(key));
    keys
}

/// What a person typed into a field, as JSON. Empty is none. What is no number stays text, for the engine to refuse.
pub fn typed(kind: FieldKind, text: &str) -> Option<Value> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    Some(match kind {
        FieldKind::Whole => {
            let plain: String = text
                .chars()
                .filter(|sign| !matches!(sign, ',' | ' ' | '_' | '\u{a0}' | '\u{202f}'))
                .collect();
            plain
                .parse::<Number>()
                .map_or_else(|_| Value::from(text), Value::Number)
        }
        FieldKind::Flag => match text {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            other => Value::from(other),
        },
        FieldKind::Word(_) | FieldKind::ModelType => Value::from(text),
    })
}

/// What a person typed as the raw value of a key: JSON, else a text.
pub fn typed_raw(text: &str) -> Option<Value> {
    let text = text.trim();
    (!text.is_empty()).then(|| serde_json::from_str(text).unwrap_or_else(|_| Value::from(text)))
}

/// Sets or clears an edit so that edits hold only differences from the config.
pub fn set_edit(config: &Value, edits: &mut BTreeMap<String, Value>, key: &str, value: Option<Value>) {
    let (map, _) = language_model(config);
    let before = map.and_then(|map| map.get(key));
    if value.as_ref() == before.filter(|value| !value.is_null()) {
        edits.remove(key);
    } else {
        edits.insert(key.to_owned(), value.unwrap_or(Value::Null));
    }
}

/// The key an error is about, if it is about one.
pub fn blamed(error: &ModelError) -> Option<&str> {
    match error {
        ModelError::NoModelType | ModelError::UnknownModelType(_) => Some("model_type"),
        // Several names of one key stand with "or" between them.
        ModelError::Missing { key, .. } | ModelError::WrongType { key, .. } | ModelError::OutOfRange { key, .. } => {
            key.split(" or ").next()
        }
        ModelError::Inconsistent(words) => {
            let named = words
                .split(|sign: char| !(sign.is_ascii_alphanumeric() || sign == '_'))
                .find(|word| word.contains('_'));
            named.filter(|word| FIELDS.iter().any(|field| field.keys.contains(word)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
