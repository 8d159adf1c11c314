//! Many users at once.

mod answer;
mod cost;
mod load;
mod notices;
mod run;
mod server;
mod steady;

pub use answer::{Point, Serving, serving, throughput, tokens_per_second, traced_rate, traced_step};
pub use cost::{Energy, TokenCost};
pub use load::{Load, settle};
pub(crate) use notices::notices;
pub use server::{Limits, Server};
pub use steady::Steady;
