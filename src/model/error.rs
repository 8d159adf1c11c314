//! Why a config could not be read. Each names the field, its value and what to do.

use thiserror::Error;

/// A config that cannot be turned into a blueprint.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ModelError {
    /// The text is not JSON.
    #[error("This is not JSON: {0}. Is it the config.json of a model?")]
    NotJson(String),
    /// The text is larger than any config.
    #[error("{}", crate::limits::CONFIG.refusal("The text"))]
    TooLarge,
    /// The JSON is not an object.
    #[error("A config.json is an object in braces, but this is {0}.")]
    NotAnObject(&'static str),
    /// No `model_type`.
    #[error(
        "There is no model_type in this config, so nothing says how the model is built. Add \"model_type\" (for example \"llama\")."
    )]
    NoModelType,
    /// A model type that is not built yet.
    #[error("The model type \"{0}\" is not known yet. From its config alone no exact answer can be given, so none is.")]
    UnknownModelType(String),
    /// Something inside a known type that is not built yet.
    #[error("{what} is not counted yet, so this {model_type} model is refused rather than approximated.")]
    NotBuilt {
        /// The model type.
        model_type: String,
        /// What is missing, as the beginning of a sentence.
        what: String,
    },
    /// A key that nothing can replace.
    #[error("{key} is missing from the config, and {model_type} has no default for it.")]
    Missing {
        /// The key (and its aliases).
        key: String,
        /// The model type.
        model_type: String,
    },
    /// A value of the wrong kind.
    #[error("{key} is {found}; it must be {expected}.")]
    WrongType {
        /// The key.
        key: String,
        /// What it is, shortened.
        found: String,
        /// What it should be.
        expected: &'static str,
    },
    /// A number outside what a model can have.
    #[error("{key} is {found}; it must lie between {least} and {most}.")]
    OutOfRange {
        /// The key.
        key: String,
        /// Its value, shortened.
        found: String,
        /// Smallest allowed.
        least: u64,
        /// Largest allowed.
        most: u64,
    },
    /// Weights in a format that is not known, as the beginning of a sentence.
    #[error(
        "{0}. Its bytes cannot be told, so none are: choose a format of the weights (--weights) to weigh the model in that."
    )]
    Quantisation(String),
    /// Values that do not go together.
    #[error("{0}")]
    Inconsistent(String),
    /// The part of the page that knows such models has not arrived.
    #[error("What this page knows of such models is still being loaded.")]
    StillLoading,
    /// The totals leave the range of 64-bit numbers.
    #[error("With these dimensions {0} exceeds 2^64. One of them must be wrong.")]
    Overflow(&'static str),
}

impl ModelError {
    /// Stable name, for scripts.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotJson(_) => "not_json",
            Self::TooLarge => "too_large",
            Self::NotAnObject(_) => "not_an_object",
            Self::NoModelType => "no_model_type",
            Self::UnknownModelType(_) => "unknown_model_type",
            Self::NotBuilt { .. } => "not_built",
            Self::Missing { .. } => "missing_key",
            Self::WrongType { .. } => "wrong_type",
            Self::OutOfRange { .. } => "out_of_range",
            Self::Quantisation(_) => "unknown_quantisation",
            Self::Inconsistent(_) => "inconsistent",
            Self::StillLoading => "still_loading",
            Self::Overflow(_) => "overflow",
        }
    }
}
