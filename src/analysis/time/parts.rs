//! What the seconds of a pass go to.

use serde::Serialize;

use super::runner::PassParts;
use super::step::StepTime;

/// Seconds by what they go to; they sum to the whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct TimeParts {
    /// Reading and writing memory, were arithmetic free.
    pub memory: f64,
    /// Arithmetic that takes longer than the memory it waits for.
    pub compute: f64,
    /// Starting kernels.
    pub launch: f64,
    /// Collective operations and hops between devices.
    pub communication: f64,
    /// What is slower because it lies in the machine's RAM.
    pub host: f64,
    /// The scheduler, sampling, requests that come and go.
    pub scheduling: f64,
}

impl TimeParts {
    /// All of it.
    pub fn total(&self) -> f64 {
        self.memory + self.compute + self.launch + self.communication + self.host + self.scheduling
    }
    /// Of one step.
    pub fn of_step(step: &StepTime<f64>) -> Self {
        Self {
            memory: step.memory,
            compute: (step.operators - step.memory - step.ram).max(0.0),
            launch: step.launches,
            communication: step.communication,
            host: step.ram,
            scheduling: step.host,
        }
    }
    /// Of a pass made of such steps.
    pub fn of_pass(pass: &PassParts<f64>) -> Self {
        let step = Self::of_step(&pass.step);
        let whole = step.total();
        if whole > 0.0 {
            step.scaled(pass.seconds / whole)
        } else {
            step
        }
    }
    /// So many times over.
    #[must_use]
    pub fn scaled(self, by: f64) -> Self {
        Self {
            memory: self.memory * by,
            compute: self.compute * by,
            launch: self.launch * by,
            communication: self.communication * by,
            host: self.host * by,
            scheduling: self.scheduling * by,
        }
    }
    /// With others.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            memory: self.memory + other.memory,
            compute: self.compute + other.compute,
            launch: self.launch + other.launch,
            communication: self.communication + other.communication,
            host: self.host + other.host,
            scheduling: self.scheduling + other.scheduling,
        }
    }
}
