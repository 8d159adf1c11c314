//! Which operator reads what: the wires inside a block, and how the blocks of a layer stand to the residual stream.
//!
//! A blueprint lists operators in the order in which they run. What each of them reads follows from its shape: a matrix whose
//! input is the stream reads the stream, one whose input is a named width reads the last operator that makes it, a product of
//! two halves reads both, attention reads whatever nobody else took. No family is drawn by hand.

mod labels;
mod layer;
mod nodes;
mod part;
mod places;
mod shapes;
mod wires;

pub use labels::{label, purpose};
pub use layer::{Branch, branches};
pub use nodes::{BlockDrawing, Joint, Look, Node};
pub use part::{Group, NoPart, PartId, Piece};
pub use places::{MOST, group_words, largest_component, place_words, runs, tint};
pub use shapes::{shape_words, span_words, width_words};
pub use wires::{End, Wire, wires};
