//! The answer as text, Markdown and CSV.

use super::AnswerSheet;
use crate::export::figures::figures_sheet;
use crate::export::{Sheet, markdown as markdown_of};

/// Lines of text, as a message in a chat.
pub fn text(sheet: &AnswerSheet) -> String {
    let mut out = format!("{}\n", sheet.sentence.main);
    if !sheet.sentence.rest.is_empty() {
        out.push_str(&format!("{}\n", sheet.sentence.rest));
    }
    out.push('\n');
    for tile in sheet.tiles.iter().filter(|tile| !tile.none) {
        out.push_str(&format!(
            "{}: {}\n",
            tile.what,
            with_note(tile.value.as_str(), &tile.unit, &tile.note)
        ));
    }
    let asked: Vec<String> = sheet
        .asked
        .iter()
        .map(|(name, value)| format!("{name} {value}"))
        .collect();
    out.push_str(&format!(
        "\n{}\n{}\n{}\n",
        asked.join(", "),
        sheet.imprint(),
        sheet.link
    ));
    out
}

fn with_note(value: &str, unit: &str, note: &str) -> String {
    let mut words = value.to_owned();
    if !unit.is_empty() {
        words.push_str(&format!(" {unit}"));
    }
    if !note.is_empty() {
        words.push_str(&format!(" ({note})"));
    }
    words
}

/// Markdown for issues and papers.
pub fn markdown(sheet: &AnswerSheet, assumptions: bool, sources: bool) -> String {
    let mut numbers = Sheet::new("", &["", ""]);
    numbers.push(["Verdict".to_owned(), sheet.sentence.pill.to_owned()]);
    for tile in sheet.tiles.iter().filter(|tile| !tile.none) {
        numbers.push([tile.what.to_owned(), with_note(&tile.value, &tile.unit, &tile.note)]);
    }
    for (name, value) in &sheet.asked {
        numbers.push([(*name).to_owned(), value.clone()]);
    }
    let mut out = format!(
        "**{}** {}\n\n{}",
        escaped(&sheet.sentence.main),
        escaped(&sheet.sentence.rest),
        markdown_of(&[numbers])
    );
    let list = |title: &str, lines: &[String]| {
        let lines: String = lines.iter().map(|line| format!("- {}\n", escaped(line))).collect();
        format!("\n{title}\n\n{lines}")
    };
    if assumptions && !sheet.assumed.is_empty() {
        out.push_str(&list("Assumed:", &sheet.assumed));
    }
    if sources && !sheet.sources.is_empty() {
        out.push_str(&list("Sources:", &sheet.sources));
    }
    out.push_str(&format!("\n{}: <{}>\n", sheet.imprint(), sheet.link));
    out
}

/// What would make another thing of a line of Markdown.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for sign in text.chars() {
        if matches!(sign, '*' | '_' | '`' | '<' | '|' | '[' | '\\') {
            out.push('\\');
        }
        out.push(sign);
    }
    out
}

/// One row a figure: what it belongs to, its name, a bare number in its base unit, the unit, both ends of its interval.
///
/// # Errors
/// Never in practice: it writes to memory.
pub fn csv(sheet: &AnswerSheet) -> Result<String, csv::Error> {
    figures_sheet(&sheet.figures).csv()
}
