//! The tab "Hardware fit": every device in every format, and what it would take.

mod answers;
mod card;
mod export;
mod filter;
mod grid;
mod launch;
mod searched;
mod table;
mod verdict_words;
mod verdicts;
mod weigh;

pub use answers::Answers;
pub use card::FitMatrix;
pub use launch::{LaunchCard, body as launch_body};
pub use searched::searched;
pub use verdict_words::{room_words, verdict_name, verdict_words};
pub use weigh::{weigh, weigh_room};
