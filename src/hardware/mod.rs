//! Devices and engines, as tables with sources.

use std::borrow::Cow;

mod device;
pub mod engine;
pub mod serving;

pub use device::{Device, Rate, devices, find};
pub use engine::Engine;

/// The id under which a device lives in links: that of the table, or a description of one.
pub fn device_id(text: &str) -> Option<String> {
    find(text).map(|device| device.id.clone())
}

/// The device with this id, or the one the text describes.
pub fn resolve(text: &str) -> Option<Cow<'static, Device>> {
    find(text).map(Cow::Borrowed)
}

/// The id of a machine of the table.
pub fn node_id(_text: &str) -> Option<String> {
    None
}
