//! Machines whose processor and accelerator share the memory are sold with several sizes of it: one row a chip, its sizes as
//! data. `apple-m4-max-40c@64` is the chip with 64 GiB; the bare id is the size the row is of.

use std::borrow::Cow;

use super::device::{Device, devices, find};
use super::kind::Vendor;
use crate::naming::words;

/// What separates the id of a device from the GiB it is bought with.
const WITH: char = '@';
const GIB: u64 = 1 << 30;
/// From this size on, in GiB, macOS lets the GPU take three quarters and not two thirds: llama.cpp prints
/// `recommendedMaxWorkingSetSize` of 21.3 GiB with 32, 27 GiB with 36 (M4 Max) and 48 GiB with 64.
const THREE_QUARTERS_FROM: u64 = 36;

/// A machine's memory as it is sold, what the accelerator may use of it, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsableShare {
    /// All of its memory, bytes.
    pub sold_bytes: u64,
    /// What programs on the accelerator may use, bytes.
    pub usable_bytes: u64,
    /// Why it is not all.
    pub why: String,
}

impl Device {
    /// GiB it is sold with, smallest first; empty where there is one size.
    pub fn memory_sizes(&self) -> Vec<u64> {
        let sizes = self.memory_options_gib.split(';');
        sizes.filter_map(|size| size.trim().parse().ok()).collect()
    }
    /// Its row's id, without the memory it is bought with.
    pub fn base_id(&self) -> &str {
        base(&self.id)
    }
    /// What may be used of a memory that is shared with the processor; none where all may be, or nothing is shared.
    pub fn usable_share(&self) -> Option<UsableShare> {
        let shared = self.unified && !self.is_processor() && self.usable_bytes() < self.nominal_bytes;
        shared.then(|| UsableShare {
            sold_bytes: self.nominal_bytes,
            usable_bytes: self.usable_bytes(),
            why: match self.vendor {
                Vendor::Apple if self.nominal_bytes / GIB < THREE_QUARTERS_FROM => {
                    "below 36 GB macOS lets the GPU use two thirds of the memory".to_owned()
                }
                Vendor::Apple => "macOS lets the GPU use three quarters of the memory".to_owned(),
                _ => self.memory_basis.trim_start_matches("by rule: ").to_owned(),
            },
        })
    }
}

fn base(id: &str) -> &str {
    id.split_once(WITH).map_or(id, |(base, _)| base)
}

/// The id of a device with a size of memory: the bare id where the row is of that size.
pub fn id_with_memory(device: &Device, gib: u64) -> Option<String> {
    let row = find(device.base_id())?;
    row.memory_sizes()
        .contains(&gib)
        .then(|| with_memory(row, gib).id.clone())
}

/// The device of an id like `apple-m4-max-40c@64`; none where it is not sold with that memory.
pub(super) fn with(id: &str) -> Option<Cow<'static, Device>> {
    let (base, size) = id.split_once(WITH)?;
    let (device, size) = (find(base)?, size.parse().ok()?);
    device.memory_sizes().contains(&size).then(|| with_memory(device, size))
}

/// The device with the size of memory that a query names, if it is sold with it.
pub(super) fn as_asked(device: &'static Device, query: &str) -> Cow<'static, Device> {
    let sizes = device.memory_sizes();
    let size = words(query).into_iter().find_map(|word| {
        let size: u64 = word.strip_suffix("gb").unwrap_or(&word).parse().ok()?;
        sizes.contains(&size).then_some(size)
    });
    size.map_or(Cow::Borrowed(device), |size| with_memory(device, size))
}

/// Every device of the table, those named by an id in the size that it says: a row a chip, unless several sizes are named.
pub fn devices_as_owned<'a>(ids: impl Iterator<Item = &'a String> + Clone) -> Vec<Cow<'static, Device>> {
    let sized = |device: &'static Device| {
        let named = ids.clone().filter(|id| base(id) == device.id);
        let mut all: Vec<Cow<'static, Device>> = Vec::new();
        for one in named.filter_map(|id| with(id).or_else(|| find(id).map(Cow::Borrowed))) {
            if !all.contains(&one) {
                all.push(one);
            }
        }
        if all.is_empty() {
            all.push(Cow::Borrowed(device));
        }
        all
    };
    devices().iter().flat_map(sized).collect()
}

/// A device with another of its sizes of memory: of Apple's what macOS allows, of others the share of the row.
pub(super) fn with_memory(device: &'static Device, gib: u64) -> Cow<'static, Device> {
    let nominal = gib.saturating_mul(GIB);
    if nominal == device.nominal_bytes {
        return Cow::Borrowed(device);
    }
    let (part, whole) = match device.vendor {
        Vendor::Apple if gib < THREE_QUARTERS_FROM => (2, 3),
        Vendor::Apple => (3, 4),
        _ => (device.memory_bytes, device.nominal_bytes.max(1)),
    };
    let share = u128::from(nominal) * u128::from(part) / u128::from(whole);
    let basis = match device.vendor {
        Vendor::Apple => format!("by rule: {part}/{whole} of {gib} GiB, the default GPU limit"),
        _ if part == whole => format!("by rule: {gib} GiB as it is sold"),
        _ => format!(
            "by rule: the share of {} GiB, of which {}",
            device.nominal_bytes / GIB,
            device.memory_basis.trim_start_matches("by rule: ")
        ),
    };
    // The size belongs to the chip: what follows in brackets is left out where there is little room.
    let name = match device.name.split_once(" (") {
        Some((chip, rest)) => format!("{chip}, {gib} GB ({rest}"),
        None => format!("{}, {gib} GB", device.name),
    };
    Cow::Owned(Device {
        id: format!("{}{WITH}{gib}", device.id),
        name,
        memory_bytes: u64::try_from(share).unwrap_or(nominal),
        nominal_bytes: nominal,
        memory_basis: basis,
        ..device.clone()
    })
}
