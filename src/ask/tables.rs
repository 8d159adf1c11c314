//! What is built in, as JSON.

use serde_json::{Value, json};

use crate::hardware::{Device, Host};
use crate::model::{Blueprint, catalogue};

/// The built-in models.
pub fn models() -> Vec<Value> {
    let one = |entry: &catalogue::Entry| {
        let blueprint = Blueprint::from_value(entry.config.clone());
        json!({
            "id": entry.id,
            "name": entry.name,
            "family": entry.family,
            "parameters": blueprint.map(|blueprint| blueprint.parameters()).ok(),
            "licence": entry.licence,
            "gated": entry.gated,
            "released": entry.released,
            "source": entry.source,
        })
    };
    catalogue::entries().iter().map(one).collect()
}

/// The built-in devices.
pub fn hardware() -> &'static [Device] {
    crate::hardware::devices()
}

/// The built-in machines and cloud instances.
pub fn nodes() -> &'static [Host] {
    crate::hardware::hosts()
}
