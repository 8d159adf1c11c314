//! Why a scenario cannot be analysed.

use thiserror::Error;

use crate::hardware;
use crate::model::ModelError;

/// A scenario that cannot be analysed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AnalysisError {
    /// The model.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A device that is not in the table.
    #[error("The device \"{0}\" is not in the table. `weighbridge hardware` lists all.")]
    UnknownDevice(String),
    /// A description of a device that cannot be read.
    #[error(transparent)]
    Custom(hardware::CustomError),
    /// Devices that cannot share the model as asked.
    #[error("{0}")]
    Layout(String),
    /// Images, video or sound that cannot be counted.
    #[error("{0}")]
    Media(String),
    /// A total beyond 64 bits.
    #[error("With this workload {0} exceeds 2^64 bytes. Lower the batch or the number of tokens.")]
    Overflow(&'static str),
}

impl AnalysisError {
    /// Stable name, for scripts.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Model(error) => error.code(),
            Self::UnknownDevice(_) => "unknown_device",
            Self::Custom(_) => "bad_device",
            Self::Layout(_) => "bad_layout",
            Self::Media(_) => "media_not_known",
            Self::Overflow(_) => "overflow",
        }
    }
}
