//! What is written out: JSON after the contract in `docs/json.md`, tables, CSV, Markdown.

pub mod answer;
mod calculators;
mod escape;
mod estimate;
mod figures;
pub mod history;
mod inspect;
mod log;
mod rows;
mod side_by_side;
mod training;

pub use calculators::{calculators, calculators_sheet};
pub use escape::escape;
pub use estimate::{ModelFacts, answers, estimate};
pub use figures::FigureRow;
pub use inspect::{Inspection, TensorRow, inspection, tree};
pub use log::{difference, log_check, log_sheet};
pub(crate) use rows::bare;
pub use rows::{Field, Sheet, markdown};
pub use side_by_side::{column_names, side_by_side, side_by_side_numbers};
pub use training::start as start_training;

/// Version of the program, written into every export.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
