//! The values of a chart as a table: words for people, bare numbers for programs.

use crate::export::{Sheet, bare};
use crate::units::neutral;

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

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub struct Value {
    /// As people read it.
    pub text: String,
    /// As programs read it, where it is a number.
    pub number: Option<f64>,
}

impl Value {
    /// A number with its words.
    pub fn number(number: f64, text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            number: Some(number),
        }
    }
    /// Words.
    pub fn text(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            number: None,
        }
    }
    /// A number, or what is said where there is none.
    pub fn or(number: Option<f64>, words: impl Fn(f64) -> String, none: &str) -> Self {
        number.map_or_else(|| Self::text(none), |number| Self::number(number, words(number)))
    }
}

/// A table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// Its columns; the first names the rows.
    pub columns: Vec<Column>,
    /// Its rows.
    pub rows: Vec<Vec<Value>>,
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
        let name = |column: &Column| match column.unit {
            "" => column.name.clone(),
            unit => format!("{}, {unit}", column.name),
        };
        let mut sheet = Sheet {
            title: String::new(),
            columns: self.columns.iter().map(name).collect(),
            rows: Vec::new(),
        };
        neutral(|| {
            for row in &self.rows {
                sheet.push(row.iter().map(|value| match value.number {
                    Some(number) => bare(number),
                    None => value.text.clone(),
                }));
            }
        });
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
            .push(vec![Value::text("BF16"), Value::number(17_179_869_184.0, "16.0 GiB")]);
        table.rows.push(vec![
            Value::text("=1+1"),
            Value::or(None, |_| String::new(), "not known"),
        ]);
        assert_eq!(
            table.csv().unwrap_or_default(),
            "Format,\"Memory, bytes\"\nBF16,17179869184\n'=1+1,not known\n"
        );
    }
}
