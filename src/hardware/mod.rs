//! Devices and engines, as tables with sources.

mod device;
pub mod engine;

pub use device::{Device, Rate, devices, find};
pub use engine::Engine;
