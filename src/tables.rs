//! How the tables in `data/` are read: CSV (RFC 4180) with the names of the columns in its first line.
//!
//! A reader for any type would be written out by the compiler for each table, a tenth of what the page loads first; the rows
//! here are read column by column instead. Tables that the first answer does without are left to the crate `csv`.

use std::borrow::Cow;
use std::cell::Cell;
use std::str::FromStr;

/// A row of a table, with the names of its columns.
#[derive(Debug)]
pub struct Row<'a> {
    names: &'a [Cow<'static, str>],
    cells: &'a [Cow<'static, str>],
    /// The column after the one that was asked for last: most readers take them in their order.
    next: Cell<usize>,
}

impl Row<'_> {
    /// A cell; empty where the table lacks the column.
    pub fn get(&self, name: &str) -> &str {
        let next = self.next.get();
        let at = match self.names.get(next) {
            Some(known) if known == name => Some(next),
            _ => self.names.iter().position(|known| known == name),
        };
        let Some(at) = at else { return "" };
        self.next.set(at.saturating_add(1));
        self.cells.get(at).map_or("", |cell| cell)
    }
    /// A cell as a text of its own.
    pub fn text(&self, name: &str) -> String {
        self.get(name).to_owned()
    }
    /// What a cell must hold; `None` where it does not.
    pub fn of<T: FromStr>(&self, name: &str) -> Option<T> {
        self.get(name).parse().ok()
    }
    /// What a cell may hold: `Some(None)` where it is empty, `None` where it holds something else.
    pub fn maybe<T: FromStr>(&self, name: &str) -> Option<Option<T>> {
        match self.get(name) {
            "" => Some(None),
            text => text.parse().ok().map(Some),
        }
    }
}

/// Reads each row of a table. A row that is not understood is left out; tests count them.
pub fn read<T>(table: &'static str, mut row: impl FnMut(&Row<'_>) -> Option<T>) -> Vec<T> {
    let mut all = Vec::new();
    each(table, &mut |cells| all.extend(row(cells)));
    all
}

/// Shows each row of a table.
fn each(mut table: &'static str, row: &mut dyn FnMut(&Row<'_>)) {
    let names = record(&mut table);
    while !table.is_empty() {
        let cells = record(&mut table);
        if cells.len() == names.len() {
            row(&Row {
                names: &names,
                cells: &cells,
                next: Cell::new(0),
            });
        }
    }
}

/// The cells of the next line, which is taken away.
fn record(rest: &mut &'static str) -> Vec<Cow<'static, str>> {
    let mut cells = Vec::new();
    loop {
        let (cell, after) = match rest.strip_prefix('"') {
            Some(quoted) => unquoted(quoted),
            None => {
                // Bytes, not characters: half the time, and the page waits for it.
                let end = rest.bytes().position(|byte| byte == b',' || byte == b'\n');
                let (cell, after) = rest.split_at(end.unwrap_or(rest.len()));
                (Cow::Borrowed(cell.trim_end_matches('\r')), after)
            }
        };
        cells.push(cell);
        let after = after.strip_prefix('\r').unwrap_or(after);
        match after.strip_prefix(',') {
            Some(next) => *rest = next,
            None => {
                *rest = after.strip_prefix('\n').unwrap_or("");
                return cells;
            }
        }
    }
}

/// A quoted cell, without its first quote, and what follows its last.
fn unquoted(text: &'static str) -> (Cow<'static, str>, &'static str) {
    let mut from = 0;
    while let Some((_, after)) = text.split_at_checked(from) {
        let Some(at) = after.find('"') else { break };
        let end = from.saturating_add(at);
        let next = end.saturating_add(1);
        // Two quotes stand for one.
        if text.get(next..).is_some_and(|rest| rest.starts_with('"')) {
            from = next.saturating_add(1);
            continue;
        }
        let cell = text.get(..end).unwrap_or_default();
        let cell = if cell.contains('"') {
            Cow::Owned(cell.replace("\"\"", "\""))
        } else {
            Cow::Borrowed(cell)
        };
        return (cell, text.get(next..).unwrap_or_default());
    }
    (Cow::Borrowed(text), "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(table: &'static str) -> Vec<Vec<String>> {
        let mut all = Vec::new();
        each(table, &mut |row| {
            all.push(row.cells.iter().map(|cell| cell.clone().into_owned()).collect())
        });
        all
    }

    #[test]
    fn rows_are_those_that_the_crate_csv_reads() {
        for table in [
            include_str!("../data/devices.csv"),
            include_str!("../data/hosts.csv"),
            include_str!("../data/efficiencies.csv"),
            include_str!("../data/efficiency_terms.csv"),
            include_str!("../data/intervals.csv"),
            include_str!("../data/measured.csv"),
            include_str!("../data/quality.csv"),
            include_str!("../data/everyday_names.csv"),
            include_str!("../data/file_formats.csv"),
            include_str!("../data/measurements.csv"),
            "a,b\r\n1,\"2, \"\"3\"\"\"\r\n\"4\",\n\"five\nlines\",6",
        ] {
            let mut reader = csv::Reader::from_reader(table.as_bytes());
            let read: Vec<Vec<String>> = reader
                .records()
                .map(|row| row.unwrap().iter().map(str::to_owned).collect())
                .collect();
            assert_eq!(cells(table), read);
        }
    }

    #[test]
    fn a_cell_is_there_empty_or_wrong() {
        let read = read("a,b\n1,\n2,x\n", |row| {
            Some((row.of::<u64>("a")?, row.maybe::<u64>("b")?))
        });
        assert_eq!(read, [(1, None)]);
    }
}
