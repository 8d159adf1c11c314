//! Why a model could not be loaded.

use crate::hub::{HubError, RepoId};
use crate::model::headers::HeaderError;

/// Why a model could not be loaded. `Display` says it with a next step, in one line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// The Hub, the way to it, or its config.
    #[error("{0}")]
    Hub(HubError),
    /// A weight file or an index.
    #[error("{file}: {error}")]
    Header {
        /// Which.
        file: String,
        /// What is wrong with it.
        error: HeaderError,
    },
    /// A server without Range: whole weight files are never read.
    #[error(
        "{host} sends whole files only: it sent {sent}, so reading was stopped and no headers were read. Choose another endpoint, or open the files themselves."
    )]
    NoParts {
        /// The server.
        host: String,
        /// What it sent.
        sent: &'static str,
    },
    /// Several GGUF models side by side.
    #[error("{repo} holds {} GGUF models ({}); give the address of one file.", models.len(), first_names(models))]
    Several {
        /// The repository.
        repo: RepoId,
        /// The first file of each with the bytes of all its files, smallest first.
        models: Vec<(String, u64)>,
    },
    /// No file with a header.
    #[error("{0} holds no safetensors or GGUF weights. There are no headers to read.")]
    NoHeaders(RepoId),
}

impl LoadError {
    /// A stable name for scripts.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Hub(error) => error.code(),
            Self::Header { error, .. } => error.code(),
            Self::NoParts { .. } => "no_parts",
            Self::Several { .. } => "several_models",
            Self::NoHeaders(_) => "no_headers",
        }
    }
    /// Whether the Hub was out of reach, so that what was kept from an earlier time is the best there is.
    #[must_use]
    pub const fn is_away(&self) -> bool {
        matches!(
            self,
            Self::Hub(HubError::Unreachable { .. } | HubError::TimedOut { .. })
        )
    }
}

impl From<HubError> for LoadError {
    fn from(error: HubError) -> Self {
        Self::Hub(error)
    }
}

fn first_names(models: &[(String, u64)]) -> String {
    let names: Vec<&str> = models.iter().take(5).map(|(name, _)| name.as_str()).collect();
    let more = if models.len() > names.len() { ", …" } else { "" };
    format!("{}{more}", names.join(", "))
}
