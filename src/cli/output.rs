//! How answers and failures are written.

use std::borrow::Cow;
use std::io::{self, Write as _};

pub use crate::ask::Failure;
use crate::export::{Sheet, markdown};
use crate::units::commands;

/// Format of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Aligned text.
    Table,
    /// An indented tree (`inspect` only).
    Tree,
    /// The drawing of the architecture (`inspect` only).
    Svg,
    /// JSON.
    Json,
    /// Comma-separated values.
    Csv,
    /// Markdown tables.
    Markdown,
}

/// A line for the person at the terminal, on standard error. Nobody may be there to read it.
pub fn tell(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", for_terminal(line, Format::Table));
}

/// As [`tell`], over the line before: for progress.
pub fn tell_over(line: &str) {
    let mut out = io::stderr().lock();
    let _ = write!(out, "\r{}", for_terminal(line, Format::Table));
    let _ = out.flush();
}

/// A text as it may reach a terminal: names come from files, and a terminal obeys what it is sent.
pub fn for_terminal(text: &str, format: Format) -> Cow<'_, str> {
    // Line breaks are ours: those of names were shown where they were put into a cell or a line.
    let kept = |sign: char| matches!(sign, '\n' | '\t') || !commands(sign);
    if text.chars().all(kept) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for sign in text.chars() {
        if kept(sign) {
            out.push(sign);
        } else if format == Format::Json {
            out.push_str(&format!("\\u{:04x}", u32::from(sign)));
        } else {
            out.extend(sign.escape_unicode());
        }
    }
    Cow::Owned(out)
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
