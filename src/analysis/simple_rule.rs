//! Memory by the percentages that many calculators add instead of counting buffers.
//!
//! Weights and cache stay exact; on top come 5 % of each, activations of 10 % of the weights, and 5 % of all that for the
//! system. Kept so that people can set it beside what is counted operator by operator.

use crate::units::{Exact, Number};

/// Percent of weights and of the cache that are lost to fragmentation.
const LOST: f64 = 5.0;
/// Percent of the weights that activations take.
const ACTIVATIONS: f64 = 10.0;
/// Percent of everything for the system.
const SYSTEM: f64 = 5.0;

fn percent<N: Number>(of: N, share: f64) -> N {
    N::constant(share).times(of).over(N::constant(100.0))
}

/// Activations and overhead for so many bytes of weights and cache.
pub fn rule<N: Number>(weights: &N, cache: &N) -> (N, N) {
    let lost = percent(weights.clone().plus(cache.clone()), LOST).named("fragmentation", "5 % of weights and cache.");
    let activations = percent(weights.clone(), ACTIVATIONS).named("activations", "10 % of the weights.");
    let all = N::sum([weights.clone(), cache.clone(), lost.clone(), activations.clone()]);
    let system = percent(all, SYSTEM).named("system", "5 % of everything.");
    (activations, lost.plus(system))
}

/// The same for one device.
pub fn rule_of(weights: u64, cache: u64) -> (u64, u64) {
    let (activations, overhead) = rule(&Exact(weights), &Exact(cache));
    (activations.0, overhead.0)
}

/// What a model takes by the rule for people who know its files alone: half as much again.
pub fn by_file_size(bytes: u64) -> u64 {
    bytes.saturating_add(bytes / 2)
}
