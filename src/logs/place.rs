//! Sizes as they are printed, and where they lie.

use std::collections::BTreeMap;

/// A size as it was printed: its last digit says how exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Printed {
    /// Bytes.
    pub bytes: u64,
    /// Bytes its last digit stands for.
    pub step: u64,
}

/// Largest size that is believed: beyond any machine.
const MOST: f64 = (1_u64 << 60) as f64;

impl Printed {
    /// A number in a unit of so many bytes; none where it is no number, negative, or beyond any machine.
    pub(super) fn of(number: &str, unit: u64) -> Option<Self> {
        let plain = number.replace(',', "");
        let value: f64 = plain.parse().ok()?;
        let bytes = value * unit as f64;
        if !(0.0..=MOST).contains(&bytes) {
            return None;
        }
        let digits = plain.split_once('.').map_or(0, |(_, digits)| digits.len());
        let step = unit as f64 / 10_f64.powi(i32::try_from(digits).unwrap_or(9).min(12));
        Some(Self {
            bytes: bytes.round() as u64,
            step: (step.ceil() as u64).max(1),
        })
    }
    /// The same in GiB, which servers count in, also where they write GB.
    pub(super) fn gib(number: &str) -> Option<Self> {
        Self::of(number, 1 << 30)
    }
    /// Both together.
    pub(crate) const fn plus(self, other: Self) -> Self {
        Self {
            bytes: self.bytes.saturating_add(other.bytes),
            step: self.step.saturating_add(other.step),
        }
    }
    /// What is left of one beside the other.
    pub(crate) const fn minus(self, other: Self) -> Self {
        Self {
            bytes: self.bytes.saturating_sub(other.bytes),
            step: self.step.saturating_add(other.step),
        }
    }
}

/// What memory is taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Part {
    /// Weights.
    Weights,
    /// Keys and values.
    KvCache,
    /// States of recurrences and convolutions.
    StateCache,
    /// Results of a step: peak of activations, compute buffers.
    Compute,
    /// Captured graphs.
    Graphs,
    /// Driver, context and libraries.
    Runtime,
    /// All that the framework's allocator held at its peak.
    Peak,
    /// Weights and runtime, where an engine tells no more.
    WeightsAndRuntime,
}

impl Part {
    /// Its key.
    pub fn key(self) -> &'static str {
        self.into()
    }
}

/// A device, a rank, or the machine's RAM.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// As the log calls it; empty where it names none.
    pub name: String,
    /// Whether it is the machine's RAM.
    pub host: bool,
    parts: BTreeMap<Part, Printed>,
    /// Memory of the device as the engine sees it, and what was free at the start, bytes.
    pub seen: Option<(u64, u64)>,
}

impl Place {
    pub(super) const fn new(name: String, host: bool) -> Self {
        Self {
            name,
            host,
            parts: BTreeMap::new(),
            seen: None,
        }
    }
    /// How much something takes.
    pub fn get(&self, part: Part) -> Option<Printed> {
        self.parts.get(&part).copied()
    }
    /// All that is told of.
    pub fn parts(&self) -> impl Iterator<Item = (Part, Printed)> {
        self.parts.iter().map(|(part, value)| (*part, *value))
    }
    /// Whether nothing is.
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }
    /// All parts together; what holds others is not counted twice.
    pub fn bytes(&self) -> u64 {
        let single = self.parts().filter(|(part, _)| {
            let whole = matches!(part, Part::Peak | Part::WeightsAndRuntime);
            !whole || self.get(Part::Weights).is_none()
        });
        single.map(|(_, value)| value.bytes).fold(0, u64::saturating_add)
    }
    pub(super) fn set(&mut self, part: Part, value: Printed) {
        self.parts.insert(part, value);
    }
    pub(super) fn add(&mut self, part: Part, value: Printed) {
        let before = self.parts.get(&part).copied();
        self.parts
            .insert(part, before.map_or(value, |before| before.plus(value)));
    }
    pub(super) fn forget(&mut self, parts: &[Part]) {
        self.parts.retain(|part, _| !parts.contains(part));
    }
}

/// A card as its driver names it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Card {
    /// Its name.
    pub name: String,
    /// Its memory, bytes.
    pub total: Option<u64>,
    /// What of it is taken, bytes, by whomever.
    pub used: Option<u64>,
}
