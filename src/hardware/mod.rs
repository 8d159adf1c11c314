//! Devices and engines, as tables with sources.

use std::borrow::Cow;

pub mod compatibility;
mod custom;
mod device;
pub mod efficiency;
pub mod engine;
pub mod evidence;
pub mod file_formats;
mod front_end;
mod host;
mod kind;
pub mod machine;
pub mod measurement;
mod memory_sizes;
mod named;
mod price;

pub use compatibility::{Compatibility, Support};
pub use custom::{CustomError, FIELDS as CUSTOM_FIELDS, PREFIX as CUSTOM};
pub use device::{Device, Rate, devices, find};
pub use engine::{Budget, Engine, MemoryTraits, Start, Windows};
pub use front_end::{FrontEnd, engine_named};
pub use host::{Host, find_host, hosts, hosts_of};
pub use kind::{Generation, Segment, Vendor};
pub use memory_sizes::{UsableShare, devices_as_owned, id_with_memory};
pub use named::{NamedDevice, answers, device_named, found, named};
pub use price::Price;

/// The id under which a device lives in links: that of the table, or the description of one.
pub fn device_id(text: &str) -> Option<String> {
    resolve(text).ok().map(|device| device.id.clone())
}

/// The device with this id, or the one the text describes.
///
/// # Errors
/// Why a description is refused; `None` inside where the table has no such id.
pub fn resolve(text: &str) -> Result<Cow<'static, Device>, Option<CustomError>> {
    if text.starts_with(CUSTOM) {
        return custom::parse(text).map(Cow::Owned).map_err(Some);
    }
    find(text)
        .map(Cow::Borrowed)
        .or_else(|| memory_sizes::with(text))
        .ok_or(None)
}

/// The id of a machine of the table.
pub fn host_id(text: &str) -> Option<String> {
    find_host(text).map(|host| host.id.clone())
}
