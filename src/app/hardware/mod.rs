//! The card "Hardware" and what it opens.

mod beside;
mod card;
mod custom_device;
pub mod facts;
mod picker;

pub use beside::{Beside, icon};
pub use card::HardwareCard;
pub use picker::DevicePicker;
