//! Devices by the names people give them, and machines that are sold with several sizes of memory.

use std::borrow::Cow;
use std::sync::LazyLock;

use super::device::{Device, devices, find};
use super::kind::Vendor;
use crate::naming::{Candidate, Class, Meant, Rank, meant, ranked, words};

/// What separates the id of a device from the GiB it is bought with: `apple-m4-max-40c@64`.
const WITH: char = '@';
const GIB: u64 = 1 << 30;

/// Of variants with the same name, those that are meant where nothing else is said.
const USUAL: &[&str] = &[
    "h100-sxm",
    "a100-sxm4-80gb",
    "a100-sxm4-40gb",
    "h200-sxm",
    "h20-96gb",
    "gh200-96gb",
    "v100-sxm2-32gb",
    "p100-pcie-16gb",
    "rtx-3080-10gb",
    "rtx-4060-ti-16gb",
    "rtx-5060-ti-16gb",
    "rtx-2060-6gb",
    "rtx-6000-ada",
    "rtx-pro-6000-blackwell-ws",
    "apple-m3-max-40c",
    "apple-m4-max-40c",
    "apple-m5-max-40c",
    "jetson-agx-orin-64gb",
    "mi250x",
    "radeon-pro-w7800-32gb",
];
/// Of a vendor's machines, the one that is meant by the vendor's word alone.
const MACHINES: &[(&str, u32)] = &[("apple-m4-max-40c", 3), ("apple-m3-ultra", 2), ("apple-m4", 1)];

/// Every device as it can be named.
static ALL: LazyLock<Vec<(&'static Device, Candidate)>> = LazyLock::new(|| {
    let all = devices().iter();
    all.map(|device| (device, candidate(device))).collect()
});

fn candidate(device: &Device) -> Candidate {
    let name = device.name.split(" (").next().unwrap_or(&device.name);
    let gigabytes = device.nominal_bytes / GIB;
    let apple = if device.vendor == Vendor::Apple {
        "mac macbook imac air pro mini studio laptop silicon"
    } else {
        ""
    };
    let sizes: Vec<String> = options(device).iter().map(|size| format!("{size} {size}gb")).collect();
    let beside = format!(
        "{} {} {} {} {} {gigabytes} {gigabytes}gb {} {apple} gpu card",
        device.name,
        device.vendor.name(),
        device.family,
        device.segment.label(),
        device.memory_type,
        sizes.join(" "),
    );
    let usual = u32::from(USUAL.contains(&device.id.as_str()));
    let machine = MACHINES
        .iter()
        .find(|(id, _)| *id == device.id)
        .map_or(0, |(_, usual)| *usual);
    Candidate::new(&[name, &device.id], &beside, usual + machine)
}

/// GiB a device is sold with.
fn options(device: &Device) -> Vec<u64> {
    let sizes = device.memory_options_gib.split(';');
    sizes.filter_map(|size| size.trim().parse().ok()).collect()
}

/// Devices that a query may mean, best first.
pub fn named(query: &str) -> Vec<(Rank, &'static Device)> {
    let found = ranked(query, ALL.iter().map(|(device, candidate)| (device, candidate)));
    found.into_iter().map(|(rank, device)| (rank, *device)).collect()
}

/// The device that a query names, with the memory it names; or ids that may have been meant.
#[derive(Clone, Debug, PartialEq)]
pub enum NamedDevice {
    /// This one; further ids that are named as well.
    One(Box<Device>, Vec<&'static str>),
    /// Perhaps one of these ids.
    Perhaps(Vec<&'static str>),
}

/// What is taken by a name as people type it.
pub fn device_named(query: &str) -> NamedDevice {
    match meant(query, ALL.iter().map(|(device, candidate)| (device, candidate))) {
        Meant::One(device, others, _) => {
            let size = words(query).into_iter().find_map(|word| {
                let size: u64 = word.strip_suffix("gb").unwrap_or(&word).parse().ok()?;
                options(device).contains(&size).then_some(size)
            });
            let one = size.map_or(Cow::Borrowed(*device), |size| with_memory(device, size));
            let one = Box::new(one.into_owned());
            NamedDevice::One(one, others.iter().map(|device| device.id.as_str()).collect())
        }
        Meant::Perhaps(all) => NamedDevice::Perhaps(all.iter().map(|device| device.id.as_str()).collect()),
    }
}

/// The device of an id like `apple-m4-max-40c@64`; none where it is not sold with that memory.
pub(super) fn with(id: &str) -> Option<Cow<'static, Device>> {
    let (base, size) = id.split_once(WITH)?;
    let (device, size) = (find(base)?, size.parse().ok()?);
    options(device).contains(&size).then(|| with_memory(device, size))
}

/// A device with another of its sizes of memory.
///
/// Apple lets the GPU take two thirds of up to 36 GiB and three quarters of more (as the table's rows do); elsewhere the
/// share is that of the row.
fn with_memory(device: &'static Device, gib: u64) -> Cow<'static, Device> {
    let nominal = gib.saturating_mul(GIB);
    if nominal == device.nominal_bytes {
        return Cow::Borrowed(device);
    }
    let (part, whole) = match device.vendor {
        Vendor::Apple if gib <= 36 => (2, 3),
        Vendor::Apple => (3, 4),
        _ => (device.memory_bytes, device.nominal_bytes.max(1)),
    };
    let share = u128::from(nominal) * u128::from(part) / u128::from(whole);
    Cow::Owned(Device {
        id: format!("{}{WITH}{gib}", device.id),
        name: format!("{}, {gib} GB", device.name),
        memory_bytes: u64::try_from(share).unwrap_or(nominal),
        nominal_bytes: nominal,
        memory_basis: format!("by rule: the share of {gib} GiB that the GPU may take"),
        ..device.clone()
    })
}

/// Whether a device answers to every word of a query; to none it does too.
pub fn answers(device: &Device, query: &str) -> bool {
    let query = words(query);
    let own = ALL.iter().find(|(one, _)| one.id == device.id);
    query.is_empty() || own.is_some_and(|(_, names)| names.rank(&query).is_some_and(|rank| rank.class > Class::Close))
}
