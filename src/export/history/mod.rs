//! Past questions: what is kept of each, in one form for the page's storage and for files.
//!
//! 1. [`Kept`]: the question as a link, and the few figures of its answer with the version that gave them.
//! 2. [`mod@read`]: rows from files, ours and the command line's, with what could not be read of them.
//! 3. [`History`]: searched, filtered, sorted. 4. `words`: what is said of all of them.

mod answer;
mod list;
mod read;
mod words;

pub use answer::{Figures, MemoryParts};
pub use list::{Column, Filter, History, Sort, Verdicts, surplus};
pub use read::{Beside, Fault, Import, ImportError, file, read};
pub use words::{day, headline, percent_of};

use serde::{Deserialize, Serialize};

use crate::analysis::Analysis;
use crate::hardware;
use crate::model::catalogue;
use crate::scenario::{Scenario, from_query, link};

/// Version of the form in storage and files.
pub const FORMAT: u64 = 1;
/// Most rows that are kept.
pub const MOST_ROWS: usize = 5_000;
/// Longest question that is kept, bytes: one that carries a whole config may be longer.
pub const MOST_QUESTION: usize = 32 << 10;
/// Letters of a name.
pub const MOST_NAME: usize = 120;
/// Letters of a note.
pub const MOST_NOTE: usize = 2_000;
/// Latest time a calendar of the browser knows, milliseconds since 1970.
const MOST_TIME: u64 = 8_640_000_000_000_000;

/// A question that rested, with the figures it had.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// Its key: the time, then letters that make it the only one. In the order of keys rows are in the order of time.
    pub id: String,
    /// When it was asked, milliseconds since 1970 UTC.
    pub time: u64,
    /// The link's query; empty where the question was too long to keep, or came without one.
    pub question: String,
    /// Id of the model.
    pub model: String,
    /// Its name for people.
    pub model_name: String,
    /// Commit of the model's files, if the Hub told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
    /// Name that the user gave; empty for none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The user's note.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// Whether it stays when old ones go.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pinned: bool,
    /// The figures.
    pub answer: Figures,
    /// What they were under an earlier version, where that differs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Box<Figures>>,
}

impl Kept {
    /// A question and its answer. `named` is the model's id and its name for people.
    pub fn new(time: u64, salt: u32, named: (&str, &str), revision: Option<&str>, analysis: &Analysis) -> Self {
        let question = link(&analysis.setup.requested).unwrap_or_default();
        Self {
            id: key(time, salt),
            time,
            question: if question.len() > MOST_QUESTION {
                String::new()
            } else {
                question
            },
            model: cut(named.0, MOST_NAME),
            model_name: cut(named.1, MOST_NAME),
            revision: revision.map(|revision| cut(revision, MOST_NAME)),
            name: String::new(),
            note: String::new(),
            pinned: false,
            answer: Figures::of(analysis),
            before: None,
        }
    }
    /// Whether another row says the same: question, model and figures.
    pub fn same(&self, other: &Self) -> bool {
        self.question == other.question && self.model == other.model && self.answer == other.answer
    }
    /// What it is called: the user's name, else the model's.
    pub fn title(&self) -> &str {
        if self.name.is_empty() {
            &self.model_name
        } else {
            &self.name
        }
    }
    /// The scenario of the question, if it was kept.
    pub fn scenario(&self) -> Option<Scenario> {
        (!self.question.is_empty()).then(|| from_query(&self.question).0)
    }
    /// Whether this version understands the whole question: devices, formats and all.
    pub fn is_understood(&self) -> bool {
        let (scenario, errors) = from_query(&self.question);
        let known = |id: &String| hardware::resolve(id).is_ok();
        errors.is_empty() && scenario.hardware.device.as_ref().is_none_or(known)
    }
    /// The row with the figures of another version; those before stay beside them where they differ.
    #[must_use]
    pub fn weighed_anew(mut self, now: Figures) -> Self {
        if !self.answer.same_figures(&now) {
            self.before = Some(Box::new(self.answer));
        }
        self.answer = now;
        self
    }
    /// Whether its text is within bounds, its numbers are numbers, its key a key.
    fn check(&self) -> Result<(), &'static str> {
        let key = !self.id.is_empty() && self.id.len() <= 40;
        if !key || !self.id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
            return Err("its id is no key");
        }
        if self.time > MOST_TIME {
            return Err("its time is beyond every calendar");
        }
        if self.question.len() > MOST_QUESTION {
            return Err("its question is too long");
        }
        let long = |text: &str, most| text.chars().nth(most).is_some();
        let names = [&self.model, &self.model_name, &self.name];
        let names = names.into_iter().chain(&self.revision);
        if names.into_iter().any(|text| long(text, MOST_NAME)) || long(&self.note, MOST_NOTE) {
            return Err("a name or note is too long");
        }
        self.answer.check()?;
        self.before.as_deref().map_or(Ok(()), Figures::check)
    }
}

/// The key of a row: sorted as text, rows are in the order of time.
pub fn key(time: u64, salt: u32) -> String {
    format!("{time:013x}-{salt:08x}")
}

/// The beginning of a text.
pub fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

/// The name for people of a model by its id.
fn name_of(id: &str) -> String {
    catalogue::find(id).map_or_else(
        || id.rsplit('/').next().unwrap_or(id).to_owned(),
        |entry| entry.name.clone(),
    )
}
