//! Rows from a file: ours, or what `weighbridge estimate --format json` and its like print. What a file says is not trusted.

use serde::Serialize;
use serde_json::{Deserializer, Value};
use thiserror::Error;

use super::{FORMAT, Figures, Kept, MOST_NAME, MOST_QUESTION, MOST_ROWS, MemoryParts, cut, key, name_of};
use crate::export::VERSION;
use crate::hardware::{self, Engine};
use crate::limits;
use crate::scenario::from_query;
use crate::units::times;

/// Why nothing of a file is read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ImportError {
    /// Too long.
    #[error("{0}")]
    TooLong(String),
    /// Not JSON.
    #[error("This is no JSON: {0}. Choose what History exports, or what weighbridge estimate --format json prints.")]
    NotJson(String),
    /// JSON of something else.
    #[error(
        "This JSON holds no calculations. Choose what History exports, or what weighbridge estimate --format json prints."
    )]
    Other,
    /// A later form.
    #[error(
        "A later version of Weighbridge made this file (form {0}, this version reads {FORMAT}). Reload the page to get the new version."
    )]
    Later(u64),
}

/// A row that is not read, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Its place in the file, from one.
    pub at: usize,
    /// Why.
    pub why: String,
}

/// What a file holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Import {
    /// Rows that can be kept.
    pub rows: Vec<Kept>,
    /// Version of the program that wrote it, if it says so.
    pub version: Option<String>,
    /// Rows that cannot.
    pub faults: Vec<Fault>,
}

impl Import {
    /// Rows that are not among those that are kept; and those of the kept that are among them, with the pin, name and note that
    /// the file has and they do not.
    pub fn beside(&self, kept: &[Kept]) -> Beside {
        use std::collections::{HashMap, HashSet};
        let mut ids: HashSet<&str> = kept.iter().map(|row| row.id.as_str()).collect();
        let mut same: HashMap<&str, Vec<&Kept>> = HashMap::new();
        for row in kept {
            same.entry(&row.question).or_default().push(row);
        }
        let mut found = Beside::default();
        for row in &self.rows {
            let like = same
                .get(row.question.as_str())
                .and_then(|rows| rows.iter().find(|one| one.same(row)))
                .copied();
            if like.is_some() || !ids.insert(&row.id) {
                found.known += 1;
                let mine = kept.iter().find(|one| one.id == row.id).or(like);
                found.marked.extend(mine.and_then(|mine| mine.marked_as(row)));
            } else {
                // Two alike in one file were two calculations.
                found.new.push(row.clone());
            }
        }
        found
    }
}

/// A file beside what is kept.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Beside {
    /// Rows that are not here yet.
    pub new: Vec<Kept>,
    /// How many are here.
    pub known: usize,
    /// Of those, the ones that the file has pinned, named or noted and that are not so here: as they are then.
    pub marked: Vec<Kept>,
}

#[derive(Serialize)]
struct File<'a> {
    weighbridge: &'a str,
    history: u64,
    rows: Vec<&'a Kept>,
}

/// Rows as a file.
pub fn file<'a>(rows: impl Iterator<Item = &'a Kept>) -> String {
    let file = File {
        weighbridge: VERSION,
        history: FORMAT,
        rows: rows.collect(),
    };
    serde_json::to_string_pretty(&file).unwrap_or_default()
}

impl Kept {
    /// A row of storage or a file.
    ///
    /// # Errors
    /// Why it cannot be one.
    pub fn read(text: &str) -> Result<Self, String> {
        if text.len() > 3 * MOST_QUESTION {
            return Err("it is too long".to_owned());
        }
        let row: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        row.check()?;
        Ok(row)
    }
    /// The row as text, for storage.
    pub fn write(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
    /// This row with the pin of another, and its name and note where this one has none; none where nothing changes.
    fn marked_as(&self, other: &Self) -> Option<Self> {
        let or = |mine: &String, theirs: &String| if mine.is_empty() { theirs } else { mine }.clone();
        let marked = Self {
            pinned: self.pinned || other.pinned,
            name: or(&self.name, &other.name),
            note: or(&self.note, &other.note),
            ..self.clone()
        };
        (marked != *self).then_some(marked)
    }
    fn of_value(value: &Value) -> Result<Self, String> {
        let row: Self = serde::Deserialize::deserialize(value).map_err(|error| error.to_string())?;
        row.check()?;
        Ok(row)
    }
}

/// Reads a file: what [`file`] writes, or answers of the command line, one, a list, or one a line. Rows without a time of their
/// own have `now`.
///
/// # Errors
/// See [`ImportError`].
pub fn read(text: &str, now: u64) -> Result<Import, ImportError> {
    if limits::HISTORY.is_passed_by(text.as_bytes()) {
        return Err(ImportError::TooLong(limits::HISTORY.refusal("The file")));
    }
    let mut import = Import::default();
    let mut any = false;
    for (at, value) in Deserializer::from_str(text).into_iter::<Value>().enumerate() {
        let value = match value {
            Ok(value) => value,
            // What came before is read: a list may be cut off.
            Err(error) if any => {
                import.fault(at, &error.to_string());
                break;
            }
            Err(error) => return Err(ImportError::NotJson(error.to_string())),
        };
        any |= import.take(&value, now)?;
    }
    if any { Ok(import) } else { Err(ImportError::Other) }
}

impl Import {
    fn fault(&mut self, at: usize, why: &str) {
        let why = cut(why, 200);
        self.faults.push(Fault {
            at: at.saturating_add(1),
            why,
        });
    }
    /// Whether it is something that holds rows.
    fn take(&mut self, value: &Value, now: u64) -> Result<bool, ImportError> {
        if let Some(form) = value.get("history").and_then(Value::as_u64) {
            if form > FORMAT {
                return Err(ImportError::Later(form));
            }
            self.version = value
                .get("weighbridge")
                .and_then(Value::as_str)
                .map(|v| cut(v, MOST_NAME));
            let Some(rows) = value.get("rows").and_then(Value::as_array) else {
                return Ok(false);
            };
            for (at, row) in rows.iter().enumerate() {
                self.add(at, Kept::of_value(row));
            }
            return Ok(true);
        }
        match value {
            Value::Array(all) => {
                for (at, one) in all.iter().enumerate() {
                    self.answer(at, one, now);
                }
                Ok(all.iter().any(is_answer))
            }
            one => {
                let at = self.rows.len().saturating_add(self.faults.len());
                let known = is_answer(one) || one.get("error").is_some();
                if known {
                    self.answer(at, one, now);
                }
                Ok(known)
            }
        }
    }
    fn answer(&mut self, at: usize, value: &Value, now: u64) {
        let id = key(now, u32::try_from(self.rows.len()).unwrap_or(u32::MAX));
        let version = value.get("weighbridge").and_then(Value::as_str);
        if self.version.is_none() {
            self.version = version.map(|version| cut(version, MOST_NAME));
        }
        self.add(at, of_command_line(value, id, now));
    }
    fn add(&mut self, at: usize, row: Result<Kept, String>) {
        match row {
            Ok(_) if self.rows.len() >= MOST_ROWS => self.fault(at, "more rows than are kept"),
            Ok(row) => self.rows.push(row),
            Err(why) => self.fault(at, &why),
        }
    }
}

/// An entry of `estimate`, `compare` or `fit --models`.
fn is_answer(value: &Value) -> bool {
    value.get("model").is_some_and(Value::is_object)
        && (value.get("memory").is_some_and(Value::is_object) || value.get("needed_bytes").is_some())
}

/// A row of an answer as the command line writes it (`docs/json.md`).
fn of_command_line(value: &Value, id: String, now: u64) -> Result<Kept, String> {
    let at = |path: &str| value.pointer(path);
    let words = |path: &str| at(path).and_then(Value::as_str).unwrap_or_default();
    let size = |path: &str| at(path).and_then(Value::as_u64);
    let number = |path: &str| at(path).and_then(Value::as_f64);
    if let Some(message) = at("/error/message").and_then(Value::as_str) {
        return Err(message.to_owned());
    }
    if !is_answer(value) {
        return Err(if value.get("hardware").is_some() {
            "it does not say of which model it is".to_owned()
        } else {
            "it is no answer of weighbridge".to_owned()
        });
    }
    let model = cut(words("/model/id"), MOST_NAME);
    if model.is_empty() {
        return Err("it does not name its model".to_owned());
    }
    let question = words("/link").trim_start_matches('?');
    let question = if question.len() > MOST_QUESTION { "" } else { question };
    let (asked, _) = from_query(question);
    let devices = size("/hardware/devices").or_else(|| size("/devices")).unwrap_or(1);
    // Of a layout, the fullest device. With a part in RAM they are listed as they lie there, not as they would have to be.
    let spilled = devices == 1 && words("/fit/verdict") == "offload";
    let ranks = at("/memory/per_rank").and_then(Value::as_array).filter(|_| !spilled);
    let fullest = ranks
        .into_iter()
        .flatten()
        .max_by_key(|rank| rank.get("total_bytes").and_then(Value::as_u64))
        .or_else(|| at("/memory"));
    let of = |name: &str| {
        fullest
            .and_then(|rank| rank.get(name))
            .and_then(Value::as_u64)
            .unwrap_or(0)
    };
    let verdict = at("/fit/verdict")
        .or_else(|| at("/verdict"))
        .and_then(Value::as_str)
        .unwrap_or("unknown");
    let runs = matches!(verdict, "fits" | "offload");
    let rate = |name: &str| {
        let found = number(&format!("/speed/{name}")).or_else(|| number(&format!("/{name}")));
        found.filter(|_| runs)
    };
    let device = at("/hardware/id").or_else(|| at("/hardware")).and_then(Value::as_str);
    let name = device.map_or_else(String::new, |id| {
        let known = hardware::find(id).map(|device| device.short_name().to_owned());
        known.unwrap_or_else(|| {
            let name = words("/hardware/name");
            cut(if name.is_empty() { id } else { name }, MOST_NAME / 2)
        })
    });
    let engine = words("/engine");
    let row = Kept {
        id,
        time: now,
        question: question.to_owned(),
        model_name: at("/model/name")
            .and_then(Value::as_str)
            .map_or_else(|| cut(&name_of(&model), MOST_NAME), |name| cut(name, MOST_NAME)),
        model,
        revision: None,
        name: String::new(),
        note: String::new(),
        pinned: false,
        answer: Figures {
            version: cut(words("/weighbridge"), MOST_NAME),
            verdict: cut(verdict, MOST_NAME),
            hardware: if name.is_empty() { name } else { times(devices, &name) },
            mode: at("/mode")
                .and_then(Value::as_str)
                .map_or_else(|| asked.workload.mode.key().to_owned(), |mode| cut(mode, MOST_NAME)),
            sequences: asked.workload.batch,
            format: at("/formats/weights_method")
                .or_else(|| at("/method"))
                .and_then(Value::as_str)
                .map(|format| cut(format, MOST_NAME))
                .unwrap_or_default(),
            engine: engine
                .parse::<Engine>()
                .map_or_else(|_| cut(engine, MOST_NAME), |engine| engine.key().to_owned()),
            memory_bytes: size("/needed_bytes").unwrap_or_else(|| of("total_bytes")),
            capacity_bytes: size("/fit/capacity_bytes").or_else(|| size("/capacity_bytes")),
            parts: MemoryParts {
                weights: [of("weights_bytes"), of("gradient_bytes"), of("optimizer_bytes")]
                    .into_iter()
                    .fold(0, u64::saturating_add),
                cache: of("kv_cache_bytes").saturating_add(of("state_cache_bytes")),
                activations: of("activation_bytes"),
                overhead: of("overhead_bytes"),
            },
            tokens_per_second: rate("tokens_per_second"),
            tokens_per_second_between: rate("tokens_per_second_low").zip(rate("tokens_per_second_high")),
            first_token_seconds: rate("prefill_seconds"),
            usd_per_million_tokens: number("/cost/usd_per_million_tokens").filter(|_| runs),
        },
        before: None,
    };
    row.check()?;
    Ok(row)
}
