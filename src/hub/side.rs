//! Files beside a config that say how its weights are stored, where the config itself does not.

use serde_json::Value;

use super::{Locator, read_json};

/// Such files, in the order they are asked for, each with the method it belongs to: ModelOpt's, AutoGPTQ's, AutoAWQ's.
const FILES: [(&str, &str); 3] = [
    ("hf_quant_config.json", "modelopt"),
    ("quantize_config.json", "gptq"),
    ("quant_config.json", "awq"),
];

/// Words in the name of a repository whose weights are quantised.
const HINTS: [&str; 14] = [
    "fp8", "fp4", "fp6", "int4", "int8", "awq", "gptq", "quant", "4bit", "8bit", "4-bit", "8-bit", "w4a", "w8a",
];

/// The names of such files.
pub fn side_files() -> impl Iterator<Item = &'static str> {
    FILES.into_iter().map(|(name, _)| name)
}

/// Whether a config leaves it to another file how its weights are stored.
pub fn lacks_quantisation(config: &Value) -> bool {
    let keys = ["quantization_config", "compression_config", "quantization"];
    let has = |object: &Value| {
        keys.iter()
            .any(|&key| object.get(key).is_some_and(|value| !value.is_null()))
    };
    !has(config) && !config.get("text_config").is_some_and(has)
}

/// The paths of files that may say it, for a config that does not: none for most models, so that nothing is asked in vain.
pub fn side_paths(config: &Value, locator: &Locator) -> Vec<String> {
    let name = locator.id().name().to_ascii_lowercase();
    if !lacks_quantisation(config) || !HINTS.iter().any(|hint| name.contains(hint)) {
        return Vec::new();
    }
    let path = locator.config_path();
    let folder = path
        .rsplit_once('/')
        .map_or(String::new(), |(folder, _)| format!("{folder}/"));
    side_files().map(|file| format!("{folder}{file}")).collect()
}

/// Puts what a file of this name says into the config beside it. Whether it said anything.
pub fn add_side_file(config: &mut Value, name: &str, text: &str) -> bool {
    let Some((_, method)) = FILES.iter().find(|(file, _)| name.rsplit('/').next() == Some(file)) else {
        return false;
    };
    let (Some(object), Ok(Value::Object(mut side))) = (config.as_object_mut(), read_json(text)) else {
        return false;
    };
    side.entry("quant_method").or_insert_with(|| Value::from(*method));
    object.insert("quantization_config".to_owned(), Value::Object(side));
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn asked_only_where_a_name_speaks_of_it() {
        let paths = |id: &str, config: Value| {
            let locator = Locator::parse(id).expect("an id");
            side_paths(&config, &locator)
        };
        assert_eq!(
            paths("nvidia/Llama-3.1-8B-Instruct-FP8", json!({}))
                .first()
                .map(String::as_str),
            Some("hf_quant_config.json")
        );
        assert!(paths("nvidia/Llama-3.1-8B-Instruct-FP8", json!({"quantization_config": {}})).is_empty());
        assert!(paths("meta-llama/Llama-3.1-8B", json!({})).is_empty());
    }

    #[test]
    fn a_method_is_added() {
        let mut config = json!({"model_type": "llama"});
        assert!(add_side_file(
            &mut config,
            "a/hf_quant_config.json",
            r#"{"quantization": {"quant_algo": "FP8"}}"#
        ));
        assert_eq!(config["quantization_config"]["quant_method"], "modelopt");
        assert!(!add_side_file(&mut config, "other.json", "{}"));
        assert!(!add_side_file(&mut config, "quant_config.json", "["));
    }
}
