//! The fewest devices that share every layer and carry it.

use serde::Serialize;

use crate::analysis::admission::Admission;
use crate::analysis::fit::{Demand, Verdict};
use crate::analysis::memory::memory;
use crate::analysis::placement::ranks;
use crate::analysis::serving::{admitted, serving};
use crate::analysis::setup::Setup;
use crate::hardware::{Device, Engine};
use crate::scenario::{Mode, Scenario, Split};
use crate::units::Exact;

/// Most devices tried.
pub(super) const MOST: u64 = 64;

/// A tensor-parallel degree.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Degree {
    /// How many devices; `None` where even the most that were tried are too few.
    pub devices: Option<u64>,
    /// The scenario with them.
    #[serde(skip)]
    pub scenario: Scenario,
}

/// The least power of two, as engines split heads; of a server, one that meets its targets.
pub(crate) fn degree(setup: &Setup, device: &Device) -> Degree {
    let with = |count: u64| {
        Scenario::clone(&setup.requested).with(|s| {
            s.hardware.devices = count;
            // llama.cpp deals out whole layers unless it is told otherwise.
            s.hardware.split = (count > 1 && setup.engine != Engine::LlamaCpp).then_some(Split::Tensor);
            s.hardware.tensor = None;
            s.hardware.pipeline = 1;
            s.hardware.expert = 1;
            s.serving.engine = Some(setup.engine);
        })
    };
    let fits = |scenario: Scenario| {
        let setup = admitted(setup.under(scenario).ok()?);
        let held = ranks(&setup, &memory::<Exact>(&setup)).ok()?;
        let fits = Demand::of(&setup, &held).verdict_on(device).verdict == Verdict::Fits;
        Some(fits && runs_all(&setup) && meets_targets(&setup))
    };
    let mut counts = std::iter::successors(Some(1), |count| Some(count * 2)).take_while(|count| *count <= MOST);
    let found = counts.find(|count| fits(with(*count)).unwrap_or(false));
    let scenario = with(found.unwrap_or(setup.layout.devices)).with(|s| {
        s.serving.engine = setup.requested.serving.engine;
    });
    Degree {
        devices: found,
        scenario,
    }
}

/// Whether nothing waits that is asked of a server without targets.
fn runs_all(setup: &Setup) -> bool {
    let all = |load: &Admission| load.requests.is_none_or(|requests| load.running >= requests);
    has_targets(&setup.requested) || setup.admission.as_ref().is_none_or(all)
}

/// Whether a server's first token and the time between two are within the targets, where there are any.
fn meets_targets(setup: &Setup) -> bool {
    let scenario = &*setup.requested;
    if !has_targets(scenario) {
        return true;
    }
    serving(setup).is_some_and(|found| found.missed(&scenario.serving).is_empty())
}

/// Whether a server is to keep times.
pub(super) fn has_targets(scenario: &Scenario) -> bool {
    scenario.workload.mode == Mode::Serve
        && (scenario.serving.target_ttft.is_some() || scenario.serving.target_tpot.is_some())
}
