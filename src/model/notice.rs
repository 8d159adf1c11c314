//! What was assumed, said out loud.

use serde::{Deserialize, Serialize};

/// Something the reader should know about an answer: a default that changed a number, a part not counted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Notice {
    /// Stable name, for scripts.
    pub code: String,
    /// One or two plain sentences; names the key that would settle it.
    pub message: String,
}

impl Notice {
    /// A notice.
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            message: message.into(),
        }
    }
}
