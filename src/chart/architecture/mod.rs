//! The drawing of a model's architecture, laid out by rule from its operators.
//!
//! [`scene`] places everything in CSS pixels; the page draws it as SVG in its document, [`svg`] as a file.

mod block;
mod rail;
mod scene;
mod show;
mod svg;
mod whole;

pub use block::grid_columns;
pub use rail::place_words;
pub use scene::{RailCell, Scene, SceneBox, SceneFrame, SceneWire, SceneWords, text_width};
pub use show::Show;
pub use svg::{rounded, svg};
pub use whole::{Plan, fits, group_words, largest_component, opened, opens, scene, usually_open};
