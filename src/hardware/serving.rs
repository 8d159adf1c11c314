//! How well serving engines use a device: `data/serving.csv`, fitted on published throughput of servers.

use serde::{Deserialize, Serialize};

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
