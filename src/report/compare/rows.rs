//! The rows: values of all columns, what differs from the base, bars on one scale, the best.

use strum::IntoEnumIterator;

use super::super::verdict::sentence;
use super::Column;
use super::headline::{named, said};
use super::measures::{Better, Group, MEASURES, Measure, Value, on};
use super::relation::relation;
use crate::units::UnitSystem;

/// How much longer than all others a bar must be to be cut.
const CUT_FROM: f64 = 5.0;
/// How far the scale then goes beyond the longest that is not.
const CUT_AT: f64 = 1.25;

/// The head of a column.
#[derive(Clone, Debug, PartialEq)]
pub struct Head {
    /// Its letter.
    pub letter: char,
    /// The model.
    pub model: String,
    /// Format and devices: `BF16 · RTX 4090`.
    pub on: String,
    /// Model with as much as tells it apart: `Llama 3.1 8B in Q4_K_M`.
    pub named: String,
    /// Key of the verdict.
    pub verdict: &'static str,
    /// The verdict in a word or two.
    pub pill: &'static str,
}

/// A value in its row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cell {
    /// As it is read.
    pub text: String,
    /// What stands after it, smaller.
    pub unit: String,
    /// How it stands to the base: `+96 %`; empty at the base itself, and where there is nothing to say.
    pub relation: String,
    /// Whether it reads otherwise than the base.
    pub differs: bool,
    /// Whether it is the best of its row.
    pub best: bool,
    /// Whether there is no value.
    pub none: bool,
    /// Whether it does not run, so that this is what would be if it did.
    pub if_it_ran: bool,
    /// The number behind it.
    pub number: Option<f64>,
    /// Length of its bar, of the scale: 0 to 1.
    pub bar: Option<f64>,
    /// Both ends of its interval, of the scale.
    pub between: Option<(f64, f64)>,
    /// Both ends of its interval as numbers.
    pub ends: Option<(f64, f64)>,
    /// Its interval in words.
    pub likely: String,
    /// The mark, of the scale.
    pub mark: Option<f64>,
    /// The mark as a number: what may be used.
    pub usable: Option<f64>,
    /// Parts of the bar: key, name, length.
    pub parts: Vec<(&'static str, &'static str, f64)>,
    /// Whether the bar goes on beyond the scale.
    pub cut: bool,
}

/// A row.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Its name in the page and in files.
    pub key: &'static str,
    /// What it is called.
    pub label: &'static str,
    /// What it means, small.
    pub note: &'static str,
    /// The unit of the numbers behind the cells: `bytes`, `s`, `tokens/s`; empty where they are bare counts or words.
    pub base: &'static str,
    /// A cell for each column.
    pub cells: Vec<Cell>,
    /// Whether all read the same.
    pub same: bool,
    /// End of the scale, where the row has bars.
    pub scale: Option<f64>,
}

/// Rows that belong together.
#[derive(Clone, Debug, PartialEq)]
pub struct Section {
    /// Which.
    pub group: Group,
    /// Its rows.
    pub rows: Vec<Row>,
}

/// Answers side by side.
#[derive(Clone, Debug, PartialEq)]
pub struct SideBySide {
    /// The columns.
    pub heads: Vec<Head>,
    /// Which column the others are compared with.
    pub base: usize,
    /// Which is the fastest, the cheapest, the smallest.
    pub main: String,
    /// What follows against the base.
    pub rest: String,
    /// All rows.
    pub sections: Vec<Section>,
}

impl SideBySide {
    /// Sets answers side by side.
    pub fn of(columns: &[Column<'_>], base: usize, units: UnitSystem) -> Self {
        let base = base.min(columns.len().saturating_sub(1));
        let one_mode = columns
            .windows(2)
            .all(|two| matches!(two, [one, other] if mode(one) == mode(other)));
        let rows = |group: Group| -> Vec<Row> {
            MEASURES
                .iter()
                .filter(|measure| measure.group == group)
                .filter_map(|measure| row(measure, columns, base, units, one_mode))
                .collect()
        };
        let (main, rest) = said(columns, base, units);
        Self {
            heads: heads(columns, units),
            base,
            main,
            rest,
            sections: Group::iter()
                .map(|group| Section {
                    group,
                    rows: rows(group),
                })
                .filter(|section| !section.rows.is_empty())
                .collect(),
        }
    }
    /// A row by its key.
    pub fn row(&self, key: &str) -> Option<&Row> {
        self.sections
            .iter()
            .flat_map(|section| &section.rows)
            .find(|row| row.key == key)
    }
    /// What is the same in all, as label and value; nothing where there is one column.
    pub fn same(&self) -> Vec<(&'static str, String)> {
        if self.heads.len() < 2 {
            return Vec::new();
        }
        let rows = self
            .sections
            .iter()
            .flat_map(|section| &section.rows)
            .filter(|row| row.same);
        rows.filter_map(|row| Some((row.label, row.cells.first()?.whole())))
            .collect()
    }
    /// The same in a line: `Tokens 8,192 + 512 · Engine vLLM`.
    pub fn same_in_words(&self) -> String {
        let same: Vec<String> = self
            .same()
            .into_iter()
            .map(|(label, value)| format!("{label} {value}"))
            .collect();
        same.join(" · ")
    }
}

impl Cell {
    /// Value and unit.
    pub fn whole(&self) -> String {
        if self.unit.is_empty() {
            self.text.clone()
        } else {
            format!("{} {}", self.text, self.unit)
        }
    }
}

fn mode(column: &Column<'_>) -> crate::scenario::Mode {
    column.analysis.setup.requested.workload.mode
}

fn heads(columns: &[Column<'_>], units: UnitSystem) -> Vec<Head> {
    let names = named(columns);
    let head = |(at, (column, named)): (usize, (&Column<'_>, String))| {
        let said = sentence(column.analysis, column.name, units);
        let format = column.analysis.setup.weights.method.clone();
        Head {
            letter: super::letter(at),
            model: column.name.to_owned(),
            on: match on(column.analysis) {
                Some(on) => format!("{format} · {on}"),
                None => format,
            },
            named,
            verdict: said.verdict,
            pill: said.pill,
        }
    };
    columns.iter().zip(names).enumerate().map(head).collect()
}

fn row(measure: &Measure, columns: &[Column<'_>], base: usize, units: UnitSystem, one_mode: bool) -> Option<Row> {
    let values: Vec<Option<Value>> = columns
        .iter()
        .map(|column| (measure.value)(column.analysis, units))
        .collect();
    let nothing = |value: &Value| value.none || value.number == Some(0.0);
    let words = values
        .iter()
        .flatten()
        .any(|value| value.number.is_none() && !value.none);
    // A row of nothing but zeros and blanks says nothing, but for what was asked.
    if values.iter().flatten().all(nothing) && !words && measure.group != Group::Question {
        return None;
    }
    let values: Vec<Value> = values.into_iter().map(|value| value.unwrap_or_else(blank)).collect();
    let counts: Vec<bool> = columns
        .iter()
        .zip(&values)
        .map(|(column, value)| value.number.is_some() && (!measure.of_a_run || column.runs()))
        .collect();
    let bests = if one_mode || !measure.of_a_run {
        best(measure.better, &values, &counts)
    } else {
        vec![false; values.len()]
    };
    let scale = (measure.bars && counts.iter().any(|counts| *counts)).then(|| scale(&values, &counts));
    let first = values.get(base).cloned().unwrap_or_default();
    let unit = values.iter().map(|value| value.base).find(|unit| !unit.is_empty());
    let base_counts = counts.get(base) == Some(&true);
    let cells: Vec<Cell> = values
        .into_iter()
        .zip(counts)
        .zip(bests)
        .enumerate()
        .map(|(at, ((value, counts), best))| {
            let both = value
                .number
                .zip(first.number)
                .filter(|_| counts && base_counts && at != base);
            let mut cell = Cell {
                relation: both.map_or_else(String::new, |(value, base)| relation(value, base)),
                differs: (&value.text, &value.unit) != (&first.text, &first.unit),
                best,
                if_it_ran: value.number.is_some() && !counts,
                none: value.none,
                number: value.number,
                text: value.text,
                unit: value.unit,
                likely: value.likely,
                ends: value.between,
                usable: value.mark,
                ..Cell::default()
            };
            if let (Some(end), Some(number), true) = (scale.filter(|end| *end > 0.0), value.number, counts) {
                let share = |number: f64| (number / end).clamp(0.0, 1.0);
                cell.bar = Some(share(number));
                cell.cut = number > end * 1.000_001;
                cell.between = value.between.map(|(low, high)| (share(low), share(high)));
                cell.mark = value.mark.filter(|mark| *mark <= end * 1.000_001).map(share);
                cell.parts = parts(&value.parts, end);
            }
            cell
        })
        .collect();
    let same = cells.iter().all(|cell| !cell.differs);
    Some(Row {
        key: measure.key,
        label: measure.label,
        note: measure.note,
        base: unit.unwrap_or_default(),
        cells,
        same,
        scale,
    })
}

fn blank() -> Value {
    Value {
        text: "–".to_owned(),
        none: true,
        ..Value::default()
    }
}

/// Parts of a bar; what lies beyond the end of the scale is left off.
fn parts(parts: &[(&'static str, &'static str, f64)], end: f64) -> Vec<(&'static str, &'static str, f64)> {
    let mut left = end;
    let mut take = |(key, name, number): &(&'static str, &'static str, f64)| {
        let taken = number.min(left).max(0.0);
        left -= taken;
        (*key, *name, taken / end)
    };
    parts.iter().map(&mut take).filter(|(.., share)| *share > 0.0).collect()
}

/// Which read the same as the best; none where all do, or fewer than two count.
fn best(better: Better, values: &[Value], counts: &[bool]) -> Vec<bool> {
    let counted = || {
        values
            .iter()
            .zip(counts)
            .filter(|(_, counts)| **counts)
            .map(|(value, _)| value)
    };
    let none = vec![false; values.len()];
    let top =
        counted().max_by(|one, other| better.compare(one.number.unwrap_or_default(), other.number.unwrap_or_default()));
    let Some(top) = top.filter(|_| better != Better::Neither && counted().count() > 1) else {
        return none;
    };
    let reads = |value: &Value| (value.text.clone(), value.unit.clone());
    let same = |value: &Value| value.number == top.number || reads(value) == reads(top);
    if counted().all(same) {
        return none;
    }
    // Having none of something is no merit.
    let some = |value: &Value| value.number != Some(0.0);
    values
        .iter()
        .zip(counts)
        .map(|(value, counts)| *counts && some(value) && same(value))
        .collect()
}

/// The end of a row's scale: the longest of all bars and intervals, unless one is far longer than the rest.
fn scale(values: &[Value], counts: &[bool]) -> f64 {
    let mut ends: Vec<f64> = values
        .iter()
        .zip(counts)
        .filter(|(_, counts)| **counts)
        .map(|(value, _)| {
            value
                .between
                .map_or(0.0, |(_, high)| high)
                .max(value.number.unwrap_or_default())
        })
        .filter(|end| end.is_finite() && *end > 0.0)
        .collect();
    ends.sort_by(f64::total_cmp);
    match ends.as_slice() {
        // Of two the ratio is the message.
        [.., next, last] if ends.len() > 2 && *last > CUT_FROM * next => CUT_AT * next,
        [.., last] => *last,
        [] => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(number: f64) -> Value {
        Value {
            number: Some(number),
            text: format!("{number}"),
            ..Value::default()
        }
    }

    #[test]
    fn one_bar_far_longer_than_the_rest_is_cut() {
        let all = [1.0, 2.0, 100.0].map(value);
        assert_eq!(scale(&all, &[true; 3]), 2.5);
        assert_eq!(scale(&all, &[true, true, false]), 2.0);
        // Of two, and of three that are near, none is.
        assert_eq!(scale(&[value(1.0), value(100.0)], &[true; 2]), 100.0);
        assert_eq!(scale(&[1.0, 30.0, 100.0].map(value), &[true; 3]), 100.0);
        assert_eq!(scale(&[], &[]), 0.0);
    }

    #[test]
    fn the_best_is_marked_unless_all_are_the_same() {
        let all = [3.0, 1.0, 1.0].map(value);
        assert_eq!(best(Better::Less, &all, &[true; 3]), [false, true, true]);
        assert_eq!(best(Better::More, &all, &[true; 3]), [true, false, false]);
        assert_eq!(best(Better::Neither, &all, &[true; 3]), [false; 3]);
        // What does not run is no rival, and nobody is the best of one.
        assert_eq!(best(Better::More, &all, &[false, true, true]), [false; 3]);
        assert_eq!(best(Better::More, &all, &[true, false, false]), [false; 3]);
    }
}
