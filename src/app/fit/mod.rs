//! The tab "Hardware fit": every device in every format, and what it would take.

mod export;
mod filter;
mod grid;
mod matrix;
mod weigh;
mod words;

pub use matrix::FitMatrix;
pub use weigh::weigh;
pub use words::{verdict_name, words};
