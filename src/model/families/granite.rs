//! Granite, dense.

use super::{Build, Decoder, Family};

/// A Llama whose multipliers are constants, not parameters.
pub const FAMILIES: &[Family] = &[Family {
    types: &["granite"],
    title: "Granite",
    build: Build::Decoder(Decoder::LLAMA),
}];
