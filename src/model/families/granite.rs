//! Granite, dense.

use super::{Decoder, Family};

/// A Llama whose multipliers are constants, not parameters.
pub const FAMILIES: &[Family] = &[Family {
    types: &["granite"],
    title: "Granite",
    decoder: Decoder::LLAMA,
}];
