//! The values of a chart as a table: words for people, bare numbers for programs.

use crate::export::Sheet;

pub use crate::export::Field;

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// The unit of its bare numbers: `bytes`, `s`; empty where they have none.
    pub unit: &'static str,
    /// Whether it may be left out where there is little room.
    pub optional: bool,
}

/// A table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// Its columns; the first names the rows.
    pub columns: Vec<Column>,
    /// Its rows.
    pub rows: Vec<Vec<Field>>,
}

impl Table {
    /// A table without rows: names, units of bare numbers, and whether a column may be left out.
    pub fn new<const N: usize>(columns: [(&str, &'static str, bool); N]) -> Self {
        let column = |(name, unit, optional): (&str, _, _)| Column {
            name: name.to_owned(),
            unit,
            optional,
        };
        Self {
            columns: columns.map(column).into(),
            rows: Vec::new(),
        }
    }
    /// As CSV: bare numbers, with their units in the header.
    ///
    /// # Errors
    /// Never in practice: it writes to memory.
    pub fn csv(&self) -> Result<String, csv::Error> {
        let sheet = Sheet {
            title: String::new(),
            columns: self.columns.iter().map(|column| column.name.clone()).collect(),
            units: self.columns.iter().map(|column| column.unit).collect(),
            rows: self.rows.clone(),
        };
        sheet.csv()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_get_bare_numbers() {
        let mut table = Table::new([("Format", "", false), ("Memory", "bytes", false)]);
        table
            .rows
            .push(vec![Field::text("BF16"), Field::number(17_179_869_184.0, "16.0 GiB")]);
        table.rows.push(vec![
            Field::text("=1+1"),
            Field::or(None, |_| String::new(), "not known"),
        ]);
        assert_eq!(
            table.csv().unwrap_or_default(),
            "Format,\"Memory, bytes\"\nBF16,17179869184\n'=1+1,not known\n"
        );
    }
}
