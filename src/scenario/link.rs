//! The link: a scenario as a query string, differences from the default only.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use thiserror::Error;

use super::knob::KnobError;
use super::knobs::KNOBS;
use super::{ModelSource, Scenario};
use crate::limits::LINK;

/// Why a link could not be read whole.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LinkError {
    /// A knob refused its value.
    #[error(transparent)]
    Knob(#[from] KnobError),
    /// A config in the link is not JSON.
    #[error("The link holds a config that is not a JSON object.")]
    Config,
    /// Too long to be read.
    #[error("{}", LINK.refusal("The link"))]
    TooLong,
    /// More questions than a comparison has.
    #[error("The link compares more than {} questions.", super::cases::MOST_CASES)]
    TooManyCases,
    /// A config too long to be written.
    #[error(
        "The config is too long for a link: with it the link would have {bytes} bytes, and no more than {} are read. Keep the config.json and open it beside the link, which holds everything else.",
        LINK.bytes
    )]
    ConfigTooLong {
        /// Of the link.
        bytes: u64,
    },
}

/// Writes the scenario as a query string without the question mark.
///
/// # Errors
/// A config that makes it longer than what [`from_query`] reads.
pub fn link(scenario: &Scenario) -> Result<String, LinkError> {
    let query = to_query(scenario);
    if LINK.is_passed_by(query.as_bytes()) {
        let bytes = query.len() as u64;
        return Err(LinkError::ConfigTooLong { bytes });
    }
    Ok(query)
}

/// As [`link`]; a config that is too long is left out.
pub fn link_without_config(scenario: &Scenario) -> String {
    link(scenario).unwrap_or_else(|_| {
        to_query(&scenario.clone().with(|s| {
            s.model.source = ModelSource::Id(String::new());
            s.model.edits = BTreeMap::new();
        }))
    })
}

/// Writes the scenario as a query string, however long.
pub fn to_query(scenario: &Scenario) -> String {
    let mut out = form_urlencoded::Serializer::new(String::new());
    match &scenario.model.source {
        ModelSource::Id(id) if !id.is_empty() => {
            out.append_pair("m", id);
        }
        ModelSource::Id(_) => {}
        ModelSource::Config(config) => {
            out.append_pair("config", &config.to_string());
        }
    }
    if !scenario.model.edits.is_empty() {
        let edits: Map<String, Value> = scenario.model.edits.clone().into_iter().collect();
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
    if LINK.is_passed_by(query.as_bytes()) {
        return (scenario, vec![LinkError::TooLong]);
    }
    // The last of two values holds, and they are set in the order of the knobs, whatever theirs in the link.
    let mut values = vec![None; KNOBS.len()];
    for (key, value) in form_urlencoded::parse(query.as_bytes()) {
        match key.as_ref() {
            "m" => scenario.model.source = ModelSource::Id(value.into_owned()),
            "config" => match serde_json::from_str(&value) {
                Ok(config @ Value::Object(_)) => scenario.model.source = ModelSource::Config(Box::new(config)),
                _ => errors.push(LinkError::Config),
            },
            "edit" => match serde_json::from_str(&value) {
                Ok(Value::Object(edits)) => scenario.model.edits = edits.into_iter().collect(),
                _ => errors.push(LinkError::Config),
            },
            key => {
                // Unknown keys belong to somebody else: trackers, later versions.
                let mut slots = KNOBS.iter().zip(&mut values);
                if let Some((_, slot)) = slots.find(|(knob, _)| knob.key == key) {
                    *slot = Some(value);
                }
            }
        }
    }
    for (knob, value) in KNOBS.iter().zip(values) {
        if let Some(value) = value
            && let Err(error) = knob.read(&mut scenario, &value)
        {
            errors.push(error.into());
        }
    }
    (scenario, errors)
}
