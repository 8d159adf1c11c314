//! What a repository holds when it has no config.json.

use serde::Deserialize;
use serde_json::Value;

use super::{HubError, Locator};

/// A file of a repository, from the tree listing.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct TreeEntry {
    /// From the repository's root.
    pub path: String,
    /// Real size in bytes, also of files kept outside git.
    #[serde(default)]
    pub size: u64,
    /// `file` or `directory`.
    #[serde(default, rename = "type")]
    pub kind: String,
}

/// Reads one page of the tree listing ([`super::Endpoint::tree_url`]): the files, without the folders.
/// Entries that make no sense are left out; a text that is no listing gives none.
#[must_use]
pub fn read_tree(text: &str) -> Vec<TreeEntry> {
    let entries: Vec<Value> = serde_json::from_str(text).unwrap_or_default();
    let entries = entries
        .into_iter()
        .filter_map(|entry| serde_json::from_value::<TreeEntry>(entry).ok());
    entries.filter(|entry| entry.kind != "directory").collect()
}

/// Reads the names of a repository's files from its model info ([`super::Endpoint::info_url`]).
#[must_use]
pub fn read_names(text: &str) -> Vec<String> {
    let info: Value = serde_json::from_str(text).unwrap_or_default();
    let files = info.get("siblings").and_then(Value::as_array).into_iter().flatten();
    let names = files.filter_map(|file| file.get("rfilename")?.as_str());
    names.map(str::to_owned).collect()
}

/// The base model that an adapter_config.json names, if it names one of the Hub.
#[must_use]
pub fn adapter_base(text: &str) -> Option<String> {
    let config: Value = serde_json::from_str(text).ok()?;
    base_of(&config)
}

/// As [`adapter_base`], of a config already parsed. A path on somebody's machine is no name.
pub(super) fn base_of(config: &Value) -> Option<String> {
    let base = config.get("base_model_name_or_path")?.as_str()?;
    Locator::parse(base).ok().map(|locator| locator.id().to_string())
}

/// Says what the repository is, from its files, once its config turned out to be missing.
/// `adapter_base` is the base model if the repository holds an adapter and its config was read.
#[must_use]
pub fn explain_without_config(locator: &Locator, files: &[TreeEntry], adapter_base: Option<String>) -> HubError {
    let repo = locator.id().to_string();
    let has = |name: &str| files.iter().any(|file| file.path == name);
    let ends = |suffix: &str| {
        files
            .iter()
            .filter(|file| file.path.to_ascii_lowercase().ends_with(suffix))
            .count()
    };
    if has("adapter_config.json") {
        return HubError::Adapter {
            repo,
            base: adapter_base,
        };
    }
    if has("model_index.json") {
        return HubError::Diffusers { repo, class: None };
    }
    let gguf = ends(".gguf");
    if gguf > 0 {
        return HubError::OnlyGguf { repo, files: gguf };
    }
    if has("params.json") {
        return HubError::OnlyParams { repo };
    }
    if has("modules.json") || has("config_sentence_transformers.json") {
        return HubError::SentenceTransformers { repo };
    }
    let inside = files
        .iter()
        .find(|file| file.path.ends_with("/config.json"))
        .map(|file| file.path.clone());
    if let Some(config) = inside {
        return HubError::ConfigElsewhere { repo, config };
    }
    let weights = [
        ".safetensors",
        ".bin",
        ".pt",
        ".pth",
        ".onnx",
        ".h5",
        ".msgpack",
        ".npz",
    ];
    if weights.iter().all(|suffix| ends(suffix) == 0) {
        return HubError::NoWeights { repo };
    }
    HubError::FileNotFound {
        repo,
        file: locator.config_path(),
    }
}
