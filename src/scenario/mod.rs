//! What the user chose: one plain value. The link, the history and the command line are projections of it.

mod cases;
mod choices;
pub mod fields;
mod knob;
mod knob_id;
mod knobs;
mod link;
mod measured;
mod parts;
mod prune;
pub mod training;

pub use crate::hardware::Engine;
pub use cases::{COMPARE, MOST_CASES, cases_from_query, cases_to_query};
pub use choices::{
    AttentionFlops, AttentionKernel, AttentionParallel, CachePlace, KvFormat, LatentCache, Lengths, Logits, MemoryRule,
    Mode, Offload, Recompute, Split, WindowCache,
};
pub use knob::{Group, Knob, KnobError, KnobKind, OptionRow, Word};
pub use knob_id::KnobId;
pub use knobs::{KNOBS, MOST_BESIDE, set_context, weight_key};
pub use link::{LinkError, from_query, link, link_without_config, to_query};
pub use parts::{Assumptions, HardwareChoice, ModelChoice, ModelSource, Precision, ServingChoice, Workload};
pub use prune::{DROPPED, prune};

pub use training::TrainingChoice;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::model::families::class_for;

/// A whole question: model, workload, precision, hardware, serving, assumptions.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scenario {
    /// The model.
    pub model: ModelChoice,
    /// What is asked of it.
    pub workload: Workload,
    /// Number formats.
    pub precision: Precision,
    /// Devices and machine.
    pub hardware: HardwareChoice,
    /// The engine and its settings.
    pub serving: ServingChoice,
    /// How things are counted.
    pub assumptions: Assumptions,
    /// A training run.
    pub training: TrainingChoice,
}

impl Scenario {
    /// This scenario with a change.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }
    /// This scenario on any engine, with the cache that the engine keeps by itself.
    #[must_use]
    pub fn on_any_engine(self) -> Self {
        self.with(|s| {
            s.serving.engine = None;
            s.precision.kv_cache = KvFormat::Auto;
            s.precision.value_cache = KvFormat::Auto;
        })
    }
    /// The worked example the page opens on.
    pub fn example() -> Self {
        Self::default().with(|s| {
            s.model.source = ModelSource::Id("meta-llama/Llama-3.1-8B-Instruct".to_owned());
            s.hardware.device = Some("rtx-4090".to_owned());
            s.workload.prompt = 8192;
            s.workload.generate = Some(512);
        })
    }
    /// Whether the devices are named one by one: what that list says of their first and number still holds.
    pub fn is_mixed(&self) -> bool {
        let hardware = &self.hardware;
        !hardware.mixed.is_empty()
            && hardware.mixed.first() == hardware.device.as_ref()
            && hardware.mixed.len() as u64 == hardware.devices
    }
    /// Whether selective recomputation of a run keeps less than keeping everything does: a fused kernel writes no scores that
    /// could be computed again, and only torchtitan chooses among products.
    pub fn selects(&self) -> bool {
        self.assumptions.attention == AttentionKernel::Eager
            || self.training.framework == Some(training::Framework::Torchtitan)
    }
    /// The task that an encoder is trained for, where it is trained and one was chosen.
    pub fn task(&self) -> Option<training::Task> {
        self.training.task.filter(|_| self.workload.mode.trains())
    }
    /// Tokens generated, the mode's default where none are given; training writes none.
    pub fn generated(&self) -> u64 {
        if self.workload.mode.trains() {
            return 0;
        }
        self.workload.generate.unwrap_or(match self.workload.mode {
            Mode::Decode | Mode::Serve => 128,
            Mode::Prefill | Mode::Pretrain | Mode::Finetune => 0,
        })
    }
}

/// Writes what a scenario changes into a config: the user's edits, and the class for the task that an encoder is trained for.
pub fn apply_changes(config: &mut Value, scenario: &Scenario) {
    apply_edits(config, &scenario.model.edits);
    if let Some(task) = scenario.task()
        && let Value::Object(root) = config
        && let Some(class) = root
            .get("model_type")
            .and_then(Value::as_str)
            .and_then(|name| class_for(name, task.purpose()))
    {
        root.insert("architectures".to_owned(), Value::from(vec![class]));
    }
}

/// Writes the user's edits into a config: into the language model's object where the key lives there, else at the root.
/// `null` removes a key.
pub fn apply_edits(config: &mut Value, edits: &BTreeMap<String, Value>) {
    const NESTED: [&str; 3] = ["text_config", "llm_config", "language_config"];
    let Value::Object(root) = config else { return };
    for (key, value) in edits {
        let nested = NESTED
            .iter()
            .find(|name| root.get(**name).is_some_and(Value::is_object));
        let place = match nested {
            Some(name) if !matches!(key.as_str(), "model_type" | "quantization_config") => {
                root.get_mut(*name).and_then(Value::as_object_mut)
            }
            _ => Some(&mut *root),
        };
        let Some(place) = place else { continue };
        if value.is_null() {
            place.remove(key);
        } else {
            place.insert(key.clone(), value.clone());
        }
    }
}
