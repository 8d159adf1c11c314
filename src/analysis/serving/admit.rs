//! Which of a server's requests run.

use super::server::Limits;
use crate::analysis::admission::Admission;
use crate::analysis::fit::max_by_memory;
use crate::analysis::setup::Setup;
use crate::scenario::Mode;

/// How many of a server's requests run: as many as memory and the engine allow, at least one. None in other modes and
/// without a device.
pub fn admit(setup: &Setup) -> Option<Admission> {
    let scenario = &*setup.requested;
    if scenario.workload.mode != Mode::Serve {
        return None;
    }
    let device = setup.device()?;
    let requests = (!scenario.workload.endless).then_some(scenario.workload.batch.max(1));
    let by_memory = max_by_memory(setup, device);
    let limit = Limits::of(setup, device, requests.is_none()).at_once(&setup.layout);
    let max_running = by_memory.min(limit);
    Some(Admission {
        requests,
        max_by_memory: by_memory,
        max_running,
        running: requests.unwrap_or(u64::MAX).min(max_running).max(1),
    })
}

/// The setup as it runs: of a server, what runs of its requests is the batch.
pub fn admitted(setup: Setup) -> Setup {
    match admit(&setup) {
        Some(admission) => setup.running(admission),
        None => setup,
    }
}
