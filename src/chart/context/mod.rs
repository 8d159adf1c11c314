//! Memory over context: what stays, what grows with each token, and where the device is full.

mod draw;
#[cfg(test)]
mod tests;

use super::Capacity;
use crate::analysis::{Analysis, AnalysisError, MemoryPart, Verdict, context_curve};
use crate::units::UnitSystem;

/// A part of memory at each context length.
#[derive(Clone, Debug, PartialEq)]
pub struct Band {
    /// Its key, which gives the colour.
    pub key: &'static str,
    /// Its name for people.
    pub label: &'static str,
    /// Bytes at each point.
    pub bytes: Vec<u64>,
}

/// Memory over context.
#[derive(Clone, Debug, PartialEq)]
pub struct ContextChart {
    /// Tokens of each sequence at each point, rising.
    pub tokens: Vec<u64>,
    /// Parts, lowest first.
    pub bands: Vec<Band>,
    /// What the device carries.
    pub capacity: Option<Capacity>,
    /// The longest context that fits, if it lies within the range.
    pub crossing: Option<u64>,
    /// Whether it is the model's own limit, with memory to spare.
    pub crossing_is_models: bool,
    /// The context of the scenario and its memory.
    pub now: Option<(u64, u64)>,
    /// GiB or GB.
    pub units: UnitSystem,
}

/// Where a curve without a limit of its own ends at least.
const SHORTEST_RANGE: u64 = 8192;

impl ContextChart {
    /// The chart of an answer, over so many points.
    ///
    /// # Errors
    /// See [`AnalysisError`].
    pub fn of(analysis: &Analysis, points: u64, units: UnitSystem) -> Result<Self, AnalysisError> {
        let setup = &analysis.setup;
        let scenario = &setup.requested;
        let now = scenario.workload.prompt.saturating_add(scenario.generated());
        let limit = setup.blueprint.max_context.as_ref().map(|most| most.value);
        let longest = analysis.fit.as_ref().map(|fit| fit.max_context);
        // With part of the model in RAM the device's own memory is no limit.
        let spills = analysis.fit.as_ref().is_some_and(|fit| fit.verdict == Verdict::Offload);
        let most = range(now, limit, longest);
        let curve = context_curve(setup, most, points)?;
        let held = analysis.held();
        let weights = held.weights_by_component.iter();
        let weights = weights.map(|(component, bytes)| (component.key(), component.label(), *bytes));
        let training = [
            (MemoryPart::Gradients, held.gradient_bytes),
            (MemoryPart::Optimizer, held.optimizer_bytes),
            (MemoryPart::Overhead, held.overhead_bytes),
        ];
        let fixed = weights.chain(
            training
                .into_iter()
                .map(|(part, bytes)| (part.key(), part.label(), bytes)),
        );
        let mut bands: Vec<Band> = fixed
            .map(|(key, label, bytes)| Band {
                key,
                label,
                bytes: vec![bytes; curve.len()],
            })
            .collect();
        let growing = |part: MemoryPart, bytes: Vec<u64>| Band {
            key: part.key(),
            label: part.label(),
            bytes,
        };
        bands.push(growing(
            MemoryPart::Activations,
            curve.iter().map(|point| point.activations).collect(),
        ));
        bands.push(growing(
            MemoryPart::KvCache,
            curve.iter().map(|point| point.kv_cache).collect(),
        ));
        bands.retain(|band| band.bytes.iter().any(|&bytes| bytes > 0));
        Ok(Self {
            tokens: curve.iter().map(|point| point.tokens).collect(),
            bands,
            capacity: Capacity::of_setup(setup),
            crossing: longest.filter(|&longest| !spills && longest > 0 && longest < most),
            crossing_is_models: setup.blueprint.max_context.as_ref().map(|most| most.value) == longest,
            now: Some((now, held.total_bytes)),
            units,
        })
    }

    /// All bytes at a point.
    pub fn total(&self, at: usize) -> u64 {
        self.bands.iter().fold(0, |sum, band| {
            sum.saturating_add(band.bytes.get(at).copied().unwrap_or(0))
        })
    }
    fn longest(&self) -> u64 {
        self.tokens.last().copied().unwrap_or(1).max(1)
    }
    /// Bytes up to and with so many bands, at every point.
    fn heights(&self, bands: usize) -> Vec<f64> {
        let sum = |at| {
            self.bands
                .iter()
                .take(bands)
                .filter_map(|band| band.bytes.get(at))
                .map(|&bytes| bytes as f64)
                .sum()
        };
        (0..self.tokens.len()).map(sum).collect()
    }
}

/// How far the curve goes: to the model's own limit, but not so far that what matters is a sliver.
fn range(now: u64, limit: Option<u64>, longest: Option<u64>) -> u64 {
    let limit = limit.unwrap_or(u64::MAX);
    let full = longest.filter(|&longest| longest > 0 && longest < limit).unwrap_or(0);
    let near = |tokens: u64, times: u64| {
        tokens
            .saturating_mul(times)
            .checked_next_power_of_two()
            .unwrap_or(u64::MAX)
    };
    // Twice the point where the device is full, or sixteen times now where that is nearer.
    let wanted = if full > 0 {
        near(full, 2).max(near(now, 2))
    } else {
        near(now, 16).max(131_072)
    };
    wanted.max(SHORTEST_RANGE).min(limit).max(now).max(2)
}
