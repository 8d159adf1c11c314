//! The link: a scenario as a query string, differences from the default only.

use serde_json::{Map, Value};
use thiserror::Error;

use super::knob::KnobError;
use super::knobs::KNOBS;
use super::{ModelSource, Scenario};

/// Longest link that is read.
const LONGEST: usize = 200_000;

/// Why a link could not be read whole.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LinkError {
    /// A knob refused its value.
    #[error(transparent)]
    Knob(#[from] KnobError),
    /// A config in the link is not JSON.
    #[error("The link holds a config that is not a JSON object.")]
    Config,
    /// Too long.
    #[error("The link is longer than any link Weighbridge makes.")]
    TooLong,
}

/// Writes the scenario as a query string without the question mark.
pub fn to_query(scenario: &Scenario) -> String {
    let mut out = form_urlencoded::Serializer::new(String::new());
    match &scenario.model {
        ModelSource::Id(id) if !id.is_empty() => {
            out.append_pair("m", id);
        }
        ModelSource::Id(_) => {}
        ModelSource::Config(config) => {
            out.append_pair("config", &config.to_string());
        }
    }
    if !scenario.edits.is_empty() {
        let edits: Map<String, Value> = scenario.edits.clone().into_iter().collect();
        out.append_pair("edit", &Value::Object(edits).to_string());
    }
    for knob in KNOBS.iter().filter(|knob| !knob.is_default(scenario)) {
        out.append_pair(knob.key, &(knob.get)(scenario));
    }
    // Slashes, braces and colons are safe in a query and easier to read.
    out.finish().replace("%2F", "/").replace("%3A", ":").replace("%2C", ",")
}

/// Reads a query string. What is wrong is left at its default and told.
pub fn from_query(query: &str) -> (Scenario, Vec<LinkError>) {
    let mut scenario = Scenario::default();
    let mut errors = Vec::new();
    let query = query.trim_start_matches('?');
    if query.len() > LONGEST {
        return (scenario, vec![LinkError::TooLong]);
    }
    for (key, value) in form_urlencoded::parse(query.as_bytes()) {
        match key.as_ref() {
            "m" => scenario.model = ModelSource::Id(value.into_owned()),
            "config" => match serde_json::from_str(&value) {
                Ok(config @ Value::Object(_)) => scenario.model = ModelSource::Config(Box::new(config)),
                _ => errors.push(LinkError::Config),
            },
            "edit" => match serde_json::from_str(&value) {
                Ok(Value::Object(edits)) => scenario.edits = edits.into_iter().collect(),
                _ => errors.push(LinkError::Config),
            },
            key => {
                // Unknown keys belong to somebody else: trackers, later versions.
                if let Some(knob) = KNOBS.iter().find(|knob| knob.key == key)
                    && let Err(error) = (knob.set)(&mut scenario, &value)
                {
                    errors.push(error.into());
                }
            }
        }
    }
    (scenario, errors)
}
