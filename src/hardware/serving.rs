//! How well serving engines use a device: `data/serving.csv`, fitted on published throughput of servers.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::{Device, Engine};

const TABLE: &str = include_str!("../../data/serving.csv");

/// How wide a row of the table speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Level {
    /// Every engine.
    All,
    /// An engine.
    Engine,
    /// An engine on devices of one generation.
    Generation,
}

/// What an engine reaches when it serves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Served {
    /// Shares and fixed costs.
    pub shares: Coefficients,
    /// Measured ÷ estimated throughput, tenth percentile of measurements the fit had not seen.
    pub low: f64,
    /// The ninetieth.
    pub high: f64,
    /// Measurements in the fit.
    pub rows: u32,
    /// How specific the row is.
    pub level: Level,
}

#[derive(Debug, Deserialize)]
struct Row {
    engine: String,
    generation: String,
    #[serde(flatten)]
    shares: Coefficients,
    low: f64,
    high: f64,
    rows: u32,
}

static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| {
    csv::Reader::from_reader(TABLE.as_bytes())
        .deserialize()
        .flatten()
        .collect()
});

/// Rows that are read; the table has no others.
pub fn rows() -> usize {
    ROWS.len()
}

/// The most specific row on an engine and a device.
pub fn served(engine: Engine, device: &Device) -> Served {
    let find = |engine: &str, generation: &str| {
        let found = ROWS
            .iter()
            .find(|row| row.engine == engine && row.generation == generation);
        found.filter(|row| {
            row.shares
                .to_array()
                .iter()
                .all(|share| share.is_finite() && *share > 0.0)
        })
    };
    let row = find(engine.key(), &device.family)
        .map(|row| (row, Level::Generation))
        .or_else(|| find(engine.key(), "").map(|row| (row, Level::Engine)))
        .or_else(|| find("", "").map(|row| (row, Level::All)));
    match row {
        Some((row, level)) => Served {
            shares: row.shares,
            low: row.low,
            high: row.high,
            rows: row.rows,
            level,
        },
        // Without a table: what is usual on large accelerators.
        None => Served {
            shares: Coefficients::USUAL,
            low: 0.3,
            high: 3.0,
            rows: 0,
            level: Level::All,
        },
    }
}

/// Shares of what the device could do, and fixed costs in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Coefficients {
    /// Share of the bandwidth at which dense weights and activations are moved.
    pub bandwidth: f64,
    /// Share of the bandwidth at which routed experts are read.
    pub expert_bandwidth: f64,
    /// Share of the bandwidth at which the cache is read.
    pub cache_bandwidth: f64,
    /// Share of the peak rate that dense products reach.
    pub compute: f64,
    /// Share of the peak rate that products with routed experts reach.
    pub expert_compute: f64,
    /// Share of the peak rate that scores and values reach.
    pub attention: f64,
    /// Share of the link's rate that collective operations reach.
    pub link: f64,
    /// Seconds of a collective operation, however small.
    pub collective: f64,
    /// Seconds a layer takes beside its work: launches and gaps.
    pub layer: f64,
    /// Seconds between steps: scheduling, sampling.
    pub step: f64,
    /// Seconds a step takes for each running sequence.
    pub sequence: f64,
    /// Seconds a request takes once: reading, queueing, answering.
    pub request: f64,
}

impl Coefficients {
    /// Where the fit starts: what is usual on large accelerators.
    pub const USUAL: Self = Self::from_array([0.7, 0.5, 0.6, 0.6, 0.3, 0.4, 0.5, 10e-6, 15e-6, 2e-3, 10e-6, 1e-3]);
    /// How many there are.
    pub const COUNT: usize = 12;
    /// How many of them, from the first, are shares.
    pub const SHARES: usize = 7;

    /// In the order of their fields.
    pub const fn to_array(self) -> [f64; Self::COUNT] {
        [
            self.bandwidth,
            self.expert_bandwidth,
            self.cache_bandwidth,
            self.compute,
            self.expert_compute,
            self.attention,
            self.link,
            self.collective,
            self.layer,
            self.step,
            self.sequence,
            self.request,
        ]
    }
    /// From an array in the order of fields.
    pub const fn from_array(values: [f64; Self::COUNT]) -> Self {
        let [
            bandwidth,
            expert_bandwidth,
            cache_bandwidth,
            compute,
            expert_compute,
            attention,
            link,
            collective,
            layer,
            step,
            sequence,
            request,
        ] = values;
        Self {
            bandwidth,
            expert_bandwidth,
            cache_bandwidth,
            compute,
            expert_compute,
            attention,
            link,
            collective,
            layer,
            step,
            sequence,
            request,
        }
    }
}
