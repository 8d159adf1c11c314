//! What a knob is: declared once, shown on the page, offered on the command line, written into links.

use thiserror::Error;

use super::Scenario;
use super::choices::Mode;
use super::knob_id::KnobId;
use crate::units::{grouped, number_and_unit};

/// Where a knob stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// What runs.
    Workload,
    /// Number formats.
    Precision,
    /// Devices and engine.
    Hardware,
    /// What is assumed.
    Assumptions,
    /// A training run.
    Training,
}

/// A row of a menu.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptionRow {
    /// Its key.
    pub key: &'static str,
    /// Its name.
    pub label: String,
    /// What it means.
    pub help: String,
}

/// A word that stands for a value which is no number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word {
    /// Its key.
    pub key: &'static str,
    /// What it means, in a word or two.
    pub label: &'static str,
}

/// What a knob holds.
#[derive(Clone, Copy, Debug)]
pub enum KnobKind {
    /// A whole number.
    Whole {
        /// Smallest.
        least: u64,
        /// Largest.
        most: u64,
        /// Where its slider ends; larger values are typed.
        slider: u64,
        /// Unit after the number.
        unit: &'static str,
    },
    /// Numbers by commas, one for each device.
    Shares,
    /// A size in bytes.
    Bytes {
        /// Largest.
        most: u64,
        /// What a number alone means in a field of the page; links and flags mean bytes.
        unit: &'static str,
    },
    /// A whole number, or a word.
    WholeOr {
        /// Words that are allowed too.
        words: &'static [Word],
        /// Smallest.
        least: u64,
        /// Largest.
        most: u64,
        /// Unit after the number.
        unit: &'static str,
    },
    /// A size in bytes, or a word.
    BytesOr {
        /// Words that are allowed too.
        words: &'static [Word],
        /// Largest.
        most: u64,
        /// What a number alone means in a field of the page; links and flags mean bytes.
        unit: &'static str,
    },
    /// A number that need not be whole, or a word.
    RealOr {
        /// Words that are allowed too.
        words: &'static [Word],
        /// Largest.
        most: f64,
        /// Unit after the number.
        unit: &'static str,
    },
    /// Width and height in pixels: `1024x768`.
    Pixels {
        /// Largest side.
        most: u64,
    },
    /// One of a list.
    Choice(fn() -> Vec<OptionRow>),
    /// A device of the table, or one described in the link.
    Device,
    /// Several of those, by commas.
    Devices,
    /// A machine of the table.
    Host,
}

/// Something the user can set.
#[derive(Clone, Copy, Debug)]
pub struct Knob {
    /// Which it is.
    pub id: KnobId,
    /// Key in links.
    pub key: &'static str,
    /// Flag on the command line, without dashes.
    pub flag: &'static str,
    /// Name on the page.
    pub label: &'static str,
    /// What it does, in a sentence or two.
    pub help: &'static str,
    /// Where it stands.
    pub group: Group,
    /// What it holds.
    pub kind: KnobKind,
    /// Modes in which it matters; empty is all.
    pub modes: &'static [Mode],
    /// Its value as text; what `set` takes.
    pub get: fn(&Scenario) -> String,
    /// Sets it from text.
    pub set: fn(&mut Scenario, &str) -> Result<(), KnobError>,
}

/// A value that a knob refuses.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum KnobError {
    /// No whole number.
    #[error("{label} is \"{found}\"; it must be a whole number.")]
    NotANumber {
        /// The knob.
        label: &'static str,
        /// What was given.
        found: String,
    },
    /// No number.
    #[error("{label} is \"{found}\"; it must be a number such as 2.50.")]
    NotAReal {
        /// The knob.
        label: &'static str,
        /// What was given.
        found: String,
    },
    /// No device answers to that.
    #[error("Unknown device \"{found}\".{near}")]
    UnknownDevice {
        /// What was given.
        found: String,
        /// Those that may be meant, as a sentence with a space before it; empty where none is near.
        near: String,
    },
    /// No share.
    #[error("{label} is \"{found}\"; it must be a share in whole percent, such as 90, 90% or 0.9.")]
    NotAShare {
        /// The knob.
        label: &'static str,
        /// What was given.
        found: String,
    },
    /// No time.
    #[error("{label} is \"{found}\"; it must be a time such as 500ms or 2 s; a number alone is milliseconds.")]
    NotATime {
        /// The knob.
        label: &'static str,
        /// What was given.
        found: String,
    },
    /// No width and height.
    #[error("{label} is \"{found}\"; it must be width and height in pixels, such as 1024x768.")]
    NotPixels {
        /// The knob.
        label: &'static str,
        /// What was given.
        found: String,
    },
    /// No size.
    #[error("{label} is \"{found}\"; it must be a size such as 64GB or 512MiB.")]
    NotASize {
        /// The knob.
        label: &'static str,
        /// What was given.
        found: String,
    },
    /// Outside its range.
    #[error("{label} is {found}; it must be {} to {}{unit}.", grouped(*least), grouped(*most))]
    OutOfRange {
        /// The knob.
        label: &'static str,
        /// What was given.
        found: String,
        /// Smallest.
        least: u64,
        /// Largest.
        most: u64,
        /// Of what, with the blank before it.
        unit: &'static str,
    },
    /// Not one of the list.
    #[error("{label} \"{found}\" is unknown. Known are: {known}.")]
    Unknown {
        /// The knob.
        label: &'static str,
        /// What was given.
        found: String,
        /// What there is.
        known: String,
    },
    /// Refused for a reason of its own.
    #[error("{0}")]
    Refused(String),
    /// Not built yet.
    #[error("{0}")]
    NotBuilt(String),
}

impl Knob {
    /// Its name on the page in a mode: a training run calls some by other names.
    pub fn label_in(&self, mode: Mode) -> &'static str {
        match self.id {
            KnobId::Prompt if mode.trains() => "Sequence length",
            KnobId::Batch if mode.trains() => "Micro-batch",
            _ => self.label,
        }
    }
    /// Whether it matters in this mode.
    pub fn applies(&self, mode: Mode) -> bool {
        self.modes.is_empty() || self.modes.contains(&mode)
    }
    /// Words that may stand for its value.
    pub const fn words(&self) -> &'static [Word] {
        match self.kind {
            KnobKind::WholeOr { words, .. } | KnobKind::BytesOr { words, .. } | KnobKind::RealOr { words, .. } => words,
            _ => &[],
        }
    }
    /// Unit behind its number in a field; empty where it has none, or where sizes are written with theirs.
    pub const fn unit(&self) -> &'static str {
        match self.kind {
            KnobKind::Whole { unit, .. } | KnobKind::WholeOr { unit, .. } | KnobKind::RealOr { unit, .. } => unit,
            _ => "",
        }
    }
    /// Sets it from what a person wrote in a link, a flag or a field: words by key or label, in small or large letters.
    ///
    /// # Errors
    /// What `set` refuses.
    pub fn read(&self, scenario: &mut Scenario, text: &str) -> Result<(), KnobError> {
        let text = text.trim();
        let same = |word: &&Word| text.eq_ignore_ascii_case(word.key) || text.eq_ignore_ascii_case(word.label);
        let word = self.words().iter().find(same);
        (self.set)(scenario, word.map_or(text, |word| word.key))
    }
    /// The same from a field of the page, where a size without a unit is in the unit of the field: `64` of host memory is 64 GB.
    ///
    /// # Errors
    /// What `set` refuses.
    pub fn read_field(&self, scenario: &mut Scenario, text: &str) -> Result<(), KnobError> {
        match self.kind {
            KnobKind::Bytes { unit, .. } | KnobKind::BytesOr { unit, .. } if is_bare(text) => {
                self.read(scenario, &format!("{text}{unit}"))
            }
            _ => self.read(scenario, text),
        }
    }
    /// Whether it stands where it stands by default.
    pub fn is_default(&self, scenario: &Scenario) -> bool {
        (self.get)(scenario) == (self.get)(&Scenario::default())
    }
}

/// Whether a text is a number without a unit.
fn is_bare(text: &str) -> bool {
    number_and_unit(text).is_some_and(|(_, unit)| unit.is_empty())
}
