//! Devices by the names people give them.

use std::borrow::Cow;
use std::sync::LazyLock;

use super::device::{Device, devices};
use super::memory_sizes::as_asked;
use crate::naming::{Candidate, Class, Meant, Rank, everyday, meant, ranked, words};

const GIB: u64 = 1 << 30;

/// Every device as it can be named.
static ALL: LazyLock<Vec<(&'static Device, Candidate)>> = LazyLock::new(|| {
    let all = devices().iter();
    all.map(|device| (device, candidate(device))).collect()
});

fn candidate(device: &Device) -> Candidate {
    let name = device.name.split(" (").next().unwrap_or(&device.name);
    let gigabytes = device.nominal_bytes / GIB;
    let everyday = everyday("device", &device.id);
    let words = everyday.map_or("", |row| &row.words);
    let sizes: Vec<String> = device
        .memory_sizes()
        .iter()
        .map(|size| format!("{size} {size}gb"))
        .collect();
    let beside = format!(
        "{} {} {} {} {} {gigabytes} {gigabytes}gb {} {words} gpu card",
        device.name,
        device.vendor.name(),
        device.family,
        device.segment.label(),
        device.memory_type,
        sizes.join(" "),
    );
    Candidate::new(&[name, &device.id], &beside, everyday.map_or(0, |row| row.usual))
}

/// Devices that a query may mean, best first.
pub fn named(query: &str) -> Vec<(Rank, &'static Device)> {
    let found = ranked(query, ALL.iter().map(|(device, candidate)| (device, candidate)));
    found.into_iter().map(|(rank, device)| (rank, *device)).collect()
}

/// The same, each with the memory that the query names, where it is sold with it.
pub fn found(query: &str) -> Vec<(Rank, Cow<'static, Device>)> {
    let all = named(query).into_iter();
    all.map(|(rank, device)| (rank, as_asked(device, query))).collect()
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
            let one = Box::new(as_asked(device, query).into_owned());
            NamedDevice::One(one, others.iter().map(|device| device.id.as_str()).collect())
        }
        Meant::Perhaps(all) => NamedDevice::Perhaps(all.iter().map(|device| device.id.as_str()).collect()),
    }
}

/// Whether a device answers to every word of a query; to none it does too.
pub fn answers(device: &Device, query: &str) -> bool {
    let query = words(query);
    let own = ALL.iter().find(|(one, _)| one.id == device.base_id());
    query.is_empty() || own.is_some_and(|(_, names)| names.rank(&query).is_some_and(|rank| rank.class > Class::Close))
}
