//! The drawing of a model's architecture, laid out by rule from its operators.
//!
//! [`scene`] places everything in CSS pixels; the page draws it as SVG in its document, [`svg`] as a file.

mod block;
mod branches;
mod columns;
mod groups;
mod inputs;
mod inside;
mod pencil;
mod rail;
mod rows;
mod scene;
mod show;
mod sizes;
mod spacing;
mod svg;
mod whole;
mod wires;

#[cfg(test)]
mod tests;

pub use scene::{RailCell, Scene, SceneBox, SceneFrame, SceneWire, SceneWords, WireKind, text_width};
pub use show::Show;
pub use sizes::{SMALL, TITLE};
pub use svg::{cells, heads, heat, rounded, size, svg};
pub use whole::{Plan, opened, opens, scene, usually_open};
