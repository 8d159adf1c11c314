//! Memory of a device under an engine: what weights leave to the cache, and how many sequences that carries.

use crate::analysis::memory::memory;
use crate::analysis::question::Question;
use crate::hardware::{Device, Engine};
use crate::model::Component;
use crate::model::operator::Kind;
use crate::scenario::Scenario;
use crate::units::Exact;

/// Memory of the fullest device.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize)]
pub struct Room {
    /// Weights, bytes.
    pub weights: f64,
    /// What is left for caches and states, bytes.
    pub free: f64,
    /// Cache and states of one sequence at its full length, bytes.
    pub sequence: f64,
}

/// Share of the memory an engine takes, where the scenario does not say.
///
/// Sources: vLLM `gpu_memory_utilization` 0.9; SGLang `mem_fraction_static` 0.88 on devices of 80 GB; TensorRT-LLM
/// `free_gpu_memory_fraction` 0.9.
pub const fn memory_fraction(engine: Engine) -> f64 {
    match engine {
        Engine::Sglang => 0.88,
        _ => 0.9,
    }
}

impl Room {
    /// The memory of a question's device.
    pub fn of(question: &Question<'_>, device: &Device) -> Self {
        let layout = question.layout;
        let tensor = layout.tensor.max(1) as f64;
        let stages = layout.stages().max(1) as f64;
        let one = Scenario {
            batch: 1,
            ..question.scenario.clone()
        };
        let memory = memory::<Exact>(&Question {
            scenario: &one,
            ..question.clone()
        });
        // With sequences of its own a device keeps attention whole.
        let whole = |component: Component| {
            layout.attention_dp && matches!(component, Component::Projection | Component::Norm | Component::Router)
        };
        let weights: f64 = memory
            .weights_by_component
            .iter()
            .map(|(component, bytes)| bytes.0 as f64 / if whole(*component) { 1.0 } else { tensor })
            .sum();
        let fraction = question
            .scenario
            .memory_fraction
            .map_or_else(|| memory_fraction(question.engine), |percent| percent as f64 / 100.0);
        let cache = if layout.attention_dp {
            1.0
        } else {
            tensor.min(heads(question))
        };
        let kept = memory.kv_cache.0.saturating_add(memory.state_cache.0) as f64;
        let weights = weights / stages;
        Self {
            weights,
            free: (device.memory_bytes as f64 * fraction - weights - BUFFERS).max(0.0),
            sequence: kept / cache / stages,
        }
    }
    /// Sequences that fit at once when each holds this share of its full length.
    pub fn sequences(&self, share: f64) -> f64 {
        if self.sequence > 0.0 {
            self.free / (self.sequence * share)
        } else {
            f64::INFINITY
        }
    }
}

/// Buffers of a step and of captured graphs: what vLLM's profile run finds for mid-sized models, bytes.
const BUFFERS: f64 = 2e9;

/// Heads by which the cache can be divided among devices: one for a latent.
fn heads(question: &Question<'_>) -> f64 {
    let latent = question.keeps_latent();
    let heads = question
        .blueprint
        .blocks()
        .flat_map(|place| &place.block.operators)
        .filter_map(|operator| match &operator.kind {
            Kind::Attention(attention) if attention.latent.is_some() && latent => Some(1),
            Kind::Attention(attention) => Some(attention.kv_heads.value.max(1)),
            _ => None,
        });
    heads.min().map_or(f64::INFINITY, |heads| heads as f64)
}
