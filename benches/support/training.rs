//! A training run and the search for its plan, as benches time them.

use std::sync::Arc;

use weighbridge::analysis::Setup;
use weighbridge::model::{Blueprint, catalogue};
use weighbridge::scenario::{Mode, Scenario};

/// Devices that plans are searched for.
pub const DEVICES: [u64; 3] = [64, 1024, 16_384];

/// Pretraining of a built-in model on so many H100.
pub fn setup(id: &str, devices: u64) -> Option<Setup> {
    let config = catalogue::find(id)?.config.clone();
    let blueprint = Arc::new(Blueprint::from_value(config).ok()?);
    let scenario = Scenario::default().with(|scenario| {
        scenario.workload.mode = Mode::Pretrain;
        scenario.workload.prompt = 4096;
        scenario.hardware.device = Some("h100-sxm".to_owned());
        scenario.hardware.devices = devices;
    });
    Setup::new(&blueprint, &scenario).ok()
}
