//! What is drawn: pure functions from an answer to any backend of plotters: a canvas, a file, a test.
//!
//! 1. [`Theme`]: the colours of both schemes, one table, equal to the variables of `style/tokens.css`.
//! 2. `pen`: lines, areas and labels in CSS pixels, written at the density of the screen; labels never overlap.
//! 3. [`ContextChart`], [`MemoryChart`], [`ServingChart`]: the data of a chart, taken from an analysis, and how it is drawn.
//!
//! A chart never draws outside its frame and never fails on its data: empty, one point, or near 2^64 bytes.

mod axis;
mod context;
mod memory;
mod pen;
#[cfg(test)]
mod recorder;
mod serving;
mod theme;

pub use axis::tokens_short;
pub use context::{Band, ContextChart};
pub use memory::{MemoryChart, MemoryRow};
pub use pen::{Caption, Drawn, FONT};
pub use serving::ServingChart;
pub use theme::{COLOURS, Theme};

use crate::analysis::{Setup, capacity};
use crate::hardware::Device;

/// What a device carries.
#[derive(Clone, Debug, PartialEq)]
pub struct Capacity {
    /// The device, as short as people say it: `RTX 4090`.
    pub name: String,
    /// Its memory in bytes, or what an engine may take of it.
    pub bytes: u64,
}

impl Capacity {
    /// What the engine may take of the device.
    pub fn of_setup(setup: &Setup) -> Option<Self> {
        let device = setup.device()?;
        Some(Self {
            bytes: capacity(setup, device),
            ..Self::of(device)
        })
    }
    /// The capacity of a device.
    pub fn of(device: &Device) -> Self {
        let name = device
            .name
            .strip_prefix(device.vendor.as_str())
            .unwrap_or(&device.name)
            .trim_start();
        let name = ["GeForce ", "Radeon "]
            .iter()
            .fold(name, |name, brand| name.strip_prefix(brand).unwrap_or(name));
        Self {
            name: name.to_owned(),
            bytes: device.memory_bytes,
        }
    }
}

/// A part's name where there is little room: `Projections`, `KV`.
pub(crate) fn short_name<'a>(key: &str, label: &'a str) -> &'a str {
    if key == "kv_cache" {
        "KV"
    } else {
        label.split(" (").next().unwrap_or(label)
    }
}
