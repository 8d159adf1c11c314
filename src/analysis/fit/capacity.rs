//! What may be taken of a device's memory and of the machine's RAM.

use crate::analysis::host::machines;
use crate::analysis::setup::Setup;
use crate::hardware::{Device, find_host};
use crate::scenario::{Mode, Scenario};
use crate::units::UnitSystem;

/// Percentage of a device's memory the engine may take.
pub(in crate::analysis) fn percent(setup: &Setup) -> u64 {
    match setup.scenario.workload.mode {
        Mode::Pretrain | Mode::Finetune => 100,
        // Counted with the activations, which have the rest.
        _ if setup.static_thousandths().is_some() => 100,
        _ => setup
            .scenario
            .serving
            .memory_fraction
            .unwrap_or_else(|| setup.engine.memory_percent()),
    }
}

/// So many percent of the memory of a device that can be used.
pub(super) fn share(device: &Device, percent: u64) -> u64 {
    let all = device.usable_bytes();
    let bytes = u128::from(all) * u128::from(percent) / 100;
    u64::try_from(bytes).unwrap_or(all)
}

/// Memory of one device the engine may take.
pub fn capacity(setup: &Setup, device: &Device) -> u64 {
    share(device, percent(setup))
}

/// Where the room on a device comes from: `vLLM takes 90 % of 24.0 GiB`.
pub fn share_words(setup: &Setup, device: &Device, units: UnitSystem) -> String {
    let (whole, seen) = (device.memory_bytes, device.usable_bytes());
    let size = |bytes: u64| units.bytes(bytes as f64);
    let takes = match setup.scenario.serving.memory_fraction {
        Some(_) => format!("{} is set to take", setup.engine.label()),
        None => format!("{} takes", setup.engine.label()),
    };
    match (percent(setup), seen < whole) {
        (100, false) => format!("all of the device's {}", size(whole)),
        (100, true) => format!("{} of {} can be used", size(seen), size(whole)),
        (some, false) => format!("{takes} {some} % of {}", size(whole)),
        (some, true) => format!("{takes} {some} % of the {} it sees", size(seen)),
    }
}

/// RAM that may be used; `None` is enough.
pub fn host_memory(scenario: &Scenario) -> Option<u64> {
    let of_host = || {
        let host = scenario.hardware.host.as_deref().and_then(find_host)?;
        Some(
            host.host_memory_bytes?
                .saturating_mul(machines(host, scenario.hardware.devices)),
        )
    };
    let all = scenario.hardware.host_memory.or_else(of_host)?;
    let share = 100u64.saturating_sub(scenario.hardware.host_reserve);
    u64::try_from(u128::from(all) * u128::from(share) / 100).ok()
}
