//! Rows searched, filtered and sorted. What sorting compares is made once, so that thousands take a few milliseconds.

use std::collections::BTreeMap;

use super::Kept;

/// A column that rows are sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, strum::EnumIter, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Column {
    /// Time.
    #[default]
    When,
    /// The user's name, else the model's.
    Model,
    /// Devices.
    Hardware,
    /// Mode.
    Mode,
    /// Format of the weights.
    Format,
    /// Memory.
    Memory,
    /// Tokens a second.
    Speed,
    /// Seconds to the first token.
    FirstToken,
    /// Dollars a million tokens.
    Cost,
}

/// An order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sort {
    /// By what.
    pub column: Column,
    /// Largest first.
    pub descending: bool,
}

impl Default for Sort {
    /// Newest first.
    fn default() -> Self {
        Self {
            column: Column::When,
            descending: true,
        }
    }
}

impl Sort {
    /// What pressing a column's heading does: its own order first, the other way the second time.
    #[must_use]
    pub fn pressed(self, column: Column) -> Self {
        let words = matches!(
            column,
            Column::Model | Column::Hardware | Column::Mode | Column::Format | Column::FirstToken | Column::Cost
        );
        Self {
            column,
            descending: if self.column == column {
                !self.descending
            } else {
                !words
            },
        }
    }
}

/// Groups of verdicts as a menu offers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::EnumIter, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Verdicts {
    /// Whole, close to the edge, beyond the model's own context, or slower than was asked for.
    Fits,
    /// With a part in RAM.
    Offload,
    /// Not.
    DoesNotFit,
    /// The engine does not run it, or there was no device.
    Other,
}

impl Verdicts {
    /// Its key in a menu.
    pub fn key(self) -> &'static str {
        self.into()
    }
    /// That of a verdict by its key.
    pub fn of(verdict: &str) -> Self {
        match verdict {
            "fits" | "tight" | "beyond" | "missed" => Self::Fits,
            "offload" => Self::Offload,
            "does_not_fit" => Self::DoesNotFit,
            _ => Self::Other,
        }
    }
}

/// What is asked for; the default is all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Words, each of which must occur: in model, device, name, note, format or engine.
    pub words: String,
    /// Key of the mode; empty is any.
    pub mode: String,
    /// Kind of hardware; empty is any.
    pub device: String,
    /// Verdict.
    pub verdict: Option<Verdicts>,
    /// Not before this time, milliseconds since 1970.
    pub since: Option<u64>,
}

impl Filter {
    /// How many of its parts say something.
    pub fn parts(&self) -> usize {
        [
            !self.words.trim().is_empty(),
            !self.mode.is_empty(),
            !self.device.is_empty(),
            self.verdict.is_some(),
            self.since.is_some(),
        ]
        .into_iter()
        .filter(|said| *said)
        .count()
    }
}

/// What is compared and searched of a row, made once. Words are numbered in their order: numbers compare faster.
#[derive(Clone, Debug)]
struct Keys {
    searched: String,
    title: u32,
    hardware: u32,
    mode: u32,
    format: u32,
    verdict: Verdicts,
}

/// All rows, ready to be searched and sorted.
#[derive(Clone, Debug, Default)]
pub struct History {
    rows: Vec<Kept>,
    keys: Vec<Keys>,
}

impl History {
    /// Of rows in any order.
    pub fn new(rows: Vec<Kept>) -> Self {
        Self {
            keys: keys(&rows),
            rows,
        }
    }
    /// The rows as they came.
    pub fn rows(&self) -> &[Kept] {
        &self.rows
    }
    /// The row at a place.
    pub fn get(&self, at: usize) -> Option<&Kept> {
        self.rows.get(at)
    }
    /// The place of a row by its key.
    pub fn find(&self, id: &str) -> Option<usize> {
        self.rows.iter().position(|row| row.id == id)
    }
    /// Kinds of hardware that occur, by name.
    pub fn kinds(&self) -> Vec<String> {
        let kinds = self.rows.iter().map(|row| row.answer.kind());
        let mut kinds: Vec<String> = kinds.filter(|kind| !kind.is_empty()).map(str::to_owned).collect();
        kinds.sort_unstable();
        kinds.dedup();
        kinds
    }
    /// Places of the rows that pass, in order. By time, those that are pinned come first.
    pub fn pick(&self, filter: &Filter, sort: Sort) -> Vec<usize> {
        let words = filter.words.to_lowercase();
        let words: Vec<&str> = words.split_whitespace().collect();
        let passes = |(row, keys): (&Kept, &Keys)| {
            (filter.mode.is_empty() || row.answer.mode == filter.mode)
                && (filter.device.is_empty() || row.answer.kind() == filter.device)
                && filter.verdict.is_none_or(|verdict| keys.verdict == verdict)
                && filter.since.is_none_or(|since| row.time >= since)
                && words.iter().all(|word| keys.searched.contains(word))
        };
        let all = self.rows.iter().zip(&self.keys).enumerate();
        // Newest first among equals, whatever the order.
        let mut picked: Vec<(bool, Place, u64, usize)> = all
            .filter(|(_, both)| passes(*both))
            .map(|(at, (row, keys))| {
                let pinned = sort.column == Column::When && row.pinned;
                (!pinned, place(row, keys, sort), !row.time, at)
            })
            .collect();
        picked.sort_unstable();
        picked.into_iter().map(|(.., at)| at).collect()
    }
}

fn keys(rows: &[Kept]) -> Vec<Keys> {
    let title = numbered(rows, |row| row.title().to_lowercase());
    let hardware = numbered(rows, |row| row.answer.hardware.to_lowercase());
    let mode = numbered(rows, |row| (row.answer.mode.clone(), row.answer.sequences));
    let format = numbered(rows, |row| row.answer.format.to_lowercase());
    let numbers = title.into_iter().zip(hardware).zip(mode.into_iter().zip(format));
    let all = rows.iter().zip(numbers);
    all.map(|(row, ((title, hardware), (mode, format)))| Keys {
        searched: searched(row),
        title,
        hardware,
        mode,
        format,
        verdict: Verdicts::of(&row.answer.verdict),
    })
    .collect()
}

/// Of each row the number of its value among all values in order.
fn numbered<T: Ord>(rows: &[Kept], of: impl Fn(&Kept) -> T) -> Vec<u32> {
    let all: BTreeMap<T, u32> = rows.iter().map(|row| (of(row), 0)).collect();
    let all: BTreeMap<T, u32> = all.into_keys().zip(0..).collect();
    rows.iter().map(|row| all.get(&of(row)).copied().unwrap_or(0)).collect()
}

fn searched(row: &Kept) -> String {
    let answer = &row.answer;
    let parts = [
        row.name.as_str(),
        &row.model_name,
        &row.model,
        &answer.hardware,
        &answer.format,
        &answer.engine,
        &row.note,
    ];
    parts.join(" ").to_lowercase()
}

/// Where a row stands in an order: smaller is first. A figure that there is not comes last, whichever way.
type Place = (bool, u64);

fn place(row: &Kept, keys: &Keys, sort: Sort) -> Place {
    let answer = &row.answer;
    // Of numbers that are not negative the bits are in the order of the numbers.
    let number = |value: Option<f64>| value.map(|value| value.max(0.0).to_bits());
    let value = match sort.column {
        Column::When => Some(row.time),
        Column::Model => Some(keys.title.into()),
        Column::Hardware => Some(keys.hardware.into()),
        Column::Mode => Some(keys.mode.into()),
        Column::Format => Some(keys.format.into()),
        Column::Memory => Some(answer.memory_bytes),
        Column::Speed => number(answer.tokens_per_second),
        Column::FirstToken => number(answer.first_token_seconds),
        Column::Cost => number(answer.usd_per_million_tokens),
    };
    let way = |value: u64| if sort.descending { !value } else { value };
    (value.is_none(), value.map_or(0, way))
}

/// Which of the rows go where there are more than `most`: the oldest that are not pinned. `rows` are keys in the order of
/// time, each with whether it is pinned.
pub fn surplus<T: Copy>(rows: impl Iterator<Item = (T, bool)>, count: usize, most: usize) -> Vec<T> {
    let free = rows.filter(|(_, pinned)| !pinned).map(|(key, _)| key);
    free.take(count.saturating_sub(most)).collect()
}
