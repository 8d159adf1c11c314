//! What is written out: JSON after the contract in `docs/json.md`, tables, CSV, Markdown.

mod estimate;
mod inspect;
mod rows;

pub use estimate::{ModelFacts, answers, estimate};
pub use inspect::{Inspection, TensorRow, inspection, tree};
pub use rows::{Sheet, markdown};

/// Version of the program, written into every export.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
