//! Sizes, flags and lists of a config, each checked.

use serde_json::Value;

use super::{Config, MOST_DIMENSION, whole, wrong};
use crate::model::error::ModelError;
use crate::model::families::Flag;
use crate::model::families::keys::TIE;
use crate::units::{Origin, Quantity, Unit, grouped};

impl Config {
    /// A size that may be absent: no key, no class default.
    ///
    /// # Errors
    /// Wrong type or out of range.
    pub fn optional(&self, name: &'static str, keys: &[&'static str]) -> Result<Option<Quantity>, ModelError> {
        self.lookup(name, keys, 0)
    }

    fn lookup(&self, name: &'static str, keys: &[&'static str], least: u64) -> Result<Option<Quantity>, ModelError> {
        if let Some((key, value)) = self.find(keys) {
            let number = whole(key, value, least, MOST_DIMENSION)?;
            return Ok(Some(Quantity::config(name, key, number)));
        }
        // An explicit null says "none" and keeps the class default away.
        if self.names_of(keys).iter().any(|key| self.has(key)) {
            return Ok(None);
        }
        for &key in keys {
            if let Some(value) = self.class_default(key) {
                let number = whole(key, value, least, MOST_DIMENSION)?;
                self.notice(
                    "class_default",
                    format!(
                        "{key} is not in the config; {}, the default of {}, is assumed.",
                        grouped(number),
                        self.model_type
                    ),
                );
                return Ok(Some(Quantity {
                    name: name.into(),
                    value: number,
                    unit: Unit::Count,
                    origin: Origin::ClassDefault(key.into()),
                }));
            }
        }
        Ok(None)
    }

    /// A size that must be there (or have a class default) and be at least one.
    ///
    /// # Errors
    /// Missing, wrong type or out of range.
    pub fn size(&self, name: &'static str, keys: &[&'static str]) -> Result<Quantity, ModelError> {
        let Some(found) = self.lookup(name, keys, 1)? else {
            // Null is absent here: this size has no meaning of "none".
            for &key in keys {
                if let Some(value) = self.class_default(key) {
                    let number = whole(key, value, 1, MOST_DIMENSION)?;
                    return Ok(Quantity {
                        name: name.into(),
                        value: number,
                        unit: Unit::Count,
                        origin: Origin::ClassDefault(key.into()),
                    });
                }
            }
            return Err(ModelError::Missing {
                key: keys.join(" or "),
                model_type: self.model_type.clone(),
            });
        };
        Ok(found)
    }

    /// A size that is derived where it is absent.
    ///
    /// # Errors
    /// Wrong type or out of range.
    pub fn size_or(
        &self,
        name: &'static str,
        keys: &[&'static str],
        derive: impl FnOnce() -> Quantity,
    ) -> Result<Quantity, ModelError> {
        Ok(self.lookup(name, keys, 1)?.unwrap_or_else(derive))
    }

    /// A yes or no, from the config, else the class default, else the one given.
    ///
    /// # Errors
    /// Neither true nor false.
    pub fn flag(&self, key: &'static str, otherwise: bool) -> Result<bool, ModelError> {
        let usual = self.class_default(key);
        // What a class makes of a null is mostly no, whatever it assumes where the key is left out.
        let null = key != TIE && self.get(key).is_none() && self.has(key);
        if null && usual.map_or(otherwise, |usual| *usual == true) {
            return Err(wrong(key, &Value::Null, "true or false"));
        }
        match self.get(key).or(usual) {
            None => Ok(otherwise),
            Some(Value::Bool(yes)) => Ok(*yes),
            Some(Value::Number(number)) if number.as_u64().is_some_and(|n| n < 2) => Ok(number.as_u64() == Some(1)),
            Some(other) => Err(wrong(key, other, "true or false")),
        }
    }

    /// Whether a flag of a description holds for this config.
    ///
    /// # Errors
    /// A key that is neither true nor false.
    pub fn decide(&self, flag: Flag) -> Result<bool, ModelError> {
        match flag {
            Flag::No => Ok(false),
            Flag::Yes => Ok(true),
            Flag::Key(key, otherwise) => self.flag(key, otherwise),
        }
    }

    /// A list of strings, one a layer, if there is one.
    ///
    /// # Errors
    /// Not a list of strings.
    pub fn names(&self, key: &'static str) -> Result<Option<Vec<&str>>, ModelError> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let Value::Array(items) = value else {
            return Err(wrong(key, value, "a list of names"));
        };
        items
            .iter()
            .map(|item| item.as_str().ok_or_else(|| wrong(key, item, "a list of names")))
            .collect::<Result<_, _>>()
            .map(Some)
    }

    /// One name of a list, nothing past its end, if there is a list; the others are not looked at.
    ///
    /// # Errors
    /// Not a list, or another value than a name.
    pub fn name_at(&self, key: &'static str, at: u64) -> Result<Option<Option<&str>>, ModelError> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let Value::Array(items) = value else {
            return Err(wrong(key, value, "a list of names"));
        };
        let Some(item) = items.get(at as usize) else {
            return Ok(Some(None));
        };
        let name = item.as_str().ok_or_else(|| wrong(key, item, "a list of names"))?;
        Ok(Some(Some(name)))
    }

    /// A list of whole numbers, if there is one.
    ///
    /// # Errors
    /// Not a list of whole numbers.
    pub fn numbers(&self, key: &'static str) -> Result<Option<Vec<u64>>, ModelError> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let Value::Array(items) = value else {
            return Err(wrong(key, value, "a list of whole numbers"));
        };
        items
            .iter()
            .map(|item| whole(key, item, 0, MOST_DIMENSION))
            .collect::<Result<_, _>>()
            .map(Some)
    }

    /// The same, or the class's list where the file has none.
    ///
    /// # Errors
    /// Not a list of whole numbers, or none anywhere.
    pub fn counts(&self, key: &'static str) -> Result<Vec<u64>, ModelError> {
        if let Some(given) = self.numbers(key)? {
            return Ok(given);
        }
        let value = self.class_default(key).unwrap_or(&Value::Null);
        let Value::Array(items) = value else {
            return Err(wrong(key, value, "a list of whole numbers"));
        };
        items.iter().map(|item| whole(key, item, 0, MOST_DIMENSION)).collect()
    }
}
