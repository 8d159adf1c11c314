//! A tensor, or part of one, in one format.

use std::borrow::Cow;

use super::super::format::Format;
use super::super::tensor::Tensor;

/// A tensor as it is stored in some of its layers.
#[derive(Clone, Debug, PartialEq)]
pub struct Part<'a> {
    /// The tensor; where a file splits it, one of the pieces.
    pub tensor: Cow<'a, Tensor>,
    /// Its format.
    pub format: &'a Format,
    /// In how many layers.
    pub layers: u64,
}

impl<'a> Part<'a> {
    /// A whole tensor.
    pub const fn borrowed(tensor: &'a Tensor, format: &'a Format, layers: u64) -> Self {
        Self {
            tensor: Cow::Borrowed(tensor),
            format,
            layers,
        }
    }
    /// A piece of one.
    pub const fn owned(tensor: Tensor, format: &'a Format, layers: u64) -> Self {
        Self {
            tensor: Cow::Owned(tensor),
            format,
            layers,
        }
    }
}
