//! How many of a server's requests run.

use serde::Serialize;

/// Requests of a server in flight, and how many of them run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Admission {
    /// Requests in flight; none for an endless queue.
    pub requests: Option<u64>,
    /// Sequences that memory allows, nothing of the model in RAM.
    #[serde(rename = "carried")]
    pub max_by_memory: u64,
    /// Sequences that may run at most: what memory and the engine allow.
    #[serde(rename = "capacity")]
    pub max_running: u64,
    /// Sequences that run; one where memory allows none, so that the rest can be told.
    pub running: u64,
}
