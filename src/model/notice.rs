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

/// What may change the verdict or a number by much, so that it belongs beside them; all else is told below.
const WEIGHTY: [&str; 16] = [
    "active_experts_unknown",
    "beyond_context",
    "by_tensor_names",
    "format_loses_much",
    "head_taken_as_tied",
    "headers_not_adopted",
    "kv_cache_not_followed",
    "linear_only",
    "memory_simple_rule",
    "no_server",
    "quantisation_key_unread",
    "speed_is_a_ceiling",
    "table_in_ram",
    "trained_on_pairs",
    "trained_unquantised",
    "unpacked_on_loading",
];

impl Notice {
    /// Whether it belongs beside the verdict.
    pub fn is_weighty(&self) -> bool {
        WEIGHTY.contains(&self.code.as_str())
    }
    /// A notice.
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            message: message.into(),
        }
    }
}
