//! Which device of the table a computer has, by what its browser or its tools say of it. Nothing here asks anything.

mod renderer;
mod reports;

pub use renderer::{Hidden, Renderer, by_renderer};
pub use reports::{Machine, Part, amd_smi, mac, memory_of, nvidia_smi, processor_of, rocm_smi};

use std::borrow::Cow;

use super::device::Device;
use super::kind::Segment;
use super::memory_sizes::with_memory;
use super::named::named;
use crate::naming::{Rank, words};

/// Words in a card's name that no device of the table is told apart by.
const ASIDE: &[&str] = &[
    "nvidia",
    "corporation",
    "amd",
    "ati",
    "intel",
    "r",
    "tm",
    "graphics",
    "gpu",
    "series",
    "mesa",
    "opengl",
    "engine",
    "design",
    "oem",
    "edition",
    "founders",
    "generation",
    "accelerator",
    "inc",
    "oam",
    "tegra",
    "nvgpu",
    "w",
];

/// What may be meant by the name a driver gives a card, the likeliest first: each variant of that name, each with every
/// size of memory it is sold with. None where the table has no such card.
///
/// Every word must be of one device's name, and but for what cards of a data centre are built into (`H100` SXM) none of its own
/// may be missing: a `GTX 980` is not taken for anything, `Arc Graphics` not for one of the cards called Arc.
pub fn by_driver_name(name: &str) -> Vec<Cow<'static, Device>> {
    let mut query: Vec<String> = words(name);
    query.retain(|word| !ASIDE.contains(&word.as_str()));
    // Cores of a GPU tell variants of a chip apart where the table has several.
    let cores = query.iter().position(|word| matches!(word.as_str(), "core" | "cores"));
    let cores = cores.and_then(|at| Some(format!("({}-core", query.drain(at.checked_sub(1)?..=at).next()?)));
    let mut found = meant(&query);
    if found.is_empty() {
        // A size of memory may be that of the whole machine.
        query.retain(|word| !word.ends_with("gb"));
        found = meant(&query);
    }
    if found
        .iter()
        .any(|device| cores.as_ref().is_some_and(|cores| device.name.contains(cores)))
    {
        found.retain(|device| cores.as_ref().is_some_and(|cores| device.name.contains(cores)));
    }
    let sizes = |device: &'static Device| match device.memory_sizes() {
        sizes if sizes.is_empty() => vec![Cow::Borrowed(device)],
        sizes => sizes.into_iter().map(|gib| with_memory(device, gib)).collect(),
    };
    found.into_iter().flat_map(sizes).collect()
}

fn meant(query: &[String]) -> Vec<&'static Device> {
    let found = named(&query.join(" "));
    let whole = |(rank, device): &(Rank, &'static Device)| {
        // What the chip is built into: `H100` SXM, `GB10` DGX Spark, `Orin` Jetson AGX.
        let left = match device.segment {
            Segment::Datacenter => 1,
            Segment::Edge => 2,
            _ => 0,
        };
        rank.class.is_sure() && rank.left_over() <= left
    };
    let Some((best, _)) = found.first().filter(|one| whole(one)).copied() else {
        return Vec::new();
    };
    let ties = found.iter().take_while(|(rank, _)| rank.ties_with(&best));
    ties.map(|(_, device)| *device).collect()
}

/// Of machines that share their memory with the processor those with at least so much of it: a browser tells no more than a
/// lower bound.
pub fn at_least(mut all: Vec<Cow<'static, Device>>, gib: f64) -> Vec<Cow<'static, Device>> {
    let enough = |device: &Device| !device.unified || (device.nominal_bytes >> 30) as f64 >= gib;
    if all.iter().any(|device| enough(device)) {
        all.retain(|device| enough(device));
    }
    all
}

/// Of what may be meant, the ones whose memory is as reported; all of them where none is near it. Drivers report a little
/// less than is sold.
pub fn of_memory(mut all: Vec<Cow<'static, Device>>, bytes: u64) -> Vec<Cow<'static, Device>> {
    let off = |device: &Device| device.nominal_bytes.abs_diff(bytes) as f64 / device.nominal_bytes.max(1) as f64;
    if let Some(nearest) = all
        .iter()
        .map(|device| off(device))
        .min_by(f64::total_cmp)
        .filter(|off| *off < 0.15)
    {
        all.retain(|device| off(device) <= nearest);
    }
    all
}
