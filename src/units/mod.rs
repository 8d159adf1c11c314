//! Numbers: exact sizes, formulas that can explain themselves, bytes and how they are written.
//!
//! Every formula of the engine is written once, over [`Number`]. Run with [`Exact`] or `f64` it is plain arithmetic;
//! run with [`Traced`] the same code also yields the tree of its parts, from which explanations are made.

mod few;
mod format;
mod marks;
mod number;
mod quantity;
mod trace;
mod typed;
mod unit;

pub use few::sort_few;
pub use format::{
    UnitSystem, capital, commands, count, counted, decimal, dollars, grouped, one_or_times, percent, rate, seconds,
    short_count, shown, times,
};
pub use marks::{Marks, NEUTRAL, neutral, typed_here};
pub use number::{Exact, Number};
pub use quantity::{Origin, Quantity};
pub use trace::{Node, Operation, Trace, Traced};
pub use typed::{exact_size, number_and_unit};
pub use unit::Unit;
pub(crate) use unit::number;
