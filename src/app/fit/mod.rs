//! The tab "Hardware fit": every device in every format, and what it would take.

mod answers;
mod card;
mod export;
mod filter;
mod grid;
mod launch;
mod searched;
mod table;
mod verdicts;
mod weigh;
mod words;

pub use answers::Answers;
pub use card::FitMatrix;
pub use launch::LaunchCard;
pub use searched::searched;
pub use weigh::{weigh, weigh_room};
pub use words::{room, verdict_name, words};
