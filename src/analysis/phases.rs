//! What holds a decode step back over context and batch: arithmetic, weights, cache, or the room on the device.

use super::compute::costs;
use super::fit::max_by_memory;
use super::placement::fullest;
use super::roofline::Roof;
use super::setup::Setup;
use crate::scenario::Mode;

/// What takes longest in a step that writes a token for each sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Arithmetic.
    Compute,
    /// Reading weights.
    Weights,
    /// Reading the cache.
    Cache,
    /// Nothing: it does not fit.
    Full,
}

impl Phase {
    /// In words: `over capacity`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Compute => "arithmetic",
            Self::Weights => "weights",
            Self::Cache => "KV cache",
            Self::Full => "over capacity",
        }
    }
}

/// A cell of the map.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PhaseCell {
    /// What takes longest.
    pub phase: Phase,
    /// Least seconds of reading weights, of reading the cache, and of arithmetic.
    pub least: [f64; 3],
    /// What the fullest device holds, bytes.
    pub memory: u64,
}

/// The map.
#[derive(Clone, Debug, PartialEq)]
pub struct Phases {
    /// Tokens of each sequence, rising.
    pub contexts: Vec<u64>,
    /// Sequences, rising.
    pub batches: Vec<u64>,
    /// For each batch a row of cells, one for each context.
    pub rows: Vec<Vec<PhaseCell>>,
}

/// The shortest context of the map, and the most of either that it shows.
const SHORTEST: u64 = 512;
const MOST_CELLS: usize = 12;

/// Doubling from the first, so many at most.
fn doubling(first: u64, most: u64) -> Vec<u64> {
    let all = std::iter::successors(Some(first), |last| last.checked_mul(2));
    all.take_while(|one| *one <= most).take(MOST_CELLS).collect()
}

/// The map of a setup; none in training, without a device, or where its rate is not known. Times are the least that the roofline
/// allows: each at peak rate or full bandwidth.
pub fn phases(setup: &Setup) -> Option<Phases> {
    let device = setup.device()?;
    let bandwidth = device.bandwidth_bytes_per_s;
    if setup.scenario.workload.mode.trains() || bandwidth <= 0.0 {
        return None;
    }
    let limit = setup
        .blueprint
        .max_context
        .as_ref()
        .map_or(131_072, |most| most.value)
        .max(SHORTEST);
    let contexts = doubling(SHORTEST, limit);
    let batches = doubling(1, 1024);
    let devices = setup.layout.devices.max(1) as f64;
    let at = |context: u64, batch: u64| {
        setup.working(|scenario| {
            scenario.workload.mode = Mode::Decode;
            scenario.workload.endless = false;
            scenario.workload.prompt = context;
            scenario.workload.generate = Some(0);
            scenario.workload.batch = batch;
        })
    };
    let room: Vec<u64> = contexts
        .iter()
        .map(|context| max_by_memory(&at(*context, 1), device))
        .collect();
    let cell = |context: u64, batch: u64, room: u64| -> Option<PhaseCell> {
        let setup = at(context, batch);
        let mut least = [0.0; 3];
        for cost in costs::<f64>(&setup) {
            let [weights, cache, compute] = &mut least;
            *weights += cost.weight_bytes / bandwidth / devices;
            *cache += cost.kv_bytes / bandwidth / devices;
            *compute += Roof::of(&cost, device)?.compute / devices;
        }
        let [weights, cache, compute] = least;
        let phase = match (batch > room, compute > weights.max(cache), cache > weights) {
            (true, ..) => Phase::Full,
            (_, true, _) => Phase::Compute,
            (.., true) => Phase::Cache,
            _ => Phase::Weights,
        };
        let memory = fullest(&setup).ok()?.total_bytes;
        Some(PhaseCell { phase, least, memory })
    };
    let row = |batch: &u64| {
        let cells = contexts
            .iter()
            .zip(&room)
            .map(|(context, room)| cell(*context, *batch, *room));
        cells.collect::<Option<Vec<_>>>()
    };
    let rows = batches.iter().map(row).collect::<Option<Vec<_>>>()?;
    Some(Phases {
        contexts,
        batches,
        rows,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::{Blueprint, catalogue};
    use crate::scenario::Scenario;

    fn map(device: &str, model: &str) -> Phases {
        let config = catalogue::find(model).unwrap().config.clone();
        let blueprint = Arc::new(Blueprint::from_value(config).unwrap());
        let scenario = Scenario::example().with(|s| s.hardware.device = Some(device.to_owned()));
        phases(&Setup::new(&blueprint, &scenario).unwrap()).unwrap()
    }

    /// One short sequence waits for weights, many long ones for the cache until there is no room; many short ones compute.
    #[test]
    fn corners() {
        let map = map("h100-sxm", "meta-llama/Llama-3.1-8B-Instruct");
        assert_eq!(
            (map.contexts.first(), map.contexts.last()),
            (Some(&512), Some(&131_072))
        );
        let phase = |row: usize, column: usize| map.rows[row][column].phase;
        assert_eq!(phase(0, 0), Phase::Weights);
        assert_eq!(phase(10, 8), Phase::Full);
        let of = |phase: Phase| map.rows.iter().flatten().filter(|cell| cell.phase == phase).count();
        assert!(of(Phase::Cache) > 0 && of(Phase::Full) > 0, "{map:?}");
    }

    /// More of either never takes less memory, and what is full stays full.
    #[test]
    fn more_is_more() {
        for model in [
            "meta-llama/Llama-3.1-8B-Instruct",
            "google/gemma-3-27b-it",
            "openai/gpt-oss-20b",
        ] {
            let map = map("rtx-4090", model);
            for rows in map.rows.windows(2) {
                for (few, many) in rows[0].iter().zip(&rows[1]) {
                    assert!(few.memory <= many.memory);
                    assert!(few.phase != Phase::Full || many.phase == Phase::Full);
                }
            }
            for row in &map.rows {
                assert!(row.windows(2).all(|pair| pair[0].memory <= pair[1].memory), "{model}");
            }
        }
    }
}
