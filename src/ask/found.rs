//! A model as it was found, wherever that was.

use serde_json::Value;

use super::Failure;
use crate::export::ModelFacts;
use crate::hardware::file_formats::{Held, recognise};
use crate::hub::loader::LoadedModel;
use crate::model::Blueprint;
use crate::model::catalogue::{self, Entry};
use crate::model::headers::compare::Comparison;
use crate::model::headers::{Checkpoint, FileKind, gguf_config};
use crate::scenario::{ModelSource, Scenario, apply_changes};

/// A model as it was found.
#[derive(Debug)]
pub struct Found {
    /// Its config; null where only headers are known.
    pub config: Value,
    /// What the headers of its weights say, where they were read.
    pub headers: Option<Checkpoint>,
    /// Formats of the files beside it, where they were listed.
    pub files: Vec<Held>,
    /// Whether the config is a GGUF's own metadata.
    pub own: bool,
    /// Whether the weights themselves were named, not the model.
    pub weights: bool,
    /// Its id and source.
    pub facts: ModelFacts,
    /// How a scenario names it.
    pub source: ModelSource,
}

/// A built-in model by a name.
#[derive(Clone, Debug)]
pub enum BuiltIn {
    /// It is called so.
    Called(&'static Entry),
    /// A name as people say it, without the owner, which means this one.
    Taken(&'static Entry),
    /// None; these may be meant.
    Near(Vec<&'static Entry>),
}

/// The built-in model that a name means.
pub fn built_in(name: &str) -> BuiltIn {
    if let Some(entry) = catalogue::find(name) {
        return BuiltIn::Called(entry);
    }
    // The Hub knows few names without an owner.
    if name.contains('/') {
        return BuiltIn::Near(Vec::new());
    }
    match catalogue::meant(name) {
        Ok(entry) => BuiltIn::Taken(entry),
        Err(near) => BuiltIn::Near(near),
    }
}

impl Found {
    fn new(config: Value, facts: ModelFacts, source: ModelSource) -> Self {
        Self {
            config,
            headers: None,
            files: Vec::new(),
            own: false,
            weights: false,
            facts,
            source,
        }
    }
    /// A built-in model.
    pub fn of_entry(entry: &Entry) -> Self {
        let facts = ModelFacts {
            id: entry.id.clone(),
            source: "catalogue".to_owned(),
        };
        Self::new(entry.config.clone(), facts, ModelSource::Id(entry.id.clone()))
    }
    /// A config.json that was given, under a name.
    pub fn of_config(config: Value, id: &str) -> Self {
        let facts = ModelFacts {
            id: id.to_owned(),
            source: "config.json".to_owned(),
        };
        Self::new(config.clone(), facts, ModelSource::Config(Box::new(config)))
    }
    /// The config of a model of the Hub; `id` names it there, with its revision.
    pub fn of_hub(config: Value, id: &str) -> Self {
        let facts = ModelFacts {
            id: id.to_owned(),
            source: "hub".to_owned(),
        };
        Self::new(config, facts, ModelSource::Id(id.to_owned()))
    }
    /// What was loaded from the Hub; `id` is as it was asked for, with its revision.
    pub fn of_loaded(loaded: LoadedModel, id: &str) -> Self {
        let (headers, files) = match loaded.weights {
            Some(weights) => {
                let names = weights.files.iter().map(|file| file.path.as_str());
                (Some(weights.checkpoint), recognise(names))
            }
            None => (None, Vec::new()),
        };
        match (loaded.config, headers) {
            (None, Some(read)) => Self {
                files,
                ..Self::of_headers(read, id)
            },
            (config, headers) => Self {
                headers,
                files,
                ..Self::of_hub(config.unwrap_or(Value::Null), id)
            },
        }
    }
    /// What headers alone say: a config only if a GGUF holds one.
    pub fn of_headers(read: Checkpoint, id: &str) -> Self {
        let config = match read.list.kind {
            FileKind::Gguf => gguf_config::config(&read.list).unwrap_or(Value::Null),
            FileKind::Safetensors => Value::Null,
        };
        let facts = ModelFacts {
            id: id.to_owned(),
            source: format!("{} header", read.list.kind.label()),
        };
        let source = ModelSource::Config(Box::new(config.clone()));
        Self {
            weights: true,
            own: read.list.kind == FileKind::Gguf,
            headers: Some(read),
            ..Self::new(config, facts, source)
        }
    }
    /// The headers against a blueprint, where they were read.
    pub fn compare(&self, blueprint: &Blueprint) -> Option<Comparison> {
        Some(self.headers.as_ref()?.compare(blueprint, self.own))
    }
    /// As [`Self::compare`]; the blueprint takes its bytes from the files where the two agree.
    pub fn adopt(&self, blueprint: &mut Blueprint) -> Option<Comparison> {
        let comparison = self.compare(blueprint)?;
        self.headers.as_ref()?.adopt(blueprint, &comparison);
        Some(comparison)
    }
    /// The blueprint with the scenario's edits.
    ///
    /// # Errors
    /// A config that is not there, or not understood.
    pub fn blueprint(&self, scenario: &Scenario) -> Result<Blueprint, Failure> {
        let id = &self.facts.id;
        if let (Value::Null, Some(read)) = (&self.config, &self.headers) {
            // A GGUF says which architecture it is, so the reason can be exact.
            let error = match read.list.kind {
                FileKind::Gguf => gguf_config::config(&read.list).err(),
                FileKind::Safetensors => None,
            };
            return Err(match error {
                Some(error) => Failure::new(
                    error.code(),
                    format!("{id}: {error} `weighbridge inspect` shows its tensors."),
                ),
                None => Failure::new(
                    "no_config",
                    format!(
                        "{id}: there is no config.json beside it, so only its parameters and bytes are known; `weighbridge inspect` shows them."
                    ),
                ),
            });
        }
        let mut config = self.config.clone();
        apply_changes(&mut config, scenario);
        Blueprint::from_value(config).map_err(|error| Failure::new(error.code(), format!("{id}: {error}")))
    }
}
