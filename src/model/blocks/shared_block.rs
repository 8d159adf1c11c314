//! Blocks whose weights several layers share, with small adapters of their own (Zamba).

use super::super::component::Component;
use super::super::operator::{Block, Live, Operator, Role};
use super::attention::Heads;
use super::linear;
use crate::units::Quantity;

/// Says how many copies of the block's tensors there really are.
pub fn share(block: &mut Block, physical: &Quantity) {
    for tensor in block.operators.iter_mut().flat_map(|operator| &mut operator.tensors) {
        tensor.physical = Some(physical.clone());
    }
}

/// Attention over a wider input whose result has the width of the residual stream: `o_proj` is `[hidden, heads·dim]`.
pub fn narrowed(mut block: Block, module: &str, hidden: &Quantity, heads: &Heads) -> Block {
    let width = Quantity::product("o_width", &[&heads.queries, &heads.value_dim]);
    let output = linear("o_proj", module, Component::Projection, hidden, &width, false);
    for operator in &mut block.operators {
        if operator.name == "o_proj" {
            *operator = output.clone();
        }
    }
    block
}

/// Adds a low-rank adapter of the layer's own: `[rank, input]` and `[output, rank]`. Source: Zamba2, arXiv 2411.15242.
pub fn adapt(block: &mut Block, module: &str, widths: [&Quantity; 3]) {
    let [input, rank, output] = widths;
    let component = block.operators.first().map_or(Component::Mlp, |first| first.component);
    block.operators.extend([
        linear("adapter down", &format!("{module}.0"), component, rank, input, false),
        linear("adapter up", &format!("{module}.1"), component, output, rank, false),
    ]);
    block.saved.push(Live::new("adapter", rank));
}

/// A matrix `[hidden, hidden]` between two mixers.
pub fn step(title: &'static str, module: &'static str, hidden: &Quantity) -> Block {
    let operators: Vec<Operator> = vec![linear(module, module, Component::Projection, hidden, hidden, false)];
    let live = vec![Live::new("input", hidden), Live::new("output", hidden)];
    Block {
        operators,
        saved: live.clone(),
        live,
        ..Block::new(title, Role::ChannelMixer)
    }
}
