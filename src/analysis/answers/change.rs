//! What taking an answer changes: the scenario after it, none where it is the one in hand or nothing would do.

use super::{BestFormat, Cheapest, Degree, LongestContext, MostUsers};
use crate::scenario::Scenario;

impl LongestContext {
    /// The scenario with the longest context.
    pub fn change(&self, now: &Scenario) -> Option<Scenario> {
        let changes = self.scenario.workload.prompt != now.workload.prompt;
        (self.tokens > 0 && changes).then(|| self.scenario.clone())
    }
}

impl MostUsers {
    /// The scenario with the most sequences.
    pub fn change(&self, now: &Scenario) -> Option<Scenario> {
        (self.count > 0 && self.count != now.workload.batch).then(|| self.scenario.clone())
    }
}

impl BestFormat {
    /// The scenario with the format.
    pub fn change(&self, now: &Scenario) -> Option<Scenario> {
        let changes = self.scenario.precision.weights != now.precision.weights;
        (self.format.is_some() && changes).then(|| self.scenario.clone())
    }
}

impl Cheapest {
    /// The scenario with the hardware.
    pub fn change(&self, now: &Scenario) -> Option<Scenario> {
        let changes = now.hardware.device.as_ref() != Some(&self.hardware) || now.hardware.devices != self.devices;
        changes.then(|| self.scenario.clone())
    }
}

impl Degree {
    /// The scenario with so many devices.
    pub fn change(&self, now: &Scenario) -> Option<Scenario> {
        let changes = self.devices? != now.hardware.devices;
        changes.then(|| self.scenario.clone())
    }
}
