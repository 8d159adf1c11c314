//! The matrix as markup: thousands of cells are written as one text, which a browser reads faster than it takes orders.

use std::fmt::Write as _;

use weighbridge::export::escape;
use weighbridge::hardware::Device;
use weighbridge::report::about;
use weighbridge::units::UnitSystem;

use super::verdict_words::verdict_name;
use super::verdicts::{Column, Verdicts};
use crate::app::hardware::facts::{group_name, memory};

/// The head: each format with its bits a weight.
pub fn head(columns: &[Column]) -> String {
    let mut out = String::from("<tr><th scope=\"col\">Device</th>");
    for column in columns {
        let _ = write!(
            out,
            "<th scope=\"col\">{}<small>{} bpw</small></th>",
            escape(&column.label),
            bits(column.bits)
        );
    }
    out.push_str("</tr>");
    out
}

/// The body: rows by vendor and segment. `now` is the row and column of the scenario.
pub fn body(verdicts: &Verdicts, rows: &[usize], now: (Option<usize>, Option<usize>), units: UnitSystem) -> String {
    let mut out = String::with_capacity(rows.len() * 1600);
    let mut group = String::new();
    let width = verdicts.columns.len() + 1;
    for &row in rows {
        let Some(device) = verdicts.devices.get(row) else {
            continue;
        };
        let name = group_name(device);
        if name != group {
            let _ = write!(
                out,
                "<tr class=\"group\"><th colspan=\"{width}\" scope=\"colgroup\">{}</th></tr>",
                escape(&name)
            );
            group = name;
        }
        line(&mut out, verdicts, row, device, now, units);
    }
    out
}

fn line(
    out: &mut String,
    verdicts: &Verdicts,
    row: usize,
    device: &Device,
    now: (Option<usize>, Option<usize>),
    units: UnitSystem,
) {
    let mine = if now.0 == Some(row) { " class=\"now\"" } else { "" };
    let _ = write!(
        out,
        "<tr{mine}><th scope=\"row\">{} <small>{}</small></th>",
        escape(&device.name),
        memory(device, units)
    );
    for at in 0..verdicts.columns.len() {
        let Some(one) = verdicts.cell(row, at) else {
            out.push_str("<td></td>");
            continue;
        };
        let number = one.pace.map(|pace| about(pace.expected)).unwrap_or_default();
        // On a phone this row alone is shown, as a list.
        let label = match verdicts.columns.get(at).filter(|_| now.0 == Some(row)) {
            Some(column) => format!(" data-label=\"{}\"", escape(&column.label)),
            None => String::new(),
        };
        let chosen = if now == (Some(row), Some(at)) {
            " aria-selected=\"true\""
        } else {
            ""
        };
        let _ = write!(
            out,
            "<td role=\"gridcell\" tabindex=\"-1\" data-row=\"{row}\" data-at=\"{at}\" data-verdict=\"{}\"{label}{chosen}><span class=\"unseen\">{} </span>{number}</td>",
            one.verdict,
            verdict_name(one.verdict)
        );
    }
    out.push_str("</tr>");
}

/// Bits a weight to one place.
pub fn bits(value: f64) -> String {
    format!("{value:.1}")
}
