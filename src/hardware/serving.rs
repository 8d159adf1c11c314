//! How well serving engines use a device: `data/serving.csv`, fitted on published throughput of servers.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::{Device, Engine};

const TABLE: &str = include_str!("../../data/serving.csv");
const FORMAT_TABLE: &str = include_str!("../../data/serving_formats.csv");

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

#[derive(Debug, Deserialize)]
struct FormatRow {
    engine: String,
    format: String,
    factor: f64,
}

static FORMATS: LazyLock<Vec<FormatRow>> = LazyLock::new(|| {
    let rows = csv::Reader::from_reader(FORMAT_TABLE.as_bytes()).into_deserialize();
    rows.flatten().filter(|row: &FormatRow| row.factor > 0.0).collect()
});

/// Rows of the formats' table that are read.
pub fn format_rows() -> usize {
    FORMATS.len()
}

/// Rows that are read; the table has no others.
pub fn rows() -> usize {
    ROWS.len()
}

/// How much faster an engine is with a format of weights than its row says; one where nothing is known.
fn factor(engine: Engine, format: &str) -> f64 {
    let found = FORMATS
        .iter()
        .find(|row| row.engine == engine.key() && row.format == format);
    found.map_or(1.0, |row| row.factor)
}

/// The most specific row on an engine and a device, with what the format of the weights changes.
pub fn served(engine: Engine, device: &Device, format: &str) -> Served {
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
            shares: row.shares.with_format(factor(engine, format)),
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
    /// The same where each token goes to its client at once; without clients a queue is worked off.
    pub stream: f64,
    /// Seconds a request takes once: reading, queueing, answering.
    pub request: f64,
    /// Tokens of a batch are alike: they choose experts as that number to this power of independent ones would.
    pub alike: f64,
}

impl Coefficients {
    /// Where the fit starts: what is usual on large accelerators.
    pub const USUAL: Self = Self::from_array([
        0.7, 0.5, 0.6, 0.6, 0.3, 0.4, 0.5, 10e-6, 15e-6, 2e-3, 10e-6, 10e-6, 1e-3, 0.8,
    ]);
    /// How many there are.
    pub const COUNT: usize = 14;
    /// How many of them, from the first, are shares.
    pub const SHARES: usize = 7;
    /// Their names, in the order of the columns.
    pub const NAMES: [&str; Self::COUNT] = [
        "bandwidth",
        "expert_bandwidth",
        "cache_bandwidth",
        "compute",
        "expert_compute",
        "attention",
        "link",
        "collective",
        "layer",
        "step",
        "sequence",
        "stream",
        "request",
        "alike",
    ];

    /// With reads and products of weights in a number format faster by a factor.
    pub fn with_format(mut self, factor: f64) -> Self {
        for share in [
            &mut self.bandwidth,
            &mut self.expert_bandwidth,
            &mut self.compute,
            &mut self.expert_compute,
        ] {
            *share = (*share * factor).min(1.0);
        }
        self
    }
    /// With all work on a generation of devices faster by a factor.
    pub fn with_generation(self, factor: f64) -> Self {
        let mut all = self.with_format(factor);
        all.cache_bandwidth = (all.cache_bandwidth * factor).min(1.0);
        all.attention = (all.attention * factor).min(1.0);
        all
    }

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
            self.stream,
            self.request,
            self.alike,
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
            stream,
            request,
            alike,
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
            stream,
            request,
            alike,
        }
    }
}
