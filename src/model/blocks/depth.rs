//! Attention over depth: each mixer reads a weighted sum of earlier block outputs (Kimi K3).

use super::super::component::Component;
use super::super::operator::{Block, Kind, Live, Norm, Operator, Role, Rows, Step};
use super::super::tensor::{Tensor, TensorKind};
use crate::units::Quantity;

/// The weights of one place that reads from depth: a norm `[hidden]` and a scoring vector `[1, hidden]`.
///
/// What they cost is in [`depth_mixing`], for all places together: it grows with depth.
pub fn depth_weights(module: &str, hidden: &Quantity) -> Operator {
    let one = Quantity::architecture("one", 1, "one score a stored output");
    let part = Component::Norm;
    let tensor =
        |name: &str, dims: &[&Quantity]| Tensor::new(format!("{module}_{name}"), TensorKind::Vector, part, dims);
    let mut operator = Operator::elementwise("weights over depth", part, hidden, Step::Plain(0), 0);
    operator.tensors = vec![tensor("norm.weight", &[hidden]), tensor("proj.weight", &[&one, hidden])];
    operator
}

/// Outputs read at all places together, a token. A layer whose index is a multiple of `block` stores its input.
///
/// Before the token mixer of layer i: those stored, and the running sum; nothing where none is stored. Before its channel
/// mixer: its own input may be stored by then. Once more after the last layer.
pub fn depth_rows(layers: u64, block: u64) -> u64 {
    let block = block.max(1);
    let places = (0..layers).map(|layer| {
        let stored = layer.div_ceil(block);
        let before = if stored > 0 { stored + 1 } else { 0 };
        before + layer / block + 2
    });
    places.fold(layers.div_ceil(block) + 1, u64::saturating_add)
}

/// All reading from depth as one block: a norm and a score for each output read, softmax and weighted sum.
pub fn depth_mixing(module: &str, hidden: &Quantity, rows: &Quantity) -> Block {
    let part = Component::Norm;
    let elements = Quantity::product("outputs read × hidden", &[rows, hidden]);
    let scores = Operator {
        name: "scores over depth",
        component: part,
        kind: Kind::Linear {
            rows: Rows::Tokens,
            input: hidden.clone(),
            output: rows.clone(),
            routing: None,
        },
        tensors: Vec::new(),
    };
    Block {
        operators: vec![
            depth_weights(module, hidden),
            Operator::elementwise("norms over depth", part, &elements, Step::Norm(Norm::Rms), 1),
            scores,
            Operator::elementwise("softmax over depth", part, rows, Step::Softmax, 1),
            Operator::elementwise("sum over depth", part, &elements, Step::Plain(2), 1),
        ],
        saved: vec![Live::new("stored output", hidden)],
        ..Block::new("Attention over depth", Role::Norm)
    }
}
