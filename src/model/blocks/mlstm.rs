//! Matrix LSTM: linear attention with exponential gates and a normaliser.

use super::super::component::Component;
use super::super::operator::{Block, Live, Norm, Operator, Role, Scan, State, Step};
use super::super::tensor::Tensor;
use super::linear;
use super::mamba::scan;
use crate::units::Quantity;

/// Dimensions of the matrix LSTM.
#[derive(Clone, Debug)]
pub struct MatrixLstm {
    /// Heads.
    pub heads: Quantity,
    /// Width of all queries, and of all keys.
    pub keys: Quantity,
    /// Width of all values.
    pub values: Quantity,
    /// Tokens of a chunk.
    pub chunk: Quantity,
    /// Whether projections and norm have biases; the gates always do.
    pub bias: bool,
}

/// Builds the block. Source: Beck 2024, arXiv 2405.04517; Beck 2025, arXiv 2503.13427.
///
/// Shapes: q and k `[keys, hidden]`, v and output gate `[values, hidden]`, input and forget gates `[heads, hidden]` with
/// biases, a norm `[values]`, out `[hidden, values]`.
pub fn matrix_lstm(hidden: &Quantity, style: &MatrixLstm) -> Block {
    let MatrixLstm {
        heads,
        keys,
        values,
        chunk,
        bias,
    } = style;
    let part = Component::StateSpace;
    let name = |module: &str| format!("mlstm_layer.{module}");
    let project = |label, module: &str, width: &Quantity, bias| linear(label, &name(module), part, width, hidden, bias);
    let key_dim = Quantity::quotient("key_dim", keys, heads);
    let value_dim = Quantity::quotient("value_dim", values, heads);
    let mut norm = Operator::elementwise("norm", Component::Norm, values, Step::Norm(Norm::Layer), 1);
    let parts: &[&str] = if *bias { &["weight", "bias"] } else { &["weight"] };
    norm.tensors = parts
        .iter()
        .map(|part| Tensor::vector(name(&format!("multihead_norm.{part}")), Component::Norm, values))
        .collect();
    let inputs = Quantity::sum("q, k, v and gate", &[keys, keys, values, values]);
    let live = vec![
        Live::new("mixer input", hidden),
        Live::new("queries, keys, values and gate", &inputs),
        Live::new("scanned", values),
        Live::new("gated", values),
    ];
    Block {
        operators: vec![
            project("q", "q", keys, *bias),
            project("k", "k", keys, *bias),
            project("v", "v", values, *bias),
            project("ogate_preact", "ogate_preact", values, *bias),
            project("igate_preact", "igate_preact", heads, true),
            project("fgate_preact", "fgate_preact", heads, true),
            scan(Scan::MatrixLstm {
                heads: heads.clone(),
                key_dim: key_dim.clone(),
                value_dim: value_dim.clone(),
                chunk: chunk.clone(),
            }),
            norm,
            Operator::elementwise("gate", part, values, Step::GatedActivation, 2),
            linear("out_proj", &name("out_proj"), part, hidden, values, *bias),
        ],
        states: vec![
            State::Recurrent {
                elements: Quantity::product("state", &[heads, &key_dim, &value_dim]),
            },
            State::Recurrent {
                elements: Quantity::product("normaliser", &[heads, &key_dim]),
            },
            State::Recurrent {
                elements: heads.clone(),
            },
        ],
        saved: live.clone(),
        live,
        ..Block::new("Matrix LSTM", Role::TokenMixer)
    }
}
