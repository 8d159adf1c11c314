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
    let places = (0..layers).map(|layer| {
        let (token, channel) = depth_reads(layer, block);
        token + channel
    });
    places.fold(layers.div_ceil(block.max(1)) + 1, u64::saturating_add)
}

/// Outputs that a token reads before the token mixer of a layer, and before its channel mixer.
pub fn depth_reads(layer: u64, block: u64) -> (u64, u64) {
    let block = block.max(1);
    let stored = layer.div_ceil(block);
    let before = if stored > 0 { stored + 1 } else { 0 };
    (before, layer / block + 2)
}

/// The queries of one place that reads from depth, `[hidden]` or `[queries, hidden]`; norms have no weights (Inkling 2).
pub fn depth_queries(module: &str, hidden: &Quantity, queries: &Quantity) -> Operator {
    let part = Component::Norm;
    let dims = match queries.value {
        1 => vec![hidden],
        _ => vec![queries, hidden],
    };
    let mut operator = Operator::elementwise("weights over depth", part, hidden, Step::Plain(0), 0);
    operator.tensors = vec![Tensor::new(format!("{module}.query"), TensorKind::Vector, part, &dims)];
    operator
}

/// All reading from depth as one block: a norm of each of `rows` outputs read, a score for each of `scores`, which are more where
/// a place has several queries, softmax and weighted sum.
pub fn depth_mixing(weights: Operator, hidden: &Quantity, rows: &Quantity, scores: &Quantity) -> Block {
    let part = Component::Norm;
    let elements = Quantity::product("outputs read × hidden", &[rows, hidden]);
    let product = |name, input: &Quantity, output: &Quantity| Operator {
        name,
        component: part,
        kind: Kind::Linear {
            rows: Rows::Tokens,
            input: input.clone(),
            output: output.clone(),
            routing: None,
        },
        tensors: Vec::new(),
    };
    Block {
        operators: vec![
            weights,
            Operator::elementwise("norms over depth", part, &elements, Step::Norm(Norm::Rms), 1),
            product("scores over depth", hidden, scores),
            Operator::elementwise("softmax over depth", part, scores, Step::Softmax, 1),
            product("sum over depth", scores, hidden),
        ],
        saved: vec![Live::new("stored output", hidden)],
        ..Block::new("Attention over depth", Role::Norm)
    }
}
