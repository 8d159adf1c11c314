//! A model in hand, and those that need no network.

use std::sync::Arc;

use serde_json::Value;
use weighbridge::export::ModelFacts;
use weighbridge::model::headers::Checkpoint;
use weighbridge::model::headers::compare::Comparison;
use weighbridge::model::{Blueprint, catalogue};
use weighbridge::scenario::ModelSource;

/// What the headers of a model's files say of it. A trait, so that whoever has none does not hold the reader of headers.
pub trait Headers: std::fmt::Debug + Send + Sync {
    /// Against a blueprint; `own` if its config is a GGUF's own metadata.
    fn compare(&self, blueprint: &Blueprint, own: bool) -> Comparison;
    /// Gives a blueprint the files' own bytes where the two agree.
    fn adopt(&self, blueprint: &mut Blueprint, comparison: &Comparison);
}

impl Headers for Checkpoint {
    fn compare(&self, blueprint: &Blueprint, own: bool) -> Comparison {
        Self::compare(self, blueprint, own)
    }
    fn adopt(&self, blueprint: &mut Blueprint, comparison: &Comparison) {
        Self::adopt(self, blueprint, comparison);
    }
}

/// A model in hand.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// Id and source, for people and exports.
    pub facts: ModelFacts,
    /// Name for people: the catalogue's, else the last part of the id.
    pub name: String,
    /// Its config as it came, before edits.
    pub config: Arc<Value>,
    /// Commit it was read at, if the Hub told.
    pub commit: Option<String>,
    /// Whether a token was sent for it: it may be gated or private.
    pub with_token: bool,
    /// What a scenario calls it: where this differs from the scenario's, another model is wanted.
    pub asked: ModelSource,
    /// What the headers of its weight files say, once they were read.
    pub headers: Option<Arc<dyn Headers>>,
}

/// A model that needs no network: from the catalogue, or carried by the link itself.
pub fn at_hand(source: &ModelSource) -> Option<Loaded> {
    match source {
        ModelSource::Id(id) => catalogue::find(id).map(|entry| Loaded {
            facts: ModelFacts {
                id: entry.id.clone(),
                source: "catalogue".to_owned(),
            },
            name: entry.name.clone(),
            config: Arc::new(entry.config.clone()),
            commit: None,
            with_token: false,
            asked: source.clone(),
            headers: None,
        }),
        ModelSource::Config(config) => Some(Loaded {
            facts: ModelFacts {
                id: "config.json".to_owned(),
                source: "config.json".to_owned(),
            },
            name: "Your config.json".to_owned(),
            config: Arc::new(Value::clone(config)),
            commit: None,
            with_token: false,
            asked: source.clone(),
            headers: None,
        }),
    }
}
