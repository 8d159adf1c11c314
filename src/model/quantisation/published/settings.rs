//! A part of a quantisation config being read, which knows what of it nobody read.

use std::cell::RefCell;
use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::super::super::config::{whole, wrong};
use super::super::super::error::ModelError;
use super::super::parameter::WHOLE_ROW;

/// No list of entries is longer.
pub const MOST_ENTRIES: usize = 200_000;

/// Keys that say who wrote a checkpoint, how it was calibrated or how it is computed with: none changes a byte.
const HARMLESS: &[&str] = &[
    "quant_method",
    "method",
    "version",
    "producer",
    "quantizer",
    "meta",
    "metadata",
    "activation_scheme",
    "desc",
    "comment",
    "name",
    "_class_name",
    "provider",
];

/// Settings of a method, or a part of them.
#[derive(Debug)]
pub struct Settings<'a> {
    map: &'a Map<String, Value>,
    read: RefCell<BTreeSet<&'a str>>,
}

impl<'a> Settings<'a> {
    /// Nothing is read yet.
    pub const fn new(map: &'a Map<String, Value>) -> Self {
        Self {
            map,
            read: RefCell::new(BTreeSet::new()),
        }
    }

    /// A value; null counts as absent.
    pub fn get(&self, key: &str) -> Option<&'a Value> {
        let (key, value) = self.map.get_key_value(key)?;
        self.read.borrow_mut().insert(key);
        Some(value).filter(|value| !value.is_null())
    }
    /// Whether a key is there, even as null.
    pub fn has(&self, key: &str) -> bool {
        self.map.contains_key(key)
    }
    /// A part.
    pub fn part(&self, key: &str) -> Option<Settings<'a>> {
        self.get(key).and_then(Value::as_object).map(Settings::new)
    }
    /// A text, in lower case.
    pub fn word(&self, key: &str) -> Option<String> {
        self.get(key).and_then(Value::as_str).map(str::to_ascii_lowercase)
    }
    /// Yes or no; absent is no.
    pub fn flag(&self, key: &str) -> bool {
        self.get(key).and_then(Value::as_bool).unwrap_or(false)
    }
    /// Every key with its value, all of them read.
    pub fn entries(&self) -> impl Iterator<Item = (&'a str, &'a Value)> {
        self.read.borrow_mut().extend(self.map.keys().map(String::as_str));
        self.map.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// A whole number in a range, or what stands for its absence. Text that holds one is read.
    ///
    /// # Errors
    /// No such number.
    pub fn number(&self, keys: &[&str], otherwise: u64, least: u64, most: u64) -> Result<u64, ModelError> {
        let Some((key, value)) = keys.iter().find_map(|&key| self.get(key).map(|value| (key, value))) else {
            return Ok(otherwise);
        };
        match value {
            Value::String(text) => match text.trim().parse::<f64>().ok().and_then(serde_json::Number::from_f64) {
                Some(number) => whole(key, &Value::Number(number), least, most),
                None => Err(wrong(key, value, "a whole number")),
            },
            _ => whole(key, value, least, most),
        }
    }

    /// A number with a fraction, as such or as text.
    ///
    /// # Errors
    /// No number.
    pub fn fraction(&self, keys: &[&str], otherwise: f64) -> Result<f64, ModelError> {
        let Some((key, value)) = keys.iter().find_map(|&key| self.get(key).map(|value| (key, value))) else {
            return Ok(otherwise);
        };
        let number = match value {
            Value::String(text) => text.trim().parse().ok().filter(|number: &f64| number.is_finite()),
            _ => value.as_f64(),
        };
        number.ok_or_else(|| wrong(key, value, "a number"))
    }

    /// Bits of a weight.
    ///
    /// # Errors
    /// No whole number from 1 to 16.
    pub fn bits(&self, keys: &[&str], otherwise: u64) -> Result<u64, ModelError> {
        self.number(keys, otherwise, 1, 16)
    }

    /// Weights in a group; −1 is the whole row, as is what the caller says of absence.
    ///
    /// # Errors
    /// No whole number.
    pub fn group(&self, keys: &[&str], otherwise: u64) -> Result<u64, ModelError> {
        let given = keys.iter().find_map(|&key| self.get(key));
        let minus = |value: &Value| match value {
            Value::String(text) => text.trim().starts_with("-1"),
            _ => value.as_f64() == Some(-1.0),
        };
        if given.is_some_and(minus) {
            return Ok(WHOLE_ROW);
        }
        self.number(keys, otherwise, 1, WHOLE_ROW)
    }

    /// Names in a list, in lists inside it, or in a text between commas.
    pub fn names(&self, key: &str) -> Vec<&'a str> {
        let mut names = Vec::new();
        if let Some(value) = self.get(key) {
            collect(value, &mut names, 0);
        }
        names
    }

    /// Keys that nobody read and that say something, for the reader of this part to report.
    pub fn unread(&self, harmless: &[&str]) -> Vec<&'a str> {
        let read = self.read.borrow();
        let says = |value: &Value| match value {
            Value::Null | Value::Bool(false) => false,
            Value::Array(items) => !items.is_empty(),
            Value::Object(items) => !items.is_empty(),
            Value::String(text) => !text.is_empty(),
            _ => true,
        };
        let all = self.map.iter().filter(|(key, value)| {
            let key = key.as_str();
            says(value) && !read.contains(key) && !harmless.contains(&key) && !HARMLESS.contains(&key)
        });
        all.map(|(key, _)| key.as_str()).collect()
    }
}

fn collect<'a>(value: &'a Value, names: &mut Vec<&'a str>, depth: u32) {
    match value {
        Value::String(text) if depth == 0 => {
            names.extend(text.split(',').map(str::trim).filter(|name| !name.is_empty()))
        }
        Value::String(text) => names.push(text),
        Value::Array(items) if depth < 4 => {
            for item in items {
                if names.len() >= MOST_ENTRIES {
                    break;
                }
                collect(item, names, depth + 1);
            }
        }
        _ => {}
    }
}
