//! The card "Hardware" and what it opens.

mod beside;
mod card;
mod custom_device;
pub mod facts;
mod memory_size;
mod picker;
mod this_computer;

pub use beside::{Beside, icon};
pub use card::HardwareCard;
pub use memory_size::MemorySize;
pub use picker::{DevicePicker, choose};
pub use this_computer::ThisComputer;
