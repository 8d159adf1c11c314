//! How answers and failures are written.

use crate::export::{Sheet, markdown};
use serde_json::{Value, json};

/// Format of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Aligned text.
    Table,
    /// An indented tree (`inspect` only).
    Tree,
    /// JSON.
    Json,
    /// Comma-separated values.
    Csv,
    /// Markdown tables.
    Markdown,
}

/// Something went wrong: one line that says what, and what to do.
#[derive(Clone, Debug)]
pub struct Failure {
    code: String,
    message: String,
}

impl Failure {
    /// A failure with a stable code.
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            message: message.into(),
        }
    }
    /// One line.
    pub fn line(&self) -> String {
        self.message.replace(['\n', '\r'], " ")
    }
    /// As JSON.
    pub fn json(&self) -> Value {
        json!({"error": {"code": self.code, "message": self.line()}})
    }
}

/// Writes JSON, indented.
pub fn json_text(value: &impl serde::Serialize) -> Result<String, Failure> {
    let mut text = serde_json::to_string_pretty(value).map_err(|error| Failure::new("internal", error.to_string()))?;
    text.push('\n');
    Ok(text)
}

/// Writes tables in a text format.
pub fn sheets(sheets: &[Sheet], format: Format) -> Result<String, Failure> {
    match format {
        Format::Markdown => Ok(markdown(sheets)),
        Format::Csv => {
            let parts: Result<Vec<_>, _> = sheets.iter().map(Sheet::csv).collect();
            parts
                .map(|parts| parts.join("\n"))
                .map_err(|error| Failure::new("internal", error.to_string()))
        }
        _ => Ok(sheets.iter().map(Sheet::text).collect::<Vec<_>>().join("\n")),
    }
}
