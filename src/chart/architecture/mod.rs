//! The drawing of a model's architecture, laid out by rule from its operators.
//!
//! [`scene`] places everything in CSS pixels; the page draws it as SVG in its document, [`svg`] as a file.

mod block;
mod rail;
mod scene;
mod show;
mod spacing;
mod svg;
mod whole;

#[cfg(test)]
mod tests;

pub use block::{SMALL, TITLE};
pub use scene::{RailCell, Scene, SceneBox, SceneFrame, SceneWire, SceneWords, WireKind, text_width};
pub use show::Show;
pub use svg::{cells, heads, heat, rounded, size, svg};
pub use whole::{Plan, opened, opens, scene, usually_open};
