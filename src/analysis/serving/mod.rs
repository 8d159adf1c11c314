//! Many users at once: what a server carries, how fast it is at any load, and what that costs.

mod answer;
mod capacity;
mod cost;
mod curve;
mod server;
mod steady;
mod step;
mod work;

pub use answer::{Interval, Serving, Targets, serving};
pub use capacity::{Load, at_work, load};
pub use cost::{Bill, Energy};
pub use curve::{Point, knee};
pub use server::{Limits, Server};
pub use steady::Steady;
pub use step::Mix;
