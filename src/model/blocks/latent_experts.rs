//! Experts that work in a narrower space than the residual stream.

use super::super::component::Component;
use super::super::operator::{Block, Live, Operator, Step};
use super::experts::{RoutedExperts, routed, routed_within};
use super::{Norm, linear};
use crate::units::Quantity;

/// Builds a block of routed experts between two projections `[latent, hidden]` and `[hidden, latent]`; without a latent,
/// plain routed experts. Router and shared experts read the hidden state.
///
/// Source: Nemotron 3 Super, section on LatentMoE. `bias` is that of the projections and of the shared experts.
pub fn latent_experts(
    hidden: &Quantity,
    latent: Option<&Quantity>,
    names: [&'static str; 2],
    bias: bool,
    style: &RoutedExperts,
) -> Block {
    let Some(latent) = latent else {
        let mut block = routed(hidden, style);
        add_biases(&mut block, bias);
        return block;
    };
    let mut block = routed_within(hidden, latent, style);
    add_biases(&mut block, bias);
    let [down, up] = names;
    let part = Component::Experts;
    let first = first_expert(&block);
    block
        .operators
        .insert(first, linear("latent down", down, part, latent, hidden, bias));
    let after = last_expert(&block);
    block
        .operators
        .insert(after, linear("latent up", up, part, hidden, latent, bias));
    let latent = Live::new("latent", latent);
    block.live.push(latent.clone());
    block.saved.push(latent);
    block
}

/// Puts a norm over the experts' sum before it leaves the latent space.
pub fn latent_norm(mut block: Block, module: &str, latent: &Quantity) -> Block {
    let at = last_expert(&block);
    let mut norm = Operator::elementwise("latent norm", Component::Norm, latent, Step::Norm(Norm::Rms), 1);
    norm.tensors = Norm::Rms.tensors(module, Component::Norm, &[latent]);
    block.operators.insert(at, norm);
    block
}

fn first_expert(block: &Block) -> usize {
    let found = block.operators.iter().position(|one| one.name.starts_with("expert "));
    found.unwrap_or(block.operators.len())
}

fn last_expert(block: &Block) -> usize {
    let found = block.operators.iter().rposition(|one| one.name.starts_with("expert "));
    found.map_or(block.operators.len(), |at| at + 1)
}

/// Puts biases on the shared experts' matrices.
pub fn add_biases(block: &mut Block, bias: bool) {
    if !bias {
        return;
    }
    let shared = block
        .operators
        .iter_mut()
        .filter(|one| one.component == Component::SharedExperts);
    for operator in shared {
        let found = operator.tensors.first().and_then(|weight| {
            let width = weight.dims.first()?;
            let name = format!("{}.bias", weight.module());
            Some(super::super::tensor::Tensor::vector(name, weight.component, width))
        });
        operator.tensors.extend(found);
    }
}
