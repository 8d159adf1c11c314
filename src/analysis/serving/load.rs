//! Requests in flight, and how many of them run.

use std::borrow::Cow;

use serde::Serialize;

use super::server::Limits;
use crate::analysis::fit::carried;
use crate::analysis::question::Question;
use crate::scenario::{Mode, Scenario};

/// Requests of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Load {
    /// Requests in flight; none for an endless queue.
    pub requests: Option<u64>,
    /// Sequences that memory carries, nothing of the model in RAM.
    pub carried: u64,
    /// Sequences that may run at most: what memory carries and the engine allows.
    pub capacity: u64,
    /// Sequences that run.
    pub running: u64,
}

/// In the mode that serves, the batch becomes what runs of the requests: as many as memory carries, at least one.
pub fn settle(question: &mut Question<'_>) {
    let scenario = &*question.scenario;
    if scenario.mode != Mode::Serve {
        return;
    }
    let requests = (!scenario.endless).then_some(scenario.batch.max(1));
    let Some(device) = question.device() else {
        return;
    };
    let carried = carried(question, device);
    let limit = Limits::of(question, device, requests.is_none()).at_once(&question.layout);
    let capacity = carried.min(limit);
    let running = requests.unwrap_or(u64::MAX).min(capacity).max(1);
    let scenario = Scenario {
        batch: running,
        endless: false,
        ..scenario.clone()
    };
    question.load = Some(Load {
        requests,
        carried,
        capacity,
        running,
    });
    question.scenario = Cow::Owned(scenario);
}
