//! Values as they come: a number within limits, or an error that names what was found.

use serde_json::Value;

use crate::model::error::ModelError;

/// A whole number within limits. Floats without a fraction are accepted: some writers save 4096.0.
pub fn whole(key: &str, value: &Value, least: u64, most: u64) -> Result<u64, ModelError> {
    let number = match value {
        Value::Number(number) => number.as_u64().or_else(|| {
            number
                .as_f64()
                .filter(|float| float.fract() == 0.0 && (0.0..=1e18).contains(float))
                .map(|float| float as u64)
        }),
        _ => return Err(wrong(key, value, "a whole number")),
    };
    match number {
        Some(number) if (least..=most).contains(&number) => Ok(number),
        _ => Err(ModelError::OutOfRange {
            key: key.to_owned(),
            found: shown(value),
            least,
            most,
        }),
    }
}

/// A value of the wrong kind, as an error.
pub fn wrong(key: &str, value: &Value, expected: &'static str) -> ModelError {
    ModelError::WrongType {
        key: key.to_owned(),
        found: format!("{} ({})", kind_of(value), shown(value)),
        expected,
    }
}

pub const fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a yes or no",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// A value as JSON, cut to what fits a message.
fn shown(value: &Value) -> String {
    // Only the beginning is written: a hostile value may be megabytes long.
    let text = match value {
        Value::Array(items) => return format!("{} items", items.len()),
        Value::Object(items) => return format!("{} keys", items.len()),
        Value::String(text) => format!("\"{}\"", text.chars().take(40).collect::<String>()),
        other => other.to_string(),
    };
    if text.chars().count() > 44 {
        format!("{}…", text.chars().take(40).collect::<String>())
    } else {
        text
    }
}
