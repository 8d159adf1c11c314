//! Many users at once.

mod admit;
mod answer;
mod cost;
mod notices;
mod run;
mod server;
mod steady;

pub use admit::{admit, admitted};
pub use answer::{Missed, Point, Serving, serving, throughput, tokens_per_second, traced_rate, traced_step};
pub use cost::{Energy, TokenCost};
pub(crate) use notices::notices;
pub use server::Server;
pub use steady::Steady;
