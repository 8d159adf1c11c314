//! The roofline: how long an operator takes at least on a device, and what holds it back.

use super::compute::OpCost;
use crate::hardware::{Device, Rate};

/// What holds an operator back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Bound {
    /// Arithmetic.
    Compute,
    /// Memory bandwidth.
    Memory,
}

impl Bound {
    /// In words, as on the page.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Compute => "compute",
            Self::Memory => "bandwidth",
        }
    }
}

/// Least time of some work on a device.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Roof {
    /// Seconds of arithmetic at the device's peak.
    pub compute: f64,
    /// Seconds of traffic at its bandwidth.
    pub memory: f64,
    /// The larger, operator by operator.
    pub seconds: f64,
}

impl Roof {
    /// What takes longer.
    pub fn bound(&self) -> Bound {
        if self.compute > self.memory {
            Bound::Compute
        } else {
            Bound::Memory
        }
    }
    /// One after the other.
    pub fn then(self, next: Self) -> Self {
        Self {
            compute: self.compute + next.compute,
            memory: self.memory + next.memory,
            seconds: self.seconds + next.seconds,
        }
    }
    /// The least time of one operator: max(FLOP ÷ peak, bytes ÷ bandwidth).
    ///
    /// `None` where the device has no rate at all. Source: Williams 2009, "Roofline".
    pub fn of(cost: &OpCost<f64>, device: &Device) -> Option<Self> {
        let rate = match &cost.format {
            Some(format) => device.rate(format)?,
            None => device.rate_vector()?,
        };
        let vector = device.rate_vector().unwrap_or(rate);
        let compute = seconds(cost.matmul, rate) + seconds(cost.elementwise, vector);
        let memory = if device.bandwidth_bytes_per_s > 0.0 {
            cost.bytes() / device.bandwidth_bytes_per_s
        } else {
            f64::INFINITY
        };
        Some(Self {
            compute,
            memory,
            seconds: compute.max(memory),
        })
    }
}

fn seconds(flops: f64, rate: Rate) -> f64 {
    if rate.flops > 0.0 {
        flops / rate.flops
    } else {
        f64::INFINITY
    }
}
