//! How well serving engines use a device: `data/serving.csv`, fitted on published throughput of servers.
//!
//! `docs/serving.md` says how the table is made; `calibrate_serving` makes it.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::engine::Engine;

const TABLE: &str = include_str!("../../data/serving.csv");

const FACTORS_TABLE: &str = include_str!("../../data/serving_factors.csv");

/// The row that stands for every engine.
pub const ALL: &str = "all";

/// A row of the table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Key of the engine, or `all`.
    pub engine: String,
    /// Shares and fixed costs.
    #[serde(flatten)]
    pub coefficients: Coefficients,
    /// Measurements it is fitted on.
    pub rows: u32,
    /// Measured ÷ estimated throughput over rows left out of the fit, tenth percentile.
    pub low: f64,
    /// Ninetieth percentile.
    pub high: f64,
    /// Where it is from.
    pub source: String,
}

/// Every row.
pub fn rows() -> &'static [Row] {
    static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| {
        let mut reader = csv::Reader::from_reader(TABLE.as_bytes());
        // A row that does not parse is left out; a test counts them.
        reader.deserialize().filter_map(Result::ok).collect()
    });
    &ROWS
}

/// The row of an engine, or the one of all engines.
pub fn row(engine: Engine) -> Option<&'static Row> {
    let named = |name: &str| rows().iter().find(|row| row.engine == name);
    named(engine.key()).or_else(|| named(ALL))
}

/// A factor on what an engine reaches with a format or on a generation of devices.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Factor {
    /// Key of the engine.
    pub engine: String,
    /// `format` or `family`.
    pub kind: String,
    /// Key of the format, or the family of the device.
    pub name: String,
    /// How much faster than the engine's row says.
    pub factor: f64,
    /// Measurements it is fitted on.
    pub rows: u32,
}

/// Every factor.
pub fn factors() -> &'static [Factor] {
    static FACTORS: LazyLock<Vec<Factor>> = LazyLock::new(|| {
        let mut reader = csv::Reader::from_reader(FACTORS_TABLE.as_bytes());
        reader.deserialize().filter_map(Result::ok).collect()
    });
    &FACTORS
}

/// What an engine reaches with a format on a generation of devices: its row and the factors that are known.
pub fn coefficients(row: &Row, format: &str, family: &str) -> Coefficients {
    let of = |kind: &str, name: &str| {
        let mut all = factors().iter();
        let found = all.find(|one| one.engine == row.engine && one.kind == kind && one.name == name);
        found.map_or(1.0, |one| one.factor)
    };
    row.coefficients
        .with_format(of("format", format))
        .with_family(of("family", family))
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
    /// The same where answers go to clients one by one, token by token; without, a queue is worked off.
    pub stream: f64,
    /// Seconds a request takes once: reading, queueing, answering.
    pub request: f64,
    /// Tokens of a batch are alike: so many choose experts as differently as that number to this power independent ones.
    pub alike: f64,
}

impl Coefficients {
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
    /// What no server beats: all of the device, and nothing beside the work.
    pub const IDEAL: Self = Self {
        bandwidth: 1.0,
        expert_bandwidth: 1.0,
        cache_bandwidth: 1.0,
        compute: 1.0,
        expert_compute: 1.0,
        attention: 1.0,
        link: 1.0,
        collective: 0.0,
        layer: 0.0,
        step: 0.0,
        sequence: 0.0,
        stream: 0.0,
        request: 0.0,
        alike: 0.0,
    };

    /// With products of weights in a number format faster by a factor.
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
    pub fn with_family(self, factor: f64) -> Self {
        let mut all = self.with_format(factor);
        all.cache_bandwidth = (all.cache_bandwidth * factor).min(1.0);
        all.attention = (all.attention * factor).min(1.0);
        all
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
