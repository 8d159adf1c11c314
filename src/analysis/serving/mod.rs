//! Many users at once.

mod capacity;
mod server;
mod steady;
mod step;
mod work;

pub use capacity::{Room, memory_fraction};
pub use server::{Limits, Server};
pub use steady::Steady;
pub use step::Mix;
