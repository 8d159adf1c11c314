//! The sentence of the page's answer.

use weighbridge::report;
use weighbridge::units::UnitSystem;

use super::case::Answer;

pub use weighbridge::report::Sentence;

/// The sentence of an answer about a model by its name.
pub fn sentence(answer: &Answer, model: &str, units: UnitSystem) -> Sentence {
    report::sentence(&answer.analysis, model, units)
}
