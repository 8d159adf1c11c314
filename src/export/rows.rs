//! Tables of text: for CSV and Markdown.

use std::borrow::Cow;

use crate::units::shown;

/// A titled table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sheet {
    /// Its title.
    pub title: String,
    /// Names of the columns.
    pub columns: Vec<String>,
    /// Rows of cells.
    pub rows: Vec<Vec<String>>,
}

impl Sheet {
    /// An empty table.
    pub fn new(title: &str, columns: &[&str]) -> Self {
        Self {
            title: title.to_owned(),
            columns: columns.iter().map(|&column| column.to_owned()).collect(),
            rows: Vec::new(),
        }
    }
    /// Adds a row. What would break a line or command a terminal is written out.
    pub fn push(&mut self, cells: impl IntoIterator<Item = String>) {
        let plain = |cell: String| match shown(&cell) {
            Cow::Borrowed(_) => cell,
            Cow::Owned(plain) => plain,
        };
        self.rows.push(cells.into_iter().map(plain).collect());
    }
    /// As CSV with a header: a rectangle, rows that are short are filled with nothing.
    ///
    /// # Errors
    /// Never in practice: it writes to memory.
    pub fn csv(&self) -> Result<String, csv::Error> {
        let wide = self.rows.iter().map(Vec::len).fold(self.columns.len(), usize::max);
        let filled = |count: usize| std::iter::repeat_n(String::new(), wide.saturating_sub(count));
        let mut writer = csv::Writer::from_writer(Vec::new());
        let head = self.columns.iter().map(|cell| no_formula(cell));
        writer.write_record(head.chain(filled(self.columns.len())))?;
        for row in &self.rows {
            let cells = row.iter().map(|cell| no_formula(&ungrouped(cell)));
            writer.write_record(cells.chain(filled(row.len())))?;
        }
        let bytes = writer
            .into_inner()
            .map_err(|error| csv::Error::from(error.into_error()))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
    /// As text with aligned columns: words to the left, numbers to the right.
    pub fn text(&self) -> String {
        let all = || std::iter::once(&self.columns).chain(&self.rows);
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
            let cells = self.rows.iter().filter_map(|row| row.get(at));
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
            out.push_str(&line(row));
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
        // People read the others.
        assert!(sheet.text().contains("65,536"));
    }
}
