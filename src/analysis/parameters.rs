//! Parameters: every tensor once.

use crate::model::blueprint::Repeated;
use crate::model::operator::Operator;
use crate::model::{Blueprint, Component, Tensor};
use crate::units::{Number, sort_few};

/// Parameters by component, and those one token uses.
#[derive(Clone, Debug)]
pub struct Parameters<N> {
    /// For each component that has any.
    pub by_component: Vec<(Component, N)>,
    /// All of them.
    pub total: N,
    /// Everything but the routed experts that a token does not use; embedding and head included.
    pub active: N,
}

/// Counts the parameters of a model: the product of each tensor's dimensions, times its layers.
pub fn parameters<N: Number>(blueprint: &Blueprint) -> Parameters<N> {
    let mut by_component: Vec<(Component, N)> = Vec::new();
    let mut active = Vec::new();
    for place in blueprint.blocks() {
        for operator in &place.block.operators {
            for tensor in operator.tensors.iter().filter(|tensor| tensor.is_parameter()) {
                let (elements, used) = of_tensor::<N>(place, operator, tensor);
                active.push(used);
                add(&mut by_component, tensor.component, elements);
            }
        }
    }
    sort_few(&mut by_component, |(component, _)| *component);
    let by_component: Vec<_> = by_component
        .into_iter()
        .map(|(component, count)| (component, count.named(component.label(), component.about())))
        .collect();
    let total = N::sum(by_component.iter().map(|(_, count)| count.clone()))
        .named(
            "parameters",
            "Every tensor of the model once; tied tensors are not counted again.",
        )
        .without("Buffers, and layers for multi-token prediction that a checkpoint may hold besides.");
    let active = N::sum(active).named(
        "active parameters",
        "What one token passes: everything but the routed experts it does not use.",
    );
    Parameters {
        by_component,
        total,
        active,
    }
}

/// Elements of a parameter in all its layers, and those of them that one token passes: of routed experts the chosen ones.
pub(super) fn of_tensor<N: Number>(place: Repeated<'_>, operator: &Operator, tensor: &Tensor) -> (N, N) {
    let all = place.stored(tensor, tensor.elements::<N>()).named(&tensor.name, "");
    let used = match operator.routing() {
        Some(routing) if tensor.copies.is_some() => place
            .stored(tensor, N::input(&routing.top_k).times(tensor.one::<N>()))
            .named(&tensor.name, ""),
        _ => all.clone(),
    };
    (all, used)
}

/// Adds to the entry of a component.
pub fn add<N: Number>(list: &mut Vec<(Component, N)>, component: Component, value: N) {
    match list.iter_mut().find(|(known, _)| *known == component) {
        Some((_, sum)) => *sum = sum.clone().plus(value),
        None => list.push((component, value)),
    }
}
