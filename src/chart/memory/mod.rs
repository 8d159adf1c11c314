//! Memory by format of the weights, each a bar against what the device carries.

mod draw;
#[cfg(test)]
mod tests;

use strum::IntoEnumIterator as _;

use super::Capacity;
use super::table::{Field, Table};
use crate::analysis::{AnalysisError, FormatComparison, Setup, Verdict, fullest};
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
    /// The verdict on it, where there is one: each engine takes its own share of the device.
    pub verdict: Option<Verdict>,
}

impl MemoryRow {
    /// Whether it is too much for a device with so much room, or for its engine there.
    pub fn is_over(&self, room: u64) -> bool {
        self.verdict
            .map_or(self.total() > room, |verdict| verdict != Verdict::Fits)
    }
    /// Whether what is too much for the device lies in RAM.
    pub fn spills(&self) -> bool {
        self.verdict == Some(Verdict::Offload)
    }
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
            let selects = setup.scenario.selects();
            let chosen = match setup.scenario.workload.recompute {
                Recompute::Selective if !selects => Recompute::None,
                chosen => chosen,
            };
            // Where there is nothing to select, it is the same as keeping everything.
            for recompute in Recompute::iter().filter(|one| selects || *one != Recompute::Selective) {
                let parts = fullest(&setup.working(|scenario| scenario.workload.recompute = recompute))?.parts();
                rows.push(MemoryRow {
                    label: computed_again(recompute).to_owned(),
                    parts,
                    now: recompute == chosen,
                    verdict: None,
                });
            }
        } else {
            for (at, format) in formats.rows.iter().enumerate() {
                let (held, verdict) = format.held()?;
                rows.push(MemoryRow {
                    label: format.label.clone(),
                    parts: held.parts(),
                    now: at == 0,
                    verdict,
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

/// Parts beside the weights.
const BESIDE: [&str; 5] = ["kv_cache", "activations", "gradients", "optimizer", "overhead"];

impl MemoryChart {
    /// The same numbers.
    pub fn table(&self) -> Table {
        let name = if self.training { "Computed again" } else { "Weights in" };
        let mut table = Table::new([
            (name, "", false),
            ("Weights", "bytes", true),
            ("All else", "bytes", true),
            ("Total", "bytes", false),
            ("Free", "bytes", false),
        ]);
        if self.capacity.is_none() {
            table.columns.pop();
        }
        for row in &self.rows {
            let total = row.total();
            let beside = row.parts.iter().filter(|part| BESIDE.contains(&part.0));
            let beside = beside.fold(0_u64, |sum, part| sum.saturating_add(part.2));
            let bytes = |bytes: u64| Field::bytes(bytes, self.units);
            let name = if row.now {
                format!("{}, now", row.label)
            } else {
                row.label.clone()
            };
            let free = self.capacity.as_ref().map(|capacity| {
                let free = capacity.bytes as f64 - total as f64;
                let sign = if free < 0.0 { "−" } else { "" };
                Field::number(free, format!("{sign}{}", self.units.bytes(free.abs())))
            });
            let row = [
                Field::text(name),
                bytes(total.saturating_sub(beside)),
                bytes(beside),
                bytes(total),
            ];
            table.rows.push(row.into_iter().chain(free).collect());
        }
        table
    }
}

const fn computed_again(recompute: Recompute) -> &'static str {
    match recompute {
        Recompute::None => "keep everything",
        Recompute::Selective => "recompute attention",
        Recompute::Full => "recompute layers",
    }
}
