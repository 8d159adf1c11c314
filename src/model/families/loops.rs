//! Layers in the middle that run several times: each run is a layer of its own, whose weights are those of the first.

use std::ops::Range;

use super::super::blocks::shared_block::share;
use super::super::config::{Config, MOST_LAYERS};
use super::super::error::ModelError;
use super::super::operator::Block;
use super::Changes;
use super::encoder::not_built;
use crate::units::grouped;

/// How many layers of its kind a run stands for in memory: a mark of this description, no key of a file.
pub const WEIGHTS: &str = "layers whose weights it has";

/// Which layers run again.
#[derive(Clone, Copy, Debug)]
pub struct Loops {
    /// Layers, each once.
    pub layers: u64,
    /// Layers before those that run again.
    pub before: u64,
    /// Layers that run again.
    pub middle: u64,
    /// How often they run.
    pub runs: u64,
}

impl Loops {
    /// The layers that run again.
    pub fn middle(&self) -> Range<u64> {
        self.before..self.before.saturating_add(self.middle).min(self.layers)
    }
    /// How many of them are windowed, and how many not, given whether each run is.
    pub fn alike(&self, order: &[(u64, u64)], windowed: &[bool]) -> Alike {
        let middle = self.middle();
        let first = order
            .iter()
            .zip(windowed)
            .filter(|((layer, run), _)| *run == 0 && middle.contains(layer));
        let near = first.clone().filter(|(_, windowed)| **windowed).count();
        Alike {
            windowed: near,
            full: first.count() - near,
        }
    }
    /// Says that layers run again, given how many runs there are in all.
    pub fn say(&self, config: &Config, all: usize) {
        let all = all as u64;
        if all > self.layers {
            let [layers, middle, all] = [self.layers, self.middle, all].map(grouped);
            let runs = self.runs;
            config.notice(
                "layers_run_again",
                format!(
                    "{middle} of {layers} layers run {runs} times: they are shown as {all} layers, each run with operations of its own; their weights are counted once."
                ),
            );
        }
    }
    /// The layer of each run, and which of its runs it is.
    ///
    /// # Errors
    /// More runs than any model has layers.
    pub fn order(&self, config: &Config) -> Result<Vec<(u64, u64)>, ModelError> {
        let middle = self.middle();
        let runs = if middle.is_empty() { 1 } else { self.runs.max(1) };
        let more = (runs - 1).saturating_mul(self.middle);
        if self.layers.saturating_add(more) > MOST_LAYERS {
            return not_built(config, "Loops that run more layers than any model has");
        }
        let once = |layer| (layer, 0);
        let looped = (0..runs).flat_map(|run| middle.clone().map(move |layer| (layer, run)));
        let first = (0..self.before.min(self.layers)).map(once);
        Ok(first.chain(looped).chain((middle.end..self.layers).map(once)).collect())
    }
}

/// Layers that run again, by their kind.
#[derive(Clone, Copy, Debug)]
pub struct Alike {
    /// Those with a window.
    pub windowed: usize,
    /// The others.
    pub full: usize,
}

impl Alike {
    /// Those of a kind.
    pub const fn of(self, windowed: bool) -> usize {
        if windowed { self.windowed } else { self.full }
    }
}

/// The mark of a run that has the weights of so many layers.
pub fn weights(layers: usize) -> Changes {
    vec![(WEIGHTS, layers.into())]
}

/// The blocks of a layer with the weights that its mark says.
///
/// # Errors
/// None that a mark of this description gives.
pub fn weighed(config: &Config, mut blocks: Vec<Block>) -> Result<Vec<Block>, ModelError> {
    if let Some(layers) = config.optional("layers whose weights it has", &[WEIGHTS])? {
        blocks.iter_mut().for_each(|block| share(block, &layers));
    }
    Ok(blocks)
}
