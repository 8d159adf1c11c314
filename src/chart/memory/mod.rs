//! Memory by format of the weights, each a bar against what the device carries.

mod draw;
#[cfg(test)]
mod tests;

use strum::IntoEnumIterator as _;

use super::Capacity;
use crate::analysis::{AnalysisError, FormatComparison, Setup, fullest};
use crate::scenario::Recompute;
use crate::units::UnitSystem;

/// One bar: a format of the weights or, in training, what is computed again.
#[derive(Clone, Debug, PartialEq)]
pub struct MemoryRow {
    /// Its name for people.
    pub label: String,
    /// Parts as key, name and bytes, in the order of the bar.
    pub parts: Vec<(&'static str, &'static str, u64)>,
    /// Whether the scenario has it.
    pub now: bool,
}

impl MemoryRow {
    /// All its bytes.
    pub fn total(&self) -> u64 {
        self.parts.iter().fold(0, |sum, part| sum.saturating_add(part.2))
    }
}

/// Memory by format of the weights; in training, by what is computed again instead of kept.
#[derive(Clone, Debug, PartialEq)]
pub struct MemoryChart {
    /// Bars, the largest first.
    pub rows: Vec<MemoryRow>,
    /// Whether the rows are what training computes again, not formats.
    pub training: bool,
    /// What the device carries.
    pub capacity: Option<Capacity>,
    /// GiB or GB.
    pub units: UnitSystem,
}

impl MemoryChart {
    /// The chart of a setup beside other formats.
    ///
    /// # Errors
    /// See [`AnalysisError`].
    pub fn of(setup: &Setup, formats: &FormatComparison, units: UnitSystem) -> Result<Self, AnalysisError> {
        let mut rows: Vec<MemoryRow> = Vec::new();
        let capacity = Capacity::of_setup(setup);
        let training = setup.scenario.workload.mode.trains();
        if training {
            for recompute in Recompute::iter() {
                let parts = fullest(&setup.working(|scenario| scenario.workload.recompute = recompute))?.parts();
                rows.push(MemoryRow {
                    label: computed_again(recompute).to_owned(),
                    parts,
                    now: recompute == setup.scenario.workload.recompute,
                });
            }
        } else {
            for (at, format) in formats.rows.iter().enumerate() {
                rows.push(MemoryRow {
                    label: format.label.clone(),
                    parts: fullest(&format.setup)?.parts(),
                    now: at == 0,
                });
            }
        }
        rows.sort_by_key(|row| std::cmp::Reverse(row.total()));
        Ok(Self {
            rows,
            training,
            capacity,
            units,
        })
    }
}

const fn computed_again(recompute: Recompute) -> &'static str {
    match recompute {
        Recompute::None => "keep everything",
        Recompute::Selective => "recompute attention",
        Recompute::Full => "recompute layers",
    }
}
