//! Which of a server's requests run.

use super::server::at_once;
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
    // A run of fewer requests than may run at once never has more of them.
    let all = scenario.workload.requests.map_or(u64::MAX, |all| all.max(1));
    let requests = (!scenario.workload.endless).then_some(scenario.workload.batch.max(1).min(all));
    let by_memory = max_by_memory(setup, device);
    let max_running = by_memory.min(at_once(setup));
    Some(Admission {
        requests,
        max_by_memory: by_memory,
        max_running,
        running: requests.unwrap_or(u64::MAX).min(max_running).max(1),
    })
}

/// The setup with the limits its engine is tuned to where its queue never ends.
fn tuned(setup: Setup) -> Setup {
    let scenario = &*setup.requested;
    let endless = scenario.workload.mode == Mode::Serve && scenario.workload.endless;
    let Some(device) = setup.device().filter(|_| endless) else {
        return setup;
    };
    let (prompt, generated) = (scenario.workload.prompt, scenario.generated());
    let to = |carried: u64| Setup {
        tuned: setup.engine.tuned(carried, prompt, generated, setup.layout.pipeline),
        ..setup.clone()
    };
    let least = to(1);
    if least.tuned.is_none() {
        return setup;
    }
    to(max_by_memory(&least, device))
}

/// The setup as it runs: of a server, what runs of its requests is the batch.
pub fn admitted(setup: Setup) -> Setup {
    let setup = tuned(setup);
    match admit(&setup) {
        Some(admission) => setup.running(admission),
        None => setup,
    }
}
