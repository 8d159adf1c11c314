//! What tests ask of the engine: built-in models, and questions as a link writes them.

use std::sync::Arc;

use serde_json::Value;
use weighbridge::analysis::{Analysis, analyse};
use weighbridge::model::{Blueprint, catalogue};
use weighbridge::scenario::{Scenario, from_query};

/// The config of a built-in model.
#[track_caller]
pub fn config(id: &str) -> &'static Value {
    &catalogue::find(id).unwrap_or_else(|| panic!("no model {id}")).config
}

/// A built-in model by its id.
#[track_caller]
pub fn blueprint(id: &str) -> Arc<Blueprint> {
    Arc::new(Blueprint::from_value(config(id).clone()).unwrap())
}

/// The scenario of a link. All of it must be understood: a misspelt key would test the default.
#[track_caller]
pub fn scenario(query: &str) -> Scenario {
    let (scenario, errors) = from_query(query);
    assert_eq!(errors, [], "{query}");
    scenario
}

/// A built-in model under the question of a link.
#[track_caller]
pub fn weigh(model: &str, query: &str) -> Analysis {
    analyse(&blueprint(model), &scenario(query)).unwrap()
}
