//! Normalisation.

use super::super::component::Component;
use super::super::operator::{Block, Live, Operator, Role};
use super::super::tensor::Tensor;
use super::cost;
use crate::units::Quantity;

/// Kinds of normalisation by their parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Norm {
    /// Root mean square, one weight an element.
    Rms,
    /// Mean and variance, weight and bias.
    Layer,
    /// Mean and variance, weight only.
    LayerWithoutBias,
    /// Mean and variance, no parameters (OLMo 1).
    Plain,
}

impl Norm {
    /// The tensors of a norm of this kind over the last dimension of `dims`.
    pub fn tensors(self, module: &str, component: Component, dims: &[&Quantity]) -> Vec<Tensor> {
        let tensor = |part: &str| {
            Tensor::new(
                format!("{module}.{part}"),
                super::super::tensor::TensorKind::Vector,
                component,
                dims,
            )
        };
        match self {
            Self::Rms | Self::LayerWithoutBias => vec![tensor("weight")],
            Self::Layer => vec![tensor("weight"), tensor("bias")],
            Self::Plain => Vec::new(),
        }
    }
    /// Operations an element.
    pub const fn flops(self) -> u64 {
        match self {
            Self::Rms => cost::RMS_NORM,
            _ => cost::LAYER_NORM,
        }
    }
}

/// A norm of the residual stream.
pub fn norm(kind: Norm, module: &'static str, hidden: &Quantity) -> Block {
    let mut operator = Operator::elementwise(module, Component::Norm, hidden, kind.flops(), 1);
    operator.tensors = kind.tensors(module, Component::Norm, &[hidden]);
    let title = if kind == Norm::Rms { "RMSNorm" } else { "LayerNorm" };
    Block {
        operators: vec![operator],
        saved: vec![Live::new("norm input", hidden)],
        ..Block::new(title, Role::Norm)
    }
}
