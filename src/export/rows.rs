//! Tables: words for people (text, Markdown), bare numbers for programs (CSV).

use std::borrow::Cow;

use crate::units::{UnitSystem, grouped, percent, rate, seconds, short_count, shown};

/// A value of a table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Field {
    /// As people read it.
    pub text: String,
    /// As programs read it, where it is a number, in the unit of its column.
    pub number: Option<f64>,
    /// The ends of its likely range, which get columns of their own in CSV.
    pub between: Option<(f64, f64)>,
}

impl Field {
    /// A number with its words.
    pub fn number(number: f64, text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            number: Some(number),
            between: None,
        }
    }
    /// Words.
    pub fn text(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            ..Self::default()
        }
    }
    /// A number, or what is said where there is none.
    pub fn or(number: Option<f64>, words: impl Fn(f64) -> String, none: &str) -> Self {
        number.map_or_else(|| Self::text(none), |number| Self::number(number, words(number)))
    }
    /// An amount of memory; its column is in `bytes`.
    pub fn bytes(bytes: u64, units: UnitSystem) -> Self {
        Self::number(bytes as f64, units.bytes(bytes as f64))
    }
    /// A whole number.
    pub fn count(count: u64) -> Self {
        Self::number(count as f64, grouped(count))
    }
    /// A large number in short: `7.62 B`.
    pub fn short(count: u64) -> Self {
        Self::number(count as f64, short_count(count as f64))
    }
    /// A part of a whole, 0 to 1.
    pub fn share(share: f64) -> Self {
        Self::number(share, percent(share))
    }
    /// A time; its column is in `s`.
    pub fn seconds(time: f64) -> Self {
        Self::number(time, seconds(time))
    }
    /// So much a second: `rate(1e12, "FLOP")`; its column is in `FLOP/s`.
    pub fn rate(value: f64, unit: &str) -> Self {
        Self::number(value, rate(value, unit))
    }
    /// A price with cents; its column is in `USD`.
    pub fn usd(price: f64) -> Self {
        Self::number(price, format!("${price:.2}"))
    }
    /// The same with its likely range.
    #[must_use]
    pub fn between(self, between: Option<(f64, f64)>) -> Self {
        Self { between, ..self }
    }
}

impl<T: Into<String>> From<T> for Field {
    fn from(words: T) -> Self {
        Self::text(words)
    }
}

/// A titled table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sheet {
    /// Its title.
    pub title: String,
    /// Names of the columns.
    pub columns: Vec<String>,
    /// The unit of each column's bare numbers; empty, or missing, where they have none.
    pub units: Vec<&'static str>,
    /// Rows of cells.
    pub rows: Vec<Vec<Field>>,
}

impl Sheet {
    /// An empty table.
    pub fn new(title: &str, columns: &[&str]) -> Self {
        Self {
            title: title.to_owned(),
            columns: columns.iter().map(|&column| column.to_owned()).collect(),
            ..Self::default()
        }
    }
    /// The same with the units of its bare numbers, by the names of columns: `("needs", "bytes")`.
    #[must_use]
    pub fn with_units(self, units: &[(&str, &'static str)]) -> Self {
        let of = |column: &String| units.iter().find(|(name, _)| column == name);
        let units = self
            .columns
            .iter()
            .map(|column| of(column).map_or("", |(_, unit)| unit));
        Self {
            units: units.collect(),
            ..self
        }
    }
    /// Adds a row. What would break a line or command a terminal is written out.
    pub fn push<T: Into<Field>>(&mut self, cells: impl IntoIterator<Item = T>) {
        let plain = |cell: T| {
            let cell = cell.into();
            match shown(&cell.text) {
                Cow::Borrowed(_) => cell,
                Cow::Owned(text) => Field { text, ..cell },
            }
        };
        self.rows.push(cells.into_iter().map(plain).collect());
    }
    /// As CSV with a header: a rectangle, rows that are short are filled with nothing. Numbers are bare and their unit stands in
    /// the header; a likely range is two more columns.
    ///
    /// # Errors
    /// Never in practice: it writes to memory.
    pub fn csv(&self) -> Result<String, csv::Error> {
        let wide = self.rows.iter().map(Vec::len).fold(self.columns.len(), usize::max);
        let none = Field::default();
        let has_range = |at: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(at));
            cells.into_iter().any(|cell| cell.between.is_some())
        };
        let ranges: Vec<bool> = (0..wide).map(has_range).collect();
        let mut writer = csv::Writer::from_writer(Vec::new());
        let mut head = Vec::new();
        for (at, range) in ranges.iter().enumerate() {
            let name = self.columns.get(at).map_or("", String::as_str);
            let name = no_formula(&match self.units.get(at) {
                None | Some(&"") => name.to_owned(),
                Some(unit) => format!("{name}, {unit}"),
            });
            if *range {
                head.extend([name.clone(), format!("{name}, low"), format!("{name}, high")]);
            } else {
                head.push(name);
            }
        }
        writer.write_record(head)?;
        for row in &self.rows {
            let mut cells = Vec::new();
            for (at, range) in ranges.iter().enumerate() {
                let cell = row.get(at).unwrap_or(&none);
                cells.push(match cell.number {
                    Some(number) => bare(number),
                    None => no_formula(&ungrouped(&cell.text)),
                });
                if *range {
                    let end = |end: Option<f64>| end.map_or_else(String::new, bare);
                    cells.extend([
                        end(cell.between.map(|(low, _)| low)),
                        end(cell.between.map(|(_, high)| high)),
                    ]);
                }
            }
            writer.write_record(cells)?;
        }
        let bytes = writer
            .into_inner()
            .map_err(|error| csv::Error::from(error.into_error()))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
    /// As text with aligned columns: words to the left, numbers to the right.
    pub fn text(&self) -> String {
        let words = |row: &'_ Vec<Field>| row.iter().map(|cell| cell.text.clone()).collect();
        let rows: Vec<Vec<String>> = self.rows.iter().map(words).collect();
        let all = || std::iter::once(&self.columns).chain(&rows);
        let columns = all().map(Vec::len).max().unwrap_or(0);
        let width = |at: usize| {
            all()
                .filter_map(|row| row.get(at))
                .map(|cell| cell.chars().count())
                .max()
                .unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let number = |cell: &String| cell.starts_with(|sign: char| sign.is_ascii_digit() || "−+$".contains(sign));
        // A column is of numbers where most of its cells are.
        let of_numbers = |at: usize| {
            let cells = rows.iter().filter_map(|row| row.get(at));
            let (numbers, words): (Vec<_>, Vec<_>) =
                cells.filter(|cell| !cell.is_empty()).partition(|cell| number(cell));
            at > 0 && numbers.len() > words.len()
        };
        let right: Vec<bool> = (0..columns).map(of_numbers).collect();
        let mut out = String::new();
        if !self.title.is_empty() {
            out.push_str(&self.title);
            out.push('\n');
        }
        for row in all() {
            let mut line = String::new();
            for (at, cell) in row.iter().enumerate() {
                let pad = " ".repeat(
                    widths
                        .get(at)
                        .copied()
                        .unwrap_or(0)
                        .saturating_sub(cell.chars().count()),
                );
                line.push_str("  ");
                if right.get(at).copied().unwrap_or(false) {
                    line.push_str(&pad);
                    line.push_str(cell);
                } else {
                    line.push_str(cell);
                    line.push_str(&pad);
                }
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out
    }
}

/// A number as programs read it; nothing where it is none.
pub fn bare(number: f64) -> String {
    if number.is_finite() {
        number.to_string()
    } else {
        String::new()
    }
}

/// A cell with its numbers as programs read them: `65,536` is 65536, `−1,024 MiB` is -1024 MiB. What is no whole number with
/// groups of three stays.
fn ungrouped(cell: &str) -> Cow<'_, str> {
    let is_one = |word: &str| {
        let digits = word
            .trim_start_matches(['−', '-', '+', '$', '('])
            .trim_end_matches([')', '.', ';', ':', ',']);
        let whole = digits.split_once('.').map_or(digits, |(whole, _)| whole);
        let mut groups = whole.split(',');
        let first = groups.next().unwrap_or_default();
        let three = |group: &str| group.len() == 3 && group.bytes().all(|sign| sign.is_ascii_digit());
        let leads = (1..=3).contains(&first.len())
            && !first.starts_with('0')
            && first.bytes().all(|sign| sign.is_ascii_digit());
        leads && whole.contains(',') && groups.all(three)
    };
    let is_negative =
        |word: &str| word.starts_with('−') && word.chars().nth(1).is_some_and(|sign| sign.is_ascii_digit());
    if !cell.split(' ').any(|word| is_one(word) || is_negative(word)) {
        return Cow::Borrowed(cell);
    }
    let words = cell.split(' ').map(|word| {
        let word = if is_negative(word) {
            word.replacen('−', "-", 1)
        } else {
            word.to_owned()
        };
        if is_one(&word) {
            let end = word.len() - word.chars().rev().take_while(|sign| *sign == ',').count();
            let (number, rest) = word.split_at_checked(end).unwrap_or((&word, ""));
            format!("{}{rest}", number.replace(',', ""))
        } else {
            word
        }
    });
    Cow::Owned(words.collect::<Vec<_>>().join(" "))
}

/// A cell that no spreadsheet takes for a formula. Numbers stay numbers.
fn no_formula(cell: &str) -> String {
    let number = || cell.replace(',', "").parse::<f64>().is_ok();
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) && !number() {
        format!("'{cell}")
    } else {
        cell.to_owned()
    }
}

/// Tables as Markdown.
pub fn markdown(sheets: &[Sheet]) -> String {
    let mut out = String::new();
    for sheet in sheets {
        if !sheet.title.is_empty() {
            out.push_str(&format!("### {}\n\n", sheet.title));
        }
        let line = |cells: &[String]| {
            format!(
                "| {} |\n",
                cells
                    .iter()
                    .map(|cell| cell.replace('|', "\\|"))
                    .collect::<Vec<_>>()
                    .join(" | ")
            )
        };
        out.push_str(&line(&sheet.columns));
        let rule: Vec<String> = sheet
            .columns
            .iter()
            .enumerate()
            .map(|(at, _)| if at == 0 { "---".to_owned() } else { "---:".to_owned() })
            .collect();
        out.push_str(&line(&rule));
        for row in &sheet.rows {
            let words: Vec<String> = row.iter().map(|cell| cell.text.clone()).collect();
            out.push_str(&line(&words));
        }
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_a_csv_are_not_grouped() {
        for (cell, written) in [
            ("65,536", "65536"),
            ("8,030,261,248", "8030261248"),
            ("−1,024", "-1024"),
            ("−5", "-5"),
            ("16,384 PiB", "16384 PiB"),
            ("1,234.5", "1234.5"),
            ("1,024, 2,048", "1024, 2048"),
            ("$1,200.00", "$1200.00"),
            ("3,1", "3,1"),
            ("0,128", "0,128"),
            ("12,34,567", "12,34,567"),
            ("BF16, FP8", "BF16, FP8"),
            ("apache-2.0", "apache-2.0"),
            ("", ""),
            ("25.1 – 41.4", "25.1 – 41.4"),
        ] {
            assert_eq!(ungrouped(cell), written, "{cell}");
        }
        let mut sheet = Sheet::new("", &["model", "context"]);
        sheet.push(["a/b".to_owned(), "65,536".to_owned()]);
        assert_eq!(sheet.csv().unwrap_or_default(), "model,context\na/b,65536\n");
        // Short rows are filled.
        sheet.push(["c".to_owned()]);
        assert_eq!(sheet.csv().unwrap_or_default(), "model,context\na/b,65536\nc,\n");
        // A unit is said once, a range is two columns more.
        let mut sheet = Sheet::new("", &["device", "needs", "tokens/s"]).with_units(&[("needs", "bytes")]);
        sheet.push([
            Field::text("a"),
            Field::number(1024.0, "1.00 KiB"),
            Field::number(3.0, "2 – 4").between(Some((2.0, 4.0))),
        ]);
        sheet.push(["b", "not known"]);
        assert_eq!(
            sheet.csv().unwrap_or_default(),
            "device,\"needs, bytes\",tokens/s,\"tokens/s, low\",\"tokens/s, high\"\na,1024,3,2,4\nb,not known,,,\n"
        );
        assert_eq!(
            sheet.text(),
            "  device  needs      tokens/s\n  a       1.00 KiB      2 – 4\n  b       not known\n"
        );
    }

    #[test]
    fn people_read_grouped_numbers() {
        let mut sheet = Sheet::new("", &["model", "context"]);
        sheet.push(["a/b", "65,536"]);
        assert!(sheet.text().contains("65,536"));
    }
}
