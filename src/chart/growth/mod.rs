//! Memory over context or over sequences: what stays, what grows, and where the device is full.

mod draw;
#[cfg(test)]
mod tests;

use super::Capacity;
use super::table::{Field, Table};
use crate::analysis::{Analysis, AnalysisError, MemoryPart, Over, Verdict, memory_curve};
use crate::units::{UnitSystem, counted, grouped};

/// A part of memory at each place.
#[derive(Clone, Debug, PartialEq)]
pub struct Band {
    /// Its key, which gives the colour.
    pub key: &'static str,
    /// Its name for people.
    pub label: &'static str,
    /// Bytes at each point.
    pub bytes: Vec<u64>,
}

/// Memory over context or over sequences.
#[derive(Clone, Debug, PartialEq)]
pub struct GrowthChart {
    /// What it is followed over.
    pub over: Over,
    /// Tokens of each sequence, or sequences, at each point, rising.
    pub places: Vec<u64>,
    /// Parts, lowest first.
    pub bands: Vec<Band>,
    /// What the device carries.
    pub capacity: Option<Capacity>,
    /// The longest context or the most sequences that fit, if within the range.
    pub crossing: Option<u64>,
    /// Whether it is the model's own limit, with memory to spare.
    pub crossing_is_models: bool,
    /// Where the scenario stands, and its memory.
    pub now: Option<(u64, u64)>,
    /// GiB or GB.
    pub units: UnitSystem,
}

/// Where a curve without a limit of its own ends at least: tokens, sequences.
const SHORTEST_RANGE: [u64; 2] = [8192, 8];

impl GrowthChart {
    /// The chart of an answer, over so many points.
    ///
    /// # Errors
    /// See [`AnalysisError`].
    pub fn of(analysis: &Analysis, over: Over, points: u64, units: UnitSystem) -> Result<Self, AnalysisError> {
        let setup = &analysis.setup;
        let fit = analysis.fit.as_ref();
        let (now, limit, longest, least) = match over {
            Over::Context => {
                let scenario = &setup.requested;
                let prompt = scenario.workload.prompt.saturating_add(setup.media.tokens());
                let now = prompt.saturating_add(scenario.generated());
                let limit = setup.blueprint.max_context.as_ref().map(|most| most.value);
                (now, limit, fit.map(|fit| fit.max_context), SHORTEST_RANGE[0])
            }
            // Of a server, what runs of its requests.
            Over::Sequences => {
                let now = setup.scenario.workload.batch;
                (now, None, fit.map(|fit| fit.max_batch), SHORTEST_RANGE[1])
            }
        };
        // With part of the model in RAM the device's own memory is no limit.
        let spills = fit.is_some_and(|fit| fit.verdict == Verdict::Offload);
        let far = if over == Over::Context { 131_072 } else { 64 };
        let most = range(now, limit, longest, [least, far]);
        let curve = memory_curve(setup, over, most, points)?;
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
            MemoryPart::Transient,
            curve.iter().map(|point| point.transient).collect(),
        ));
        bands.push(growing(
            MemoryPart::KvCache,
            curve.iter().map(|point| point.kv_cache).collect(),
        ));
        bands.retain(|band| band.bytes.iter().any(|&bytes| bytes > 0));
        Ok(Self {
            over,
            places: curve.iter().map(|point| point.at).collect(),
            bands,
            capacity: Capacity::of_setup(setup),
            crossing: longest.filter(|&longest| !spills && longest > 0 && longest < most),
            crossing_is_models: limit.is_some() && limit == longest,
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
    /// Where it ends.
    pub fn longest(&self) -> u64 {
        self.places.last().copied().unwrap_or(1).max(1)
    }
    /// So many tokens, or so many sequences.
    pub fn place_words(&self, at: u64) -> String {
        match self.over {
            Over::Context => format!("{} tokens", grouped(at)),
            Over::Sequences => counted(at, "sequence"),
        }
    }
    /// What it means over sequences.
    pub fn words(&self) -> String {
        let (first, last) = (self.parts(0), self.parts(self.places.len().saturating_sub(1)));
        let steps = self
            .longest()
            .saturating_sub(self.places.first().copied().unwrap_or(1))
            .max(1);
        let each = last[3].saturating_sub(first[3]) / steps;
        let size = |bytes: u64| self.units.bytes(bytes as f64);
        let full = match (&self.capacity, self.crossing) {
            (Some(capacity), Some(full)) => format!(" {} is full at {}.", capacity.name, counted(full, "sequence")),
            _ => String::new(),
        };
        format!(
            "Weights and overhead stay at {}; each sequence more takes about {}.{full}",
            size(first[0]),
            size(each)
        )
    }
    /// Whether anything of it is cache: nothing is in training.
    fn has_cache(&self) -> bool {
        self.bands.iter().any(|band| band.key == MemoryPart::KvCache.key())
    }
    fn bytes_of(&self, key: &str, at: usize) -> u64 {
        let band = self.bands.iter().find(|band| band.key == key);
        band.and_then(|band| band.bytes.get(at)).copied().unwrap_or(0)
    }
    /// What stays, activations, cache and all of it at a point, bytes.
    fn parts(&self, at: usize) -> [u64; 4] {
        let [kept, transient, cache] = ["activations", "transient", "kv_cache"].map(|key| self.bytes_of(key, at));
        let activations = kept.saturating_add(transient);
        let total = self.total(at);
        let fixed = total.saturating_sub(activations).saturating_sub(cache);
        [fixed, activations, cache, total]
    }
    /// Whether a point fits; none without a device.
    fn fits(&self, at: usize) -> Option<bool> {
        let capacity = self.capacity.as_ref()?;
        Some(self.total(at) <= capacity.bytes)
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
        (0..self.places.len()).map(sum).collect()
    }
}

/// How far the curve goes: to the model's own limit, but not so far that what matters is a sliver. `least` is where it ends at
/// the earliest, and where it does so if nothing limits it.
fn range(now: u64, limit: Option<u64>, longest: Option<u64>, [least, far]: [u64; 2]) -> u64 {
    let limit = limit.unwrap_or(u64::MAX);
    let full = longest.filter(|&longest| longest > 0 && longest < limit).unwrap_or(0);
    let near = |places: u64, times: u64| {
        places
            .saturating_mul(times)
            .checked_next_power_of_two()
            .unwrap_or(u64::MAX)
    };
    // Twice the point where the device is full, or sixteen times now where that is nearer.
    let wanted = if full > 0 {
        near(full, 2).max(near(now, 2))
    } else {
        near(now, 16).max(far)
    };
    wanted.max(least).min(limit).max(now).max(2)
}

/// The column of the cache in the table.
const CACHE: usize = 3;

/// Rows of the table, about.
const ROWS: usize = 16;

impl GrowthChart {
    /// The points that are read one by one and stand in the table.
    fn shown(&self) -> impl Iterator<Item = (usize, u64)> + '_ {
        let step = (self.places.len() / ROWS).max(1);
        self.places.iter().copied().enumerate().step_by(step)
    }
    /// The same numbers.
    pub fn table(&self) -> Table {
        let place = match self.over {
            Over::Context => "Tokens",
            Over::Sequences => "Sequences",
        };
        let mut table = Table::new([
            (place, "", false),
            ("What stays", "bytes", true),
            ("Activations", "bytes", true),
            ("KV cache", "bytes", false),
            ("Total", "bytes", false),
            ("Fits", "", false),
        ]);
        if self.capacity.is_none() {
            table.columns.pop();
        }
        let cached = self.has_cache();
        if !cached {
            table.columns.remove(CACHE);
        }
        for (at, place) in self.shown() {
            let bytes = |bytes: u64| Field::bytes(bytes, self.units);
            let mut row = vec![Field::count(place)];
            row.extend(self.parts(at).map(bytes));
            if !cached {
                row.remove(CACHE);
            }
            row.extend(self.fits(at).map(|fits| Field::text(if fits { "yes" } else { "no" })));
            table.rows.push(row);
        }
        table
    }
}
