//! One model under one scenario.

use std::sync::Arc;

use serde_json::Value;

use super::{Failure, Found, headers};
use crate::analysis::{Analysis, analyse, analyse_setup};
use crate::export;
use crate::model::headers::compare::Comparison;
use crate::scenario::Scenario;

/// One estimate, whole.
#[derive(Debug)]
pub struct Estimate {
    /// What was found.
    pub found: Arc<Found>,
    /// What follows.
    pub analysis: Analysis,
    /// The config against the headers of the weights, where they were read.
    pub comparison: Option<Comparison>,
}

impl Estimate {
    /// Builds and analyses a model that was found, under a scenario.
    ///
    /// # Errors
    /// What the config or the analysis is refused for.
    pub fn under(found: impl Into<Arc<Found>>, mut scenario: Scenario) -> Result<Self, Failure> {
        let found = found.into();
        scenario.model.source = found.source.clone();
        let mut blueprint = found.blueprint(&scenario)?;
        // A class for another task than the file's has another head.
        let comparison = match scenario.task() {
            Some(_) => None,
            None => found.adopt(&mut blueprint),
        };
        let analysis = analyse(&Arc::new(blueprint), &scenario)?;
        Ok(Self {
            found,
            analysis,
            comparison,
        })
    }
    /// The same under another scenario of the same model.
    ///
    /// # Errors
    /// What the analysis is refused for.
    pub fn again(&self, scenario: &Scenario) -> Result<Self, Failure> {
        Ok(Self {
            found: self.found.clone(),
            comparison: self.comparison.clone(),
            analysis: self.analysis.setup.under(scenario.clone()).and_then(analyse_setup)?,
        })
    }
    /// As JSON; with `answers` also what it would take.
    pub fn json(&self, answers: bool) -> Value {
        let mut answer = export::estimate(&self.found.facts, &self.analysis);
        if let Some(answer) = answer.as_object_mut() {
            if let (Some(read), Some(comparison)) = (&self.found.headers, &self.comparison) {
                answer.insert("headers".to_owned(), headers(read, &self.found.files, comparison));
            }
            if answers {
                answer.insert("answers".to_owned(), export::answers(&self.analysis));
            }
        }
        answer
    }
}
