//! Normalisation.

use super::super::component::Component;
pub use super::super::operator::Norm;
use super::super::operator::{Block, Live, Operator, Role, Step};
use super::super::tensor::Tensor;
use crate::units::Quantity;

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
}

/// A norm of the residual stream.
pub fn norm(kind: Norm, module: &'static str, hidden: &Quantity) -> Block {
    let mut operator = Operator::elementwise(module, Component::Norm, hidden, Step::Norm(kind), 1);
    operator.tensors = kind.tensors(module, Component::Norm, &[hidden]);
    let title = if kind == Norm::Rms { "RMSNorm" } else { "LayerNorm" };
    Block {
        operators: vec![operator],
        saved: vec![Live::new("norm input", hidden)],
        ..Block::new(title, Role::Norm)
    }
}
