//! Memory by percentages, as many calculators count it: weights + 5 %, caches + 5 %, activations 10 % of the weights, and
//! 5 % of all that for the system.
//!
//! Weights and caches themselves stay what they are; what the rule adds to them is part of the overhead, so that parts
//! still sum to the total.

use super::setup::Setup;
use crate::scenario::MemoryRule;
use crate::units::Number;

/// Whether a question is counted so. Training has no such rule.
pub fn applies(setup: &Setup) -> bool {
    setup.scenario.assumptions.memory_rule == MemoryRule::Simple && !setup.scenario.workload.mode.trains()
}

/// A tenth of the weights.
pub fn activations<N: Number>(weights: N) -> N {
    weights.over_ceiling(N::constant(10.0))
}

/// The margins of weights and caches, and the system's share of everything.
pub fn overhead<N: Number>(weights: N, caches: N) -> N {
    let twentieth = |value: N| value.over_ceiling(N::constant(20.0));
    let margins = twentieth(weights.clone())
        .named("margin of weights", "5 % on top of the weights.")
        .plus(twentieth(caches.clone()).named("margin of caches", "5 % on top of the caches."));
    let all = N::sum([weights.clone(), caches, activations(weights), margins.clone()]);
    margins.plus(twentieth(all).named("system", "5 % of everything."))
}
