//! Answers side by side: what is the same said once, the rest in rows with what differs, how much, and which is best.
//!
//! Pure: page and command line show the same rows. Nothing here asks for a family's name; architectures are compared by
//! their blueprints ([`differences`]).

mod architecture;
mod frontier;
mod headline;
mod measures;
mod relation;
mod rows;

pub use architecture::{Difference, differences};
pub use frontier::{Plane, Point, frontier, points};
pub use headline::enumerated;
pub use measures::{Better, Group};
pub use relation::times;
pub use rows::{Cell, Head, Row, Section, SideBySide};

use crate::analysis::{Analysis, Verdict};

/// An answer that is set beside others.
#[derive(Clone, Copy, Debug)]
pub struct Column<'a> {
    /// The model's name.
    pub name: &'a str,
    /// The answer.
    pub analysis: &'a Analysis,
}

impl Column<'_> {
    /// Whether it runs, or would on the device that was not chosen: what does not has no speed to compare.
    fn runs(&self) -> bool {
        let fit = self.analysis.fit.as_ref();
        fit.is_none_or(|fit| matches!(fit.verdict, Verdict::Fits | Verdict::Offload))
    }
}

/// The letter of a column: A, B, C.
pub fn letter(at: usize) -> char {
    u8::try_from(at)
        .ok()
        .filter(|at| *at < 26)
        .map_or('?', |at| char::from(b'A'.saturating_add(at)))
}
