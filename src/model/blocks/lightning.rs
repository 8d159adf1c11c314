//! Lightning attention: linear attention with a fixed decay for each head.

use super::super::component::Component;
use super::super::operator::{Block, Live, Operator, Role, Scan, State, Step};
use super::mamba::scan;
use super::{Norm, linear};
use crate::units::Quantity;

/// Dimensions of lightning attention.
#[derive(Clone, Debug)]
pub struct Lightning {
    /// Heads.
    pub heads: Quantity,
    /// Width of a head.
    pub head_dim: Quantity,
    /// Tokens of a block.
    pub block: Quantity,
}

/// Builds the block. Source: Qin 2024, arXiv 2401.04658; MiniMax-01, arXiv 2501.08313.
///
/// Shapes: qkv `[3·heads·head_dim, hidden]`, gate `[heads·head_dim, hidden]`, norm `[heads·head_dim]`, out back.
pub fn lightning(hidden: &Quantity, style: &Lightning) -> Block {
    let Lightning { heads, head_dim, block } = style;
    let part = Component::StateSpace;
    let width = Quantity::product("width", &[heads, head_dim]);
    let three = width.times("3 × width", 3);
    let mut norm = Operator::elementwise("norm", Component::Norm, &width, Step::Norm(Norm::Rms), 1);
    norm.tensors = Norm::Rms.tensors("self_attn.norm", Component::Norm, &[&width]);
    let live = vec![
        Live::new("mixer input", hidden),
        Live::new("queries, keys and values", &three),
        Live::new("scanned", &width),
        Live::new("gate", &width),
    ];
    Block {
        operators: vec![
            linear("qkv_proj", "self_attn.qkv_proj", part, &three, hidden, false),
            Operator::elementwise("activation", part, &three, Step::Activation, 1),
            scan(Scan::Lightning {
                heads: heads.clone(),
                head_dim: head_dim.clone(),
                block: block.clone(),
            }),
            norm,
            linear("output_gate", "self_attn.output_gate", part, &width, hidden, false),
            Operator::elementwise("gate", part, &width, Step::GatedActivation, 2),
            linear("out_proj", "self_attn.out_proj", part, hidden, &width, false),
        ],
        states: vec![State::Recurrent {
            elements: Quantity::product("state", &[heads, head_dim, head_dim]),
        }],
        saved: live.clone(),
        live,
        ..Block::new("Lightning attention", Role::TokenMixer)
    }
}
