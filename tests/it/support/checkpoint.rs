//! A small model whose checkpoint says its number format in one way or another.

use std::sync::Arc;

use serde_json::{Value, json};
use weighbridge::analysis::{Setup, memory};
use weighbridge::model::Blueprint;
use weighbridge::scenario::Scenario;
use weighbridge::units::Exact;

/// Four layers, nothing tied, FP16.
pub fn config(key: &str, settings: Value) -> Value {
    let mut config = json!({
        "model_type": "llama", "num_hidden_layers": 4, "hidden_size": 512, "intermediate_size": 1024, "num_attention_heads": 8,
        "num_key_value_heads": 8, "vocab_size": 1024, "tie_word_embeddings": false, "torch_dtype": "float16",
    });
    config[key] = settings;
    config
}

/// The model.
#[track_caller]
pub fn blueprint(key: &str, settings: Value) -> Blueprint {
    Blueprint::from_value(config(key, settings)).unwrap()
}

/// The formats of the modules whose name ends so, each with the number of its layers where there are several.
#[track_caller]
pub fn formats(blueprint: &Blueprint, module: &str) -> String {
    let (place, tensor) = blueprint
        .tensors()
        .find(|(_, tensor)| tensor.module().rsplit('.').next() == Some(module))
        .unwrap_or_else(|| panic!("no module {module}"));
    let parts = blueprint.published.parts(place, tensor);
    match parts.as_slice() {
        [one] => one.format.label.to_string(),
        several => {
            let said = several
                .iter()
                .map(|part| format!("{} {}", part.layers, part.format.label));
            said.collect::<Vec<_>>().join(" + ")
        }
    }
}

/// Bytes of the weights as published.
#[track_caller]
pub fn weights(settings: Value) -> u64 {
    let blueprint = Arc::new(blueprint("quantization_config", settings));
    memory::<Exact>(&Setup::new(&blueprint, &Scenario::default()).unwrap())
        .weights
        .0
}
