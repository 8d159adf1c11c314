//! A comparison as a table of text.

use std::collections::BTreeMap;

use super::Sheet;
use crate::report::compare::{Cell, Head, Row, SideBySide};

/// Names that a table can have: the same twice would be two columns of one name.
pub fn column_names(beside: &SideBySide) -> Vec<String> {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let name = |head| {
        let head: &Head = head;
        let count = seen.entry(&head.named).or_default();
        *count = count.saturating_add(1);
        if *count > 1 {
            format!("{} ({count})", head.named)
        } else {
            head.named.clone()
        }
    };
    beside.heads.iter().map(name).collect()
}

/// The rows as a table. `plain` is for programs: all rows, values alone; else rows that differ, under their headings, with how
/// each value stands to the first and which is the best.
pub fn side_by_side(beside: &SideBySide, plain: bool) -> Sheet {
    let names = column_names(beside);
    let several = names.len() > 1;
    let mut sheet = Sheet {
        title: String::new(),
        columns: std::iter::once(String::new()).chain(names).collect(),
        rows: Vec::new(),
    };
    // Of one column everything is the same.
    let differs = |row: &&Row| plain || !several || !row.same;
    for section in &beside.sections {
        let rows: Vec<&Row> = section.rows.iter().filter(differs).collect();
        if rows.is_empty() {
            continue;
        }
        if !plain {
            sheet.push([section.group.title().to_owned()]);
        }
        for row in rows {
            let indent = if plain { "" } else { "  " };
            let words = |cell: &Cell| if plain { cell.whole() } else { marked(cell) };
            sheet.push(std::iter::once(format!("{indent}{}", row.label)).chain(row.cells.iter().map(words)));
            if row.cells.iter().any(|cell| !cell.likely.is_empty()) {
                let likely = row.cells.iter().map(|cell| cell.likely.clone());
                sheet.push(std::iter::once(format!("{indent}{}, likely", row.label)).chain(likely));
            }
        }
    }
    sheet
}

/// A value with how it stands to the base, and whether it is the best: `104, +96 %, best`.
fn marked(cell: &Cell) -> String {
    let mut words = vec![cell.whole()];
    words.extend(Some(cell.relation.clone()).filter(|relation| !relation.is_empty()));
    words.extend(cell.best.then(|| "best".to_owned()));
    words.extend(cell.if_it_ran.then(|| "if it ran".to_owned()));
    words.join(", ")
}
