//! What is said where there is no answer.

use serde_json::{Value, json};

use crate::analysis::AnalysisError;
use crate::hub::loader::LoadError;
use crate::units::shown;

/// Something went wrong: one line that says what, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    code: String,
    message: String,
}

impl Failure {
    /// A failure with a stable code.
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            message: message.into(),
        }
    }
    /// The same with a further sentence.
    #[must_use]
    pub fn and(self, words: &str) -> Self {
        Self {
            message: format!("{} {words}", self.message),
            ..self
        }
    }
    /// Its stable name, for scripts.
    pub fn code(&self) -> &str {
        &self.code
    }
    /// One line.
    pub fn line(&self) -> String {
        shown(&self.message.replace(['\n', '\r'], " ")).into_owned()
    }
    /// As JSON.
    pub fn json(&self) -> Value {
        json!({"error": {"code": self.code, "message": self.line()}})
    }
}

impl From<AnalysisError> for Failure {
    fn from(error: AnalysisError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

impl From<LoadError> for Failure {
    fn from(error: LoadError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}
