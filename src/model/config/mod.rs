//! `config.json` as the Hub says it: everything optional, nothing trusted.

mod read;
mod value;

pub use value::{whole, wrong};

use value::kind_of;

use std::cell::RefCell;
use std::rc::Rc;

use serde_json::{Map, Value};

use super::error::ModelError;
use super::families::defaults;
use super::families::keys::GROUPS;
use super::notice::Notice;
use crate::limits;
use crate::units::grouped;

/// No dimension is larger (the Hub's own limit for tensor shapes).
pub const MOST_DIMENSION: u64 = 1 << 32;
/// Lists and objects beyond this length say something for each layer.
const LONG: usize = 16;
/// No config has more keys at one level.
const MOST_KEYS: usize = 2000;
/// No value that a layer is read from is longer.
const MOST_LETTERS: usize = 200;
/// No model has more layers than this.
pub const MOST_LAYERS: u64 = 100_000;

/// Objects that hold the language model of a composite config, in the order they are tried.
const TEXT_OBJECTS: [&str; 3] = ["text_config", "llm_config", "language_config"];

/// A config being read. Remembers what had to be assumed.
#[derive(Debug)]
pub struct Config {
    root: Map<String, Value>,
    text: Option<Map<String, Value>>,
    defaults: Map<String, Value>,
    model_type: String,
    root_type: String,
    notices: Rc<RefCell<Vec<Notice>>>,
}

impl Config {
    /// Parses the text of a `config.json`.
    ///
    /// # Errors
    /// Too large, not JSON (nesting deeper than 128 included), not an object, or without a model type.
    pub fn parse(text: &str) -> Result<Self, ModelError> {
        if limits::CONFIG.is_passed_by(text.as_bytes()) {
            return Err(ModelError::TooLarge);
        }
        let value = serde_json::from_str(text).map_err(|error| ModelError::NotJson(error.to_string()))?;
        Self::from_value(value)
    }

    /// Takes a parsed `config.json`.
    ///
    /// # Errors
    /// Not an object, without a model type, or of a class whose defaults are not at hand.
    pub fn from_value(value: Value) -> Result<Self, ModelError> {
        let Value::Object(root) = value else {
            return Err(ModelError::NotAnObject(kind_of(&value)));
        };
        let root_type = match root.get("model_type") {
            Some(Value::String(name)) => name.clone(),
            None | Some(Value::Null) => return Err(ModelError::NoModelType),
            Some(other) => return Err(wrong("model_type", other, "a name in quotes")),
        };
        let at_hand = |model_type: &str| match defaults::at_hand(model_type) {
            true => Ok(()),
            false => Err(ModelError::StillLoading),
        };
        at_hand(&root_type)?;
        let mut root = unwrap_retriever(unwrap_thinker(root));
        let wrapper = defaults::of(&root_type);
        let nested = wrapper.get("text_config").and_then(Value::as_object);
        let mut text = None;
        for key in TEXT_OBJECTS {
            if let Some(Value::Object(_)) = root.get(key)
                && let Some(Value::Object(inner)) = root.remove(key)
            {
                text = Some(innermost(inner));
                break;
            }
        }
        let named = |object: &Map<String, Value>| object.get("model_type").and_then(Value::as_str).map(str::to_owned);
        // A language model that calls itself by its wrapper's name is the one the wrapper's class would make.
        let model_type = text
            .as_ref()
            .and_then(named)
            .filter(|name| *name != root_type && !name.is_empty())
            .or_else(|| nested.and_then(named))
            .unwrap_or_else(|| root_type.clone());
        at_hand(&model_type)?;
        let mut defaults = defaults::of(&model_type);
        let object = text.as_mut().unwrap_or(&mut root);
        as_the_class_reads(object, &defaults);
        // Some wrappers fill up what a nested language model leaves out; where there is none, nested or flat, the class of the
        // wrapper says what it is.
        let says = match text {
            Some(_) => wrapper.get("_fills").is_some_and(|fills| fills == true),
            None => !root.contains_key("num_hidden_layers"),
        };
        if let Some(nested) = nested.filter(|_| says) {
            defaults.extend(nested.clone());
            text.get_or_insert_default();
        }
        Ok(Self {
            root,
            text,
            defaults,
            model_type,
            root_type,
            notices: Rc::default(),
        })
    }

    /// The whole config around a language model, read with the defaults of the wrapper's class.
    pub fn whole(&self) -> Self {
        Self {
            root: self.root.clone(),
            text: None,
            defaults: defaults::of(&self.root_type),
            model_type: self.root_type.clone(),
            root_type: self.root_type.clone(),
            notices: Rc::clone(&self.notices),
        }
    }

    /// A part of the whole config, such as `vision_config`, read with the defaults of its own class. Where the object
    /// is absent, the class of the wrapper says what it is; where it names no model type, or the wrapper's, so does it.
    pub fn part(&self, key: &str) -> Self {
        let wrapper = defaults::of(&self.root_type);
        let usual = wrapper.get(key).and_then(Value::as_object);
        let name = |object: &Map<String, Value>| object.get("model_type").and_then(Value::as_str).map(str::to_owned);
        let given = self.root.get(key).and_then(Value::as_object);
        let model_type = given
            .and_then(name)
            .filter(|name| !name.is_empty() && *name != self.root_type)
            .or_else(|| usual.and_then(name))
            .unwrap_or_default();
        let mut defaults = defaults::of(&model_type);
        if given.is_none() {
            defaults.extend(usual.cloned().unwrap_or_default());
        }
        let mut root = given.cloned().unwrap_or_default();
        as_the_class_reads(&mut root, &defaults);
        Self {
            root,
            text: None,
            defaults,
            root_type: model_type.clone(),
            model_type,
            notices: Rc::clone(&self.notices),
        }
    }

    /// The same config with another value for a key of the language model.
    pub fn with(&self, key: &str, value: Value) -> Self {
        let mut changed = Self {
            root: self.root.clone(),
            text: self.text.clone(),
            defaults: self.defaults.clone(),
            model_type: self.model_type.clone(),
            root_type: self.root_type.clone(),
            notices: Rc::clone(&self.notices),
        };
        let object = changed.text.as_mut().unwrap_or(&mut changed.root);
        object.insert(key.to_owned(), value);
        changed
    }
    /// The same config under the given model type, with the defaults of that class, where it has none of its own.
    pub fn named_if_empty(mut self, model_type: &str) -> Self {
        if self.model_type.is_empty() {
            self.defaults = defaults::of(model_type);
            model_type.clone_into(&mut self.model_type);
            self.root_type = self.model_type.clone();
        }
        self
    }

    /// The same config as one of the given model type, whatever it calls itself.
    pub fn of_type(self, model_type: &str) -> Self {
        Self {
            model_type: String::new(),
            ..self
        }
        .named_if_empty(model_type)
    }

    /// The model type of the language model.
    pub fn model_type(&self) -> &str {
        &self.model_type
    }
    /// The model type of the whole, which differs where the language model is nested.
    pub fn root_type(&self) -> &str {
        &self.root_type
    }
    /// What was assumed so far.
    pub fn notices(&self) -> Vec<Notice> {
        self.notices.borrow().clone()
    }
    /// Adds a notice, once.
    pub fn notice(&self, code: &str, message: impl Into<String>) {
        let notice = Notice::new(code, message);
        let mut all = self.notices.borrow_mut();
        if !all.contains(&notice) {
            all.push(notice);
        }
    }

    /// A key of the language model; null counts as absent.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.text
            .as_ref()
            .unwrap_or(&self.root)
            .get(key)
            .filter(|value| !value.is_null())
    }
    /// A key of the language model, or of the whole config around it.
    pub fn get_anywhere(&self, key: &str) -> Option<&Value> {
        self.get(key)
            .or_else(|| self.root.get(key).filter(|value| !value.is_null()))
    }
    /// Whether the key is there, even as null.
    pub fn has(&self, key: &str) -> bool {
        self.text.as_ref().unwrap_or(&self.root).contains_key(key)
    }
    /// The class default for a key; null counts as absent.
    pub fn class_default(&self, key: &str) -> Option<&Value> {
        self.defaults.get(key).filter(|value| !value.is_null())
    }
    /// A pattern of names that the class follows where the file has none: `first`, then `repeat` over and over.
    pub fn class_names(&self, key: &str, layers: u64) -> Option<impl Iterator<Item = &str>> {
        let rule = self.defaults.get(key)?.as_object()?;
        let part = |name: &str| -> &[Value] { rule.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice) };
        let names = part("first").iter().chain(part("repeat").iter().cycle());
        Some(names.filter_map(Value::as_str).take(layers as usize))
    }
    /// Which of these names count. Of names that different classes have for one thing, where this class has one of them, only
    /// its own and those that it takes for them; where a class is known that has none of them, the usual one.
    fn names_of(&self, keys: &[&'static str]) -> Vec<&'static str> {
        if !GROUPS.contains(&keys) || self.defaults.is_empty() {
            return keys.to_vec();
        }
        let names = self.defaults.get("_alias").and_then(Value::as_object);
        let [mut first, mut own, mut last] = [const { Vec::new() }; 3];
        for key in keys {
            // With null a class names what has no default.
            if names.is_some_and(|names| names.contains_key(*key)) {
                let yields = lists(&self.defaults, "_yields", key);
                if yields { &mut last } else { &mut first }.push(*key);
            } else if self.defaults.contains_key(*key)
                || names.is_some_and(|names| names.values().any(|name| name == key))
            {
                own.push(*key);
            }
        }
        first.append(&mut own);
        first.append(&mut last);
        if first.is_empty() {
            first.extend(keys.first());
        }
        first
    }
    fn find<'a>(&'a self, keys: &[&'static str]) -> Option<(&'static str, &'a Value)> {
        let names = self.names_of(keys);
        names
            .into_iter()
            .find_map(|key| self.get(key).map(|value| (key, value)))
    }

    /// The same config with lists, objects and texts cut short: what one layer is read from, cheap to copy for each kind.
    ///
    /// # Errors
    /// More keys than any config has.
    pub fn slim(&self) -> Result<Self, ModelError> {
        let text = self.text.as_ref().map(cut).transpose()?;
        Ok(Self {
            root: cut(&self.root)?,
            text,
            defaults: self.defaults.clone(),
            model_type: self.model_type.clone(),
            root_type: self.root_type.clone(),
            notices: Rc::clone(&self.notices),
        })
    }

    /// The same config with other values for some keys of the language model; notices are shared.
    pub fn changed(&self, changes: &[(&'static str, Value)]) -> Self {
        let mut root = self.root.clone();
        let mut text = self.text.clone();
        let object = text.as_mut().unwrap_or(&mut root);
        for (key, value) in changes {
            object.insert((*key).to_owned(), value.clone());
        }
        Self {
            root,
            text,
            defaults: self.defaults.clone(),
            model_type: self.model_type.clone(),
            root_type: self.root_type.clone(),
            notices: Rc::clone(&self.notices),
        }
    }

    /// A name, if there is one.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.get_anywhere(key).and_then(Value::as_str)
    }
    /// An object of the language model or of the whole config.
    pub fn object(&self, key: &str) -> Option<&Map<String, Value>> {
        self.get_anywhere(key).and_then(Value::as_object)
    }
}

/// Drops keys that the class does not read, though others have them for what is read here; where the class has two names
/// for one thing, the second wins, unless it yields to the first. A key in words is what a description marks a layer with, never a file.
fn as_the_class_reads(object: &mut Map<String, Value>, defaults: &Map<String, Value>) {
    object.retain(|key, _| !key.contains(' '));
    let names = defaults.get("_alias").and_then(Value::as_object);
    for (alias, name) in names.into_iter().flatten() {
        let given = object.get(alias).filter(|value| !value.is_null()).cloned();
        let (Some(value), Some(name)) = (given, name.as_str()) else {
            continue;
        };
        if !(lists(defaults, "_yields", alias) && object.get(name).is_some_and(|own| !own.is_null())) {
            object.insert(name.to_owned(), value);
        }
    }
    let ignored = defaults.get("_ignored").and_then(Value::as_array);
    for key in ignored.into_iter().flatten().filter_map(Value::as_str) {
        object.remove(key);
    }
}

/// Whether a list of names in the class defaults has this one.
fn lists(defaults: &Map<String, Value>, list: &str, name: &str) -> bool {
    let names = defaults.get(list).and_then(Value::as_array);
    names.is_some_and(|names| names.iter().any(|known| known == name))
}

/// An omni model holds the part that reads and writes text, with its towers, under `thinker_config`.
fn unwrap_thinker(mut root: Map<String, Value>) -> Map<String, Value> {
    let Some(Value::Object(mut thinker)) = root.remove("thinker_config") else {
        return root;
    };
    for (key, value) in root {
        if key == "model_type" || !thinker.contains_key(&key) {
            thinker.insert(key, value);
        }
    }
    thinker
}

/// Models that compare texts with pages, and the one that reads both inside each.
const RETRIEVERS: [(&str, &str); 3] = [
    ("colmodernvbert", "modernvbert"),
    ("colpali", "paligemma"),
    ("colqwen2", "qwen2_vl"),
];

/// A model that compares texts with pages holds the one that reads both under `vlm_config`. Another one inside stays
/// there, and is refused.
fn unwrap_retriever(mut root: Map<String, Value>) -> Map<String, Value> {
    let own = root.get("model_type").and_then(Value::as_str);
    let Some((_, usual)) = RETRIEVERS.iter().find(|(name, _)| own == Some(*name)) else {
        return root;
    };
    let inner = root.get("vlm_config").and_then(Value::as_object);
    let name = inner.map(|inner| inner.get("model_type").and_then(Value::as_str).unwrap_or(usual));
    if name != Some(*usual) {
        return root;
    }
    let Some(Value::Object(mut inner)) = root.remove("vlm_config") else {
        return root;
    };
    // What is inside counts, whatever is said of it beside it.
    for key in ["model_type", "architectures"] {
        inner.remove(key);
    }
    for (key, value) in root {
        inner.entry(key).or_insert(value);
    }
    inner
}

/// The language model of a config inside a config inside a config: what is further in says more.
fn innermost(mut text: Map<String, Value>) -> Map<String, Value> {
    while let Some(key) = TEXT_OBJECTS
        .into_iter()
        .find(|&key| text.get(key).is_some_and(Value::is_object))
    {
        let Some(Value::Object(inner)) = text.remove(key) else {
            break;
        };
        text.extend(inner);
    }
    text
}

/// A map whose lists and objects hold a few plain values at most.
fn cut(map: &Map<String, Value>) -> Result<Map<String, Value>, ModelError> {
    if map.len() > MOST_KEYS {
        return Err(ModelError::Inconsistent(format!(
            "The config has {} keys; with layers that differ from each other no more than {} are read.",
            grouped(map.len() as u64),
            grouped(MOST_KEYS as u64)
        )));
    }
    let plain = |value: &Value| match value {
        Value::Array(_) | Value::Object(_) => Value::Null,
        Value::String(text) if text.len() > MOST_LETTERS => Value::Null,
        other => other.clone(),
    };
    let short = |value: &Value| match value {
        Value::Array(items) => Value::Array(items.iter().take(LONG).map(plain).collect()),
        Value::Object(items) => {
            let items = items.iter().take(LONG);
            Value::Object(items.map(|(key, value)| (key.clone(), plain(value))).collect())
        }
        other => plain(other),
    };
    Ok(map.iter().map(|(key, value)| (key.clone(), short(value))).collect())
}
