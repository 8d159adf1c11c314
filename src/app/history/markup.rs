//! Rows as markup: a page of rows is written as one text, which a browser reads faster than it takes orders.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use weighbridge::export::history::{Column, Figures, History, Kept, Sort, percent_of};
use weighbridge::report::{between, verdict_name};
use weighbridge::units::{UnitSystem, decimal, dollars, grouped, seconds};

use super::when::When;
use crate::app::verdict;

/// Cells of a row.
pub const COLUMNS: usize = 11;
/// Columns in their order, with their names; numbers stand to the right.
pub const HEADINGS: [(Column, &str, bool); 9] = [
    (Column::When, "When", false),
    (Column::Model, "Model", false),
    (Column::Hardware, "Hardware", false),
    (Column::Mode, "Mode", false),
    (Column::Format, "Format", false),
    (Column::Memory, "Memory", true),
    (Column::Speed, "Tokens/s", true),
    (Column::FirstToken, "First token", true),
    (Column::Cost, "Cost", true),
];

const PIN: &str = "M5.6 2.4h4.8M6.4 2.4v4L4.2 9h7.6L9.6 6.4v-4M8 9v4.8";
const PENCIL: &str = "m3 13 .6-2.8 7-7 2.2 2.2-7 7z";
const LINK: &str = "M6.6 9.4a2.6 2.6 0 0 0 3.7 0l2.5-2.5a2.6 2.6 0 0 0-3.7-3.7L8 4.3M9.4 6.6a2.6 2.6 0 0 0-3.7 0L3.2 9.1a2.6 2.6 0 0 0 3.7 3.7L8 11.7";
/// A bin.
pub const BIN: &str = "M2.8 4.4h10.4M6 4.4V2.8h4v1.6M4.2 4.4l.6 9h6.4l.6-9";
/// Into the page.
pub const UP: &str = "M8 10.2V2.8M4.8 5.8 8 2.6l3.2 3.2M2.8 13.4h10.4";

/// What the table shows of the rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    /// Places of the rows.
    pub rows: Vec<usize>,
    /// Their order.
    pub sort: Sort,
    /// Key of the one whose name is being written.
    pub edited: Option<String>,
    /// GiB or GB.
    pub units: UnitSystem,
}

/// Some rows of the body of the table, of which `chosen` are ticked. `group` is the heading they come under, and the last one
/// when they end.
pub fn lines(
    history: &History,
    rows: &[usize],
    shown: &Shown,
    chosen: &BTreeSet<String>,
    group: &mut String,
) -> String {
    let mut out = String::with_capacity(rows.len() * 2_600);
    for row in rows.iter().filter_map(|at| history.get(*at)) {
        let when = When::of(row.time);
        if shown.sort.column == Column::When {
            let heading = if row.pinned {
                "Pinned".to_owned()
            } else {
                when.heading()
            };
            if heading != *group {
                let _ = write!(
                    out,
                    "<tr class=\"group\"><th colspan=\"{COLUMNS}\" scope=\"rowgroup\">{heading}</th></tr>"
                );
                *group = heading;
            }
        }
        line(&mut out, row, &when, shown, chosen.contains(&row.id));
    }
    out
}

fn line(out: &mut String, row: &Kept, when: &When, shown: &Shown, chosen: bool) {
    let title = escape(row.title());
    let answer = &row.answer;
    let _ = write!(
        out,
        "<tr data-id=\"{}\"{}><td class=\"ck\"><input type=\"checkbox\" data-deed=\"choose\" aria-label=\"Choose {title}, {}\"{}></td><td class=\"text wh\">{}</td>",
        escape(&row.id),
        if chosen { " class=\"on\"" } else { "" },
        escape(&answer.hardware),
        if chosen { " checked" } else { "" },
        when.short(),
    );
    if shown.edited.as_deref() == Some(&row.id) {
        let _ = write!(
            out,
            "<th scope=\"row\" class=\"text nm\"><span class=\"ed\"><input data-deed=\"name\" aria-label=\"Name\" maxlength=\"120\" placeholder=\"{}\" value=\"{}\"><input data-deed=\"note\" aria-label=\"Note\" maxlength=\"2000\" placeholder=\"Note\" value=\"{}\"><small>Enter keeps it, Esc does not</small></span></th>",
            escape(&row.model_name),
            escape(&row.name),
            escape(&row.note)
        );
    } else {
        let _ = write!(out, "<th scope=\"row\" class=\"text nm\">");
        if row.question.is_empty() {
            let _ = write!(
                out,
                "<b title=\"Its question was too long to keep; the figures stay.\">{title}</b>"
            );
        } else {
            let _ = write!(
                out,
                "<button class=\"open\" type=\"button\" data-deed=\"open\">{title}</button>"
            );
        }
        if !row.name.is_empty() {
            let _ = write!(out, "<small>{}</small>", escape(&row.model_name));
        }
        if !row.note.is_empty() {
            let _ = write!(out, "<small class=\"note\">{}</small>", escape(&row.note));
        }
        out.push_str("</th>");
    }
    let hardware = if answer.hardware.is_empty() {
        "none".to_owned()
    } else {
        escape(&answer.hardware)
    };
    let _ = write!(
        out,
        "<td class=\"text hw\">{hardware}</td><td class=\"text md\">{}</td><td class=\"text fm\">{}</td>",
        escape(&answer.mode_words()),
        escape(&answer.format)
    );
    memory(out, row, shown.units);
    let before = row.before.as_deref();
    let rate = |answer: &Figures| answer.tokens_per_second.map(decimal);
    let range = answer.tokens_per_second_between.map(|(low, high)| between(low, high));
    number(out, "sp", rate(answer), range, before.map(|old| (rate(old), old)));
    let first = |answer: &Figures| answer.first_token_seconds.map(seconds);
    number(out, "ft", first(answer), None, before.map(|old| (first(old), old)));
    let cost = answer.usd_per_million_tokens.map(dollars);
    let none = if answer.runs() { "no price" } else { "" };
    let _ = match cost {
        Some(cost) => write!(out, "<td class=\"co\">{cost} <small>a million</small></td>"),
        None => write!(out, "<td class=\"co\"><small>{none}</small></td>"),
    };
    let pinned = if row.pinned { " on" } else { "" };
    let pin = if row.pinned { "Unpin" } else { "Pin" };
    out.push_str("<td class=\"ac\"><span class=\"ra\">");
    for (deed, class, label, path, there) in [
        ("pin", pinned, pin, PIN, true),
        ("rename", "", "Name and note", PENCIL, true),
        ("link", "", "Copy the link", LINK, !row.question.is_empty()),
        ("delete", "", "Delete", BIN, true),
    ] {
        if there {
            let _ = write!(
                out,
                "<button class=\"icon-button{class}\" type=\"button\" data-deed=\"{deed}\" title=\"{label}\" aria-label=\"{label}: {title}\">{}</button>",
                icon(path)
            );
        }
    }
    out.push_str("</span></td></tr>");
}

fn memory(out: &mut String, row: &Kept, units: UnitSystem) {
    let answer = &row.answer;
    let look = look(&answer.verdict);
    let giga = |bytes: u64| decimal(bytes as f64 / units.giga());
    let _ = write!(
        out,
        "<td class=\"me\"><span class=\"hm\" data-verdict=\"{look}\"><svg class=\"icon vd\" aria-hidden=\"true\"><use href=\"#i-{}\"></use></svg><span class=\"unseen\">{}: </span><span>{}",
        verdict::sign_name(&answer.verdict),
        verdict_words(&answer.verdict),
        giga(answer.memory_bytes)
    );
    match answer.capacity_bytes {
        Some(capacity) if answer.memory_bytes <= capacity => {
            let _ = write!(
                out,
                " <small>of {}</small></span><svg class=\"hb\" aria-hidden=\"true\"><rect width=\"100%\" height=\"5\" rx=\"2.5\"/><rect class=\"is\" width=\"{:.1}%\" height=\"5\" rx=\"2.5\"/></svg>",
                giga(capacity),
                percent_of(answer.memory_bytes, capacity)
            );
        }
        Some(capacity) => {
            let _ = write!(
                out,
                " <small>of {}</small></span><span class=\"hb over\"></span>",
                giga(capacity)
            );
        }
        None => out.push_str("</span>"),
    }
    out.push_str("</span>");
    if let Some(old) = row
        .before
        .as_deref()
        .filter(|old| old.memory_bytes != answer.memory_bytes)
    {
        let _ = write!(
            out,
            "<small class=\"was\">{} in {}</small>",
            giga(old.memory_bytes),
            escape(&old.version)
        );
    }
    out.push_str("</td>");
}

fn number(
    out: &mut String,
    class: &str,
    value: Option<String>,
    range: Option<String>,
    before: Option<(Option<String>, &Figures)>,
) {
    let _ = write!(out, "<td class=\"{class}\">{}", value.as_deref().unwrap_or("–"));
    if let Some(range) = range {
        let _ = write!(out, "<small class=\"iv\">{range}</small>");
    }
    if let Some((old, figures)) = before.filter(|(old, _)| *old != value) {
        let _ = write!(
            out,
            "<small class=\"was\">{} in {}</small>",
            old.as_deref().unwrap_or("none"),
            escape(&figures.version)
        );
    }
    out.push_str("</td>");
}

/// An icon by its path.
pub fn icon(path: &str) -> String {
    format!("<svg class=\"icon\" viewBox=\"0 0 16 16\" aria-hidden=\"true\"><path d=\"{path}\"/></svg>")
}

/// The look of a verdict: one of the tones of the style sheet, whatever a file says.
pub fn look(verdict: &str) -> &'static str {
    match verdict {
        "fits" => "fits",
        "offload" => "offload",
        "tight" => verdict::look("tight"),
        "beyond" => verdict::look("beyond"),
        "missed" => verdict::look("missed"),
        "does_not_fit" => "does_not_fit",
        "unsupported" => "unsupported",
        _ => "unknown",
    }
}

/// The verdict for who does not see its sign.
pub fn verdict_words(verdict: &str) -> &'static str {
    match verdict {
        "tight" => "may not fit",
        "beyond" => "fits, beyond the model's context",
        "missed" => "fits, misses its target",
        other => verdict_name(other),
    }
}

/// `8,192 + 512 tokens`.
pub fn load(row: &Kept) -> Option<String> {
    let scenario = row.scenario()?;
    let prompt = grouped(scenario.workload.prompt);
    Some(match scenario.generated() {
        0 => format!("{prompt} tokens"),
        some => format!("{prompt} + {} tokens", grouped(some)),
    })
}

/// Text that holds no markup: names come from users, files and the Hub.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for sign in text.chars() {
        match sign {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            other => out.push(other),
        }
    }
    out
}
