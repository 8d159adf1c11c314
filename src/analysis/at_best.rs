//! The verdict at a glance: as published, or else in four bits.

use std::sync::Arc;

use super::fit::Verdict;
use super::setup::Setup;
use super::summary::analyse_setup;
use crate::model::Blueprint;
use crate::scenario::{Scenario, weight_key};

/// What is tried where the published format does not fit: the quantisation that most repositories offer.
pub(super) const SMALLER: &str = "q4_k_m";

/// The better verdict of the two; `None` without a device, or where neither can be analysed.
pub fn at_best(blueprint: &Arc<Blueprint>, scenario: &Scenario) -> Option<Verdict> {
    let verdict = |scenario: &Scenario| {
        let analysis = analyse_setup(Setup::new(blueprint, scenario).ok()?).ok()?;
        Some(analysis.fit?.verdict)
    };
    let published = verdict(scenario);
    if published == Some(Verdict::Fits) {
        return published;
    }
    let smaller = verdict(&scenario.clone().with(|s| s.precision.weights = weight_key(SMALLER)));
    [published, smaller].into_iter().flatten().min()
}
