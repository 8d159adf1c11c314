//! Many users at once.

mod answer;
mod cost;
mod load;
mod notices;
mod server;
mod steady;
mod step;
mod work;

pub use answer::{Point, Serving, serving, throughput};
pub use cost::{Energy, TokenCost};
pub use load::{Load, settle};
pub(crate) use notices::notices;
pub use server::{Limits, Server};
pub use steady::Steady;
pub use step::{Mix, Pieces};
