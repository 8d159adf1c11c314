//! A comparison as a table of text, for people, and of bare numbers, for spreadsheets.

use std::collections::BTreeMap;

use super::{Sheet, bare};
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

/// The rows as people read them: those that differ, under their headings, with how each value stands to the first and which is the
/// best.
pub fn side_by_side(beside: &SideBySide) -> Sheet {
    let names = column_names(beside);
    let several = names.len() > 1;
    let mut sheet = Sheet {
        columns: std::iter::once(String::new()).chain(names).collect(),
        ..Sheet::default()
    };
    // Of one column everything is the same.
    let differs = |row: &&Row| !several || !row.same;
    for section in &beside.sections {
        let rows: Vec<&Row> = section.rows.iter().filter(differs).collect();
        if rows.is_empty() {
            continue;
        }
        sheet.push([section.group.title().to_owned()]);
        for row in rows {
            sheet.push(std::iter::once(format!("  {}", row.label)).chain(row.cells.iter().map(marked)));
            if row.cells.iter().any(|cell| !cell.likely.is_empty()) {
                let likely = row.cells.iter().map(|cell| cell.likely.clone());
                sheet.push(std::iter::once(format!("  {}, likely", row.label)).chain(likely));
            }
        }
    }
    sheet
}

/// All rows as a spreadsheet takes them: `figure`, `unit`, a column for each question; bare numbers in base units, the ends of an
/// interval and what may be used of a memory in rows of their own, nothing where there is no value.
pub fn side_by_side_numbers(beside: &SideBySide) -> Sheet {
    type Read = fn(&Cell) -> Option<f64>;
    let columns = ["figure".to_owned(), "unit".to_owned()];
    let mut sheet = Sheet {
        columns: columns.into_iter().chain(column_names(beside)).collect(),
        ..Sheet::default()
    };
    for row in beside.sections.iter().flat_map(|section| &section.rows) {
        let mut push = |name: String, words: &dyn Fn(&Cell) -> String| {
            let head = [name, row.base.to_owned()];
            sheet.push(head.into_iter().chain(row.cells.iter().map(words)));
        };
        let any = |of: Read| row.cells.iter().any(|cell| of(cell).is_some());
        let label = row.label;
        push(label.to_owned(), &|cell| match cell.number {
            Some(number) => bare(number),
            None if cell.none => String::new(),
            None => cell.text.clone(),
        });
        let ends: [(&str, Read); 3] = [
            ("low", |cell| cell.ends.map(|(low, _)| low)),
            ("high", |cell| cell.ends.map(|(_, high)| high)),
            ("usable", |cell| cell.usable),
        ];
        for (name, of) in ends {
            if any(of) {
                push(format!("{label}, {name}"), &|cell| {
                    of(cell).map_or_else(String::new, bare)
                });
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
