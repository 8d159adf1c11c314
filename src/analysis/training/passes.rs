//! How often each operator runs in a training step: forward, backward, and again where it is not kept.

use crate::model::operator::Kind;
use crate::scenario::training::Framework;
use crate::scenario::{AttentionKernel, Mode, Recompute, Scenario};

/// Runs of the parts of a model in a step, a forward pass being one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Passes {
    /// Linear layers of the layers.
    pub linear: f64,
    /// Attention.
    pub attention: f64,
    /// Output head.
    pub head: f64,
}

impl Passes {
    /// Counted as the model's own: the backward pass makes two products for each of the forward pass, by the weights and by
    /// the inputs (Kaplan 2020, arXiv 2001.08361, 2.1); where weights are frozen one.
    pub fn of_model(scenario: &Scenario) -> Self {
        let frozen = scenario.workload.mode == Mode::Finetune && scenario.training.lora_rank.is_some();
        let linear = if frozen { 2.0 } else { 3.0 };
        Self {
            linear,
            attention: 3.0,
            head: linear,
        }
    }
    /// With what is computed again.
    pub fn of_hardware(scenario: &Scenario) -> Self {
        let model = Self::of_model(scenario);
        let eager = scenario.assumptions.attention == AttentionKernel::Eager;
        let torchtitan = scenario.training.framework == Some(Framework::Torchtitan);
        let (again, scores) = match scenario.workload.recompute {
            Recompute::Full => (1.0, 1.0),
            // Every second product is kept.
            Recompute::Selective if torchtitan => (0.5, 0.0),
            // Written scores are computed again.
            Recompute::Selective if eager => (0.0, 1.0),
            Recompute::Selective | Recompute::None => (0.0, 0.0),
        };
        // The backward pass of a fused kernel computes the scores once more: half a forward pass (Dao 2022).
        let fused = if eager { 0.0 } else { 0.5 };
        Self {
            linear: model.linear + again,
            attention: model.attention + fused + scores,
            head: model.head,
        }
    }
    /// Runs of an operator, inside the layers or outside.
    pub const fn of(&self, kind: &Kind, inside: bool) -> f64 {
        match kind {
            Kind::Attention(_) | Kind::Index(_) => self.attention,
            _ if inside => self.linear,
            _ => self.head,
        }
    }
}
