//! Small changes to the finished blocks of a layer, shared by families.

use super::super::blocks::{Norm, head, output_gate};
use super::super::component::Component;
use super::super::config::Config;
use super::super::error::ModelError;
use super::super::operator::{Block, Kind, Operator, Role, Step};
use super::super::tensor::Tensor;
use super::assembly::Assembly;
use super::decoder::Place;
use crate::units::Quantity;

/// Changes the token mixer of a layer.
pub fn mixer(blocks: Vec<Block>, change: impl Fn(Block) -> Block) -> Vec<Block> {
    role(blocks, Role::TokenMixer, change)
}

/// Changes the channel mixers of a layer.
pub fn channel(blocks: Vec<Block>, change: impl Fn(Block) -> Block) -> Vec<Block> {
    role(blocks, Role::ChannelMixer, change)
}

fn role(blocks: Vec<Block>, role: Role, change: impl Fn(Block) -> Block) -> Vec<Block> {
    let change = |block: Block| if block.role == role { change(block) } else { block };
    blocks.into_iter().map(change).collect()
}

/// Width of what the output projection reads.
pub fn output_width(block: &Block) -> Quantity {
    let found = block.operators.iter().find(|operator| operator.name == "o_proj");
    match found.map(|operator| &operator.kind) {
        Some(Kind::Linear { input, .. }) => input.clone(),
        _ => Quantity::architecture("o_width", 0, "no output projection"),
    }
}

/// Where a projection of this name stands, and how wide what it makes is.
pub fn made(block: &Block, name: &str) -> Option<(usize, Quantity)> {
    let at = block.operators.iter().position(|operator| operator.name == name)?;
    match &block.operators.get(at)?.kind {
        Kind::Linear { output, .. } => Some((at, output.clone())),
        _ => None,
    }
}

/// Query heads of an attention block.
pub fn query_heads(block: &Block) -> Quantity {
    block
        .scores
        .clone()
        .unwrap_or_else(|| Quantity::architecture("heads", 0, "no attention"))
}

/// A gate for each element of attention's output: `[heads·value_dim, hidden]`.
pub fn gate(blocks: Vec<Block>, module: &'static str, hidden: &Quantity) -> Vec<Block> {
    mixer(blocks, |block| {
        let width = output_width(&block);
        output_gate(block, module, &width, hidden, &width)
    })
}

/// A gate for each head of attention's output: `[heads, hidden]`.
pub fn head_gate(blocks: Vec<Block>, module: &'static str, hidden: &Quantity) -> Vec<Block> {
    mixer(blocks, |block| {
        let (heads, width) = (query_heads(&block), output_width(&block));
        output_gate(block, module, &heads, hidden, &width)
    })
}

/// Attention that reads the cache of an earlier layer: no keys and values of its own.
pub fn without_keys(mut block: Block) -> Block {
    block
        .operators
        .retain(|operator| !["k_proj", "v_proj", "k_norm"].contains(&operator.name));
    block.caches.clear();
    block.title = "Attention over an earlier layer's cache";
    block
}

/// Attention whose values are the projection of its keys.
pub fn without_values(mut block: Block) -> Block {
    block.operators.retain(|operator| operator.name != "v_proj");
    block
}

/// Attention that runs twice over the same queries and keys, once for each half of the values' heads (differential
/// attention, arXiv 2410.05258).
pub fn twice(mut block: Block) -> Block {
    let again = block
        .operators
        .iter()
        .position(|operator| matches!(operator.kind, Kind::Attention(_)))
        .and_then(|at| Some((at, block.operators.get(at)?.clone())));
    if let Some((at, mut operator)) = again {
        operator.tensors.clear();
        block.operators.insert(at, operator);
    }
    block
}

/// A norm inside a mixer, before the operator of the given name.
pub fn inner_norm(block: Block, name: &str, module: &'static str, kind: Norm, width: &Quantity) -> Block {
    let mut operator = Operator::elementwise("inner norm", Component::Norm, width, Step::Norm(kind), 1);
    operator.tensors = kind.tensors(module, Component::Norm, &[width]);
    before(block, name, operator)
}

/// Refuses heads that are not as wide together as the stream: classes that norm all of them by the stream's width fail.
///
/// # Errors
/// Another width.
pub fn filled(_: &Config, hidden: &Quantity, _: Place, blocks: Vec<Block>) -> Result<Vec<Block>, ModelError> {
    let mixer = blocks.iter().find(|block| block.role == Role::TokenMixer);
    match mixer.map(|block| output_width(block).value) {
        Some(width) if width != hidden.value => Err(ModelError::Inconsistent(format!(
            "Heads are {width} wide together (head_dim, num_attention_heads); the norms of this class take hidden_size ({}).",
            hidden.value
        ))),
        _ => Ok(blocks),
    }
}

/// A head of as many rows as the key says, where it says so, and not as many as the token table.
///
/// # Errors
/// No number of rows.
pub fn head_rows(config: &Config, all: &mut Assembly<'_>, key: &'static str) -> Result<(), ModelError> {
    if let Some(rows) = config.optional("words written", &[key])? {
        all.tail.pop();
        all.tail.push(head("lm_head", &rows, &all.hidden, all.tied, false));
    }
    Ok(())
}

/// An operator that only holds vectors.
pub fn vectors(name: &'static str, component: Component, width: &Quantity, tensors: Vec<Tensor>) -> Operator {
    let mut operator = Operator::elementwise(name, component, width, Step::Plain(1), 1);
    operator.tensors = tensors;
    operator
}

/// Puts an operator before the one of the given name, or at the end.
pub fn before(mut block: Block, name: &str, operator: Operator) -> Block {
    let at = block
        .operators
        .iter()
        .position(|known| known.name == name)
        .unwrap_or(block.operators.len());
    block.operators.insert(at, operator);
    block
}
