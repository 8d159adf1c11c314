//! Explanations: the same formulas, traced, and turned into words.

mod figure;
mod figures;
mod render;
mod sentences;
mod sharded;

pub use figure::Figure;

use serde::Serialize;

use super::summary::Analysis;
use crate::units::UnitSystem;

/// A piece of a formula.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", content = "text", rename_all = "snake_case")]
pub enum Piece {
    /// A name.
    Name(String),
    /// A number or a sign.
    Plain(String),
}

/// An input and where it came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Input {
    /// Its name in the formula.
    pub name: String,
    /// Its value.
    pub value: String,
    /// Where it came from.
    pub origin: String,
}

/// A part that can be opened in turn.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Part {
    /// Its name.
    pub name: String,
    /// Its value with unit.
    pub value: String,
    /// Its share of the whole, for sums.
    pub share: Option<f64>,
    /// Component or memory part, for the colour.
    pub key: Option<String>,
}

/// Why a number is what it is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explanation {
    /// What it is and its value: `KV cache: 1.06 GiB`.
    pub title: String,
    /// What it is, in a sentence.
    pub about: String,
    /// The formula in names.
    pub formula: Vec<Piece>,
    /// The formula in values, with its result.
    pub values: String,
    /// The inputs.
    pub inputs: Vec<Input>,
    /// The parts, each of which can be opened.
    pub parts: Vec<Part>,
    /// What is not counted.
    pub not_counted: String,
    /// Where the formula comes from.
    pub source: &'static str,
}

/// Explains a figure; `path` opens its parts one after the other.
pub fn explain(analysis: &Analysis, figure: Figure, path: &[usize], units: UnitSystem) -> Option<Explanation> {
    let setup = &*analysis.setup;
    let (mut current, mut unit) = figures::trace(setup, figure)?;
    for &step in path {
        (current, unit) = render::openable(&current, unit).into_iter().nth(step)?;
    }
    let words = path.is_empty().then(|| sentences::words(setup, figure));
    Some(render::render(&current, unit, units, words))
}
