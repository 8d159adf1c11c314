//! Small changes to a finished attention block: gates on its output, no positions.

use super::super::component::Component;
use super::super::operator::{Block, Live, Operator, Step};
use super::linear;
use crate::units::Quantity;

/// Takes the rotary positions out (NoPE).
pub fn without_positions(mut block: Block) -> Block {
    block.operators.retain(|operator| operator.name != "rotary positions");
    block
}

/// Puts a gate over the output before `o_proj`: a matrix of its own, `[width, hidden]`. `output` is the gated width; a
/// narrower gate scales whole heads.
pub fn output_gate(mut block: Block, module: &str, width: &Quantity, hidden: &Quantity, output: &Quantity) -> Block {
    let at = block
        .operators
        .iter()
        .position(|operator| operator.name == "o_proj")
        .unwrap_or(block.operators.len());
    let gate = linear("g_proj", module, Component::Projection, width, hidden, false);
    let apply = Operator::elementwise("gate", Component::Projection, output, Step::GatedActivation, 2);
    block.operators.splice(at..at, [gate, apply]);
    gated(block, width)
}

/// Puts a gate over the output that comes out of `q_proj`, which is twice as wide: `[2·heads·head_dim, hidden]`.
pub fn query_gate(mut block: Block, module: &str, queries: &Quantity, hidden: &Quantity, bias: bool) -> Block {
    let twice = queries.times("q_width and gate", 2);
    let wider = linear("q_proj", module, Component::Projection, &twice, hidden, bias);
    for operator in &mut block.operators {
        if operator.name == "q_proj" {
            *operator = wider.clone();
        }
    }
    let at = block
        .operators
        .iter()
        .position(|operator| operator.name == "o_proj")
        .unwrap_or(block.operators.len());
    let apply = Operator::elementwise("gate", Component::Projection, queries, Step::GatedActivation, 2);
    block.operators.insert(at, apply);
    gated(block, queries)
}

fn gated(mut block: Block, width: &Quantity) -> Block {
    let gate = Live::new("output gate", width);
    block.live.push(gate.clone());
    block.saved.push(gate);
    block
}
