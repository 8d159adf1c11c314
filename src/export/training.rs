//! A training run as JSON.

use serde_json::{Value, json};

use crate::analysis::Analysis;
use crate::analysis::training::Training;

/// The keys of a training run.
pub fn training(_: &Analysis, training: &Training) -> Value {
    let sum = |of: fn(&crate::analysis::training::StageMemory<crate::units::Exact>) -> u64| {
        let each = training.stages.iter().map(|(_, memory)| of(memory));
        let devices = training.plan.devices / training.plan.pipeline.max(1);
        each.fold(0_u64, |all, bytes| all.saturating_add(bytes.saturating_mul(devices)))
    };
    json!({
        "framework": training.plan.framework.key(),
        "activations": {
            "layers_bytes": sum(|memory| memory.layers.0),
            "loss_bytes": sum(|memory| memory.loss.0),
            "other_bytes": sum(|memory| memory.other.0),
        },
    })
}
