//! The recurrent block of Griffin: a gated linear recurrence behind a short convolution.

use super::super::component::Component;
use super::super::operator::{Block, Kind, Live, Operator, Role, Rows, Scan, State, Step};
use super::super::tensor::{Tensor, TensorKind};
use super::convolution::convolution;
use super::linear;
use super::mamba::scan;
use crate::units::Quantity;

/// Dimensions of the recurrent block.
#[derive(Clone, Debug)]
pub struct Recurrent {
    /// Width of the recurrence.
    pub width: Quantity,
    /// Blocks of the diagonal gates.
    pub heads: Quantity,
    /// Tokens the convolution sees.
    pub kernel: Quantity,
}

/// Operations an element and token of the recurrence: gates' products, decay, root, sum.
const RECURRENCE: u64 = 10;

/// Builds the block. Source: De 2024, arXiv 2402.19427.
///
/// Shapes: x and y `[width, hidden]`, out `[hidden, width]`, all with biases; two block-diagonal gates
/// `[heads, width ÷ heads, width ÷ heads]` with biases; convolution over the width; a decay `[width]`.
pub fn recurrent(hidden: &Quantity, style: &Recurrent) -> Block {
    let Recurrent { width, heads, kernel } = style;
    let part = Component::StateSpace;
    let name = |module: &str| format!("temporal_block.{module}");
    let each = Quantity::quotient("gate_width", width, heads);
    let gate = |label: &'static str, module: &str| Operator {
        name: label,
        component: part,
        kind: Kind::Linear {
            rows: Rows::Tokens,
            input: each.clone(),
            output: width.clone(),
            routing: None,
        },
        tensors: vec![
            Tensor::new(
                name(&format!("rg_lru.{module}_weight")),
                TensorKind::Matrix,
                part,
                &[heads, &each, &each],
            ),
            Tensor::new(
                name(&format!("rg_lru.{module}_bias")),
                TensorKind::Vector,
                part,
                &[heads, &each],
            ),
        ],
    };
    let mut decay = Operator::elementwise("decay", part, width, Step::Plain(3), 1);
    decay.tensors = vec![Tensor::vector(name("rg_lru.recurrent_param"), part, width)];
    let live = vec![
        Live::new("mixer input", hidden),
        Live::new("gate", width),
        Live::new("values", width),
        Live::new("convolved", width),
        Live::new("input gate", width),
        Live::new("recurrent gate", width),
        Live::new("scanned", width),
    ];
    // The convolution keeps the tokens before the current one.
    let before = Quantity::difference(
        "kernel − 1",
        kernel,
        &Quantity::architecture("one", 1, "the current token is not kept"),
    );
    Block {
        operators: vec![
            linear("linear_y", &name("linear_y"), part, width, hidden, true),
            Operator::elementwise("activation", part, width, Step::Activation, 1),
            linear("linear_x", &name("linear_x"), part, width, hidden, true),
            convolution(&[(name("conv_1d"), width)], width, kernel, true),
            gate("input gate", "input_gate"),
            gate("recurrent gate", "recurrent_gate"),
            decay,
            scan(Scan::Elementwise {
                flops: width.times("operations", RECURRENCE),
            }),
            Operator::elementwise("gate", part, width, Step::Plain(1), 2),
            linear("linear_out", &name("linear_out"), part, hidden, width, true),
        ],
        states: vec![
            State::Plain {
                elements: Quantity::product("last inputs", &[width, &before]),
            },
            State::Recurrent {
                elements: width.clone(),
            },
        ],
        saved: live.clone(),
        live,
        ..Block::new("Gated linear recurrence", Role::TokenMixer)
    }
}
