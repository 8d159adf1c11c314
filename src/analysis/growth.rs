//! Memory over what it grows with: the tokens of each sequence, or the sequences.

use super::error::AnalysisError;
use super::placement::fullest;
use super::setup::Setup;

/// What memory is followed over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Over {
    /// Tokens of each sequence.
    #[default]
    Context,
    /// Sequences at once.
    Sequences,
}

/// A point of the curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MemoryPoint {
    /// Tokens of each sequence, or sequences.
    pub at: u64,
    /// Weights, gradients and optimizer states: what does not grow.
    pub fixed: u64,
    /// Activations.
    pub activations: u64,
    /// What else is alive at the peak of a training step.
    pub transient: u64,
    /// KV cache and states.
    pub kv_cache: u64,
    /// Driver and runtime.
    pub overhead: u64,
}

impl MemoryPoint {
    /// All of it.
    pub const fn total(&self) -> u64 {
        self.fixed
            .saturating_add(self.activations)
            .saturating_add(self.transient)
            .saturating_add(self.kv_cache)
            .saturating_add(self.overhead)
    }
}

/// Memory of the fullest device at so many evenly spaced places from one to `most`.
///
/// # Errors
/// An unknown device.
pub fn memory_curve(setup: &Setup, over: Over, most: u64, points: u64) -> Result<Vec<MemoryPoint>, AnalysisError> {
    let points = points.max(2);
    let place = |step: u64| (u128::from(most) * u128::from(step) / u128::from(points - 1)).max(1) as u64;
    let mut places: Vec<u64> = (0..points).map(place).collect();
    // Of few sequences each is one point.
    places.dedup();
    let at = |at: u64| -> Result<MemoryPoint, AnalysisError> {
        let held = fullest(&setup.working(|scenario| match over {
            Over::Context => {
                scenario.workload.prompt = at;
                scenario.workload.generate = Some(0);
            }
            Over::Sequences => scenario.workload.batch = at,
        }))?;
        let fixed = held
            .weights_bytes
            .saturating_add(held.gradient_bytes)
            .saturating_add(held.optimizer_bytes);
        Ok(MemoryPoint {
            at,
            fixed,
            activations: held.activation_bytes,
            transient: held.transient_bytes,
            kv_cache: held.kv_cache_bytes.saturating_add(held.state_cache_bytes),
            overhead: held.overhead_bytes,
        })
    };
    places.into_iter().map(at).collect()
}
