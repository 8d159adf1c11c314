//! A rough verdict where only the size of the files is known: half as much again, against the device's memory.
//!
//! The rule is a widespread one (file size × 1.5 for cache, activations and runtime). It knows nothing of context, batch,
//! format or engine; `docs/fit.md` sets it beside what is weighed here. RAM is never added to the device's memory: it may
//! hold a part of the model, and the answer then is another one.

use serde::Serialize;

use super::fit::Verdict;
use crate::hardware::Device;

/// A rough verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct RoughVerdict {
    /// Fits, offload or does not fit.
    pub verdict: Verdict,
    /// Bytes by the rule.
    pub needed_bytes: u64,
    /// Bytes of all devices together.
    pub device_bytes: u64,
}

/// Bytes a model needs by the rule.
pub const fn needed(file_bytes: u64) -> u64 {
    file_bytes.saturating_add(file_bytes / 2)
}

/// The verdict for files of that size on so many devices, with so much RAM free beside them.
pub fn rough_verdict(file_bytes: u64, device: &Device, devices: u64, free_host_bytes: u64) -> RoughVerdict {
    let needed_bytes = needed(file_bytes);
    let device_bytes = device.memory_bytes.saturating_mul(devices.max(1));
    // One memory cannot be left for itself.
    let host = if device.has_own_memory() { free_host_bytes } else { 0 };
    let verdict = match needed_bytes.checked_sub(device_bytes) {
        None | Some(0) => Verdict::Fits,
        Some(over) if over <= host => Verdict::Offload,
        Some(_) => Verdict::DoesNotFit,
    };
    RoughVerdict {
        verdict,
        needed_bytes,
        device_bytes,
    }
}

/// The widths that models are usually published in, bits of a weight.
const WIDTHS: [u64; 6] = [16, 8, 6, 5, 4, 3];

/// The most bits of a weight at which the rule lets a model of so many parameters fit, with the verdict there; where none
/// does, the verdict at the fewest.
pub fn rough_bits(parameters: u64, device: &Device, devices: u64) -> (u64, RoughVerdict) {
    let at = |bits: u64| {
        let bytes = u128::from(parameters).saturating_mul(u128::from(bits)) / 8;
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        (bits, rough_verdict(bytes, device, devices, 0))
    };
    let found = WIDTHS.into_iter().map(at).find(|(_, one)| one.verdict == Verdict::Fits);
    found.unwrap_or_else(|| at(3))
}
