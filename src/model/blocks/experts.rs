//! Mixture of experts: a router, routed experts, shared experts.

use super::super::component::Component;
use super::super::operator::{Block, Kind, Live, Operator, Role, Routing, Rows, Step};
use super::super::tensor::{Sharding, Tensor, TensorKind};
use super::mlp::{Mlp, mlp};
use crate::units::Quantity;

/// Experts that every token passes.
#[derive(Clone, Debug)]
pub struct SharedExperts {
    /// Their width together.
    pub width: Quantity,
    /// Module that holds them, inside the layer; no gate is an empty name.
    pub module: [&'static str; 3],
    /// Module of the gate that scales them, if there is one: `[1, hidden]`.
    pub gate: Option<&'static str>,
}

/// What varies between families.
#[derive(Clone, Debug)]
pub struct RoutedExperts {
    /// Experts and how many a token uses.
    pub routing: Routing,
    /// Width of one expert.
    pub width: Quantity,
    /// Router module inside the layer.
    pub router: &'static str,
    /// Whether the router has a bias.
    pub router_bias: bool,
    /// A correction bias of the router that is a buffer, by its tensor name.
    pub correction: Option<&'static str>,
    /// Expert modules (gate, up, down) with `{e}` for the number; no gate is an empty name.
    pub modules: [&'static str; 3],
    /// Whether the matrices have biases.
    pub bias: bool,
    /// Shared experts.
    pub shared: Option<SharedExperts>,
}

/// Builds the block. Source: Shazeer 2017 (arXiv 1701.06538); shared experts: DeepSeekMoE, arXiv 2401.06066.
///
/// Shapes: router `[experts, hidden]`; for each expert gate and up `[width, hidden]`, down `[hidden, width]`.
pub fn routed(hidden: &Quantity, style: &RoutedExperts) -> Block {
    routed_within(hidden, hidden, style)
}

/// The same where the routed experts work in a narrower space: `inner` is their input and output width. Router and
/// shared experts read the hidden state.
pub fn routed_within(hidden: &Quantity, inner: &Quantity, style: &RoutedExperts) -> Block {
    let experts = &style.routing.experts;
    let mut router = Operator::linear(
        "router",
        Tensor::new(
            format!("{}.weight", style.router),
            TensorKind::Router,
            Component::Router,
            &[experts, hidden],
        ),
        style
            .router_bias
            .then(|| Tensor::vector(format!("{}.bias", style.router), Component::Router, experts)),
        Rows::Tokens,
        experts,
        hidden,
    );
    router.tensors.extend(
        style
            .correction
            .map(|name| Tensor::new(name, TensorKind::Buffer, Component::Router, &[experts])),
    );
    let choose = Operator::elementwise("softmax and top-k", Component::Router, experts, Step::Softmax, 1);
    let expert = |name, module: &str, out: &Quantity, input: &Quantity| {
        let weight = Tensor::matrix(format!("{module}.weight"), Component::Experts, out, input).each(experts);
        let bias = style
            .bias
            .then(|| Tensor::vector(format!("{module}.bias"), Component::Experts, out).each(experts));
        let mut operator = Operator::linear(name, weight, bias, Rows::Tokens, out, input);
        if let Kind::Linear { routing, .. } = &mut operator.kind {
            *routing = Some(style.routing.clone());
        }
        operator
    };
    let [gate, up, down] = style.modules;
    let width = &style.width;
    let activation = Operator {
        kind: Kind::Elementwise {
            width: width.clone(),
            step: if gate.is_empty() {
                Step::Activation
            } else {
                Step::GatedActivation
            },
            reads: if gate.is_empty() { 1 } else { 2 },
            routing: Some(style.routing.clone()),
        },
        ..Operator::elementwise("activation", Component::Experts, width, Step::Plain(0), 0)
    };
    let mut operators = vec![router, choose];
    if !gate.is_empty() {
        operators.push(expert("expert gate_proj", gate, width, inner));
    }
    operators.extend([
        expert("expert up_proj", up, width, inner),
        activation,
        expert("expert down_proj", down, inner, width).sharded(Sharding::Rows),
    ]);
    let mut live = vec![
        Live::new("MoE input", hidden),
        Live::new("router scores", experts),
        Live::routed("expert input", inner, &style.routing),
    ];
    if !gate.is_empty() {
        live.push(Live::routed("gate", width, &style.routing));
    }
    live.extend([
        Live::routed("up", width, &style.routing),
        Live::routed("activated", width, &style.routing),
    ]);
    let saved = live.clone();
    live.push(Live::routed("expert output", inner, &style.routing));
    let mut block = Block {
        saved,
        ..Block::new("Mixture of experts", Role::ChannelMixer)
    };
    if let Some(shared) = &style.shared {
        let [gate, up, down] = shared.module;
        let dense = mlp(
            hidden,
            &Mlp {
                width: shared.width.clone(),
                gate: (!gate.is_empty()).then_some(gate),
                up,
                down,
                bias: false,
                component: Component::SharedExperts,
            },
        );
        operators.extend(dense.operators);
        block.saved.extend(dense.saved.into_iter().skip(1));
        if let Some(module) = shared.gate {
            let one = Quantity::architecture("one", 1, "one gate for all shared experts");
            operators.push(Operator::linear(
                "shared expert gate",
                Tensor::new(
                    format!("{module}.weight"),
                    TensorKind::Router,
                    Component::SharedExperts,
                    &[&one, hidden],
                ),
                None,
                Rows::Tokens,
                &one,
                hidden,
            ));
        }
    }
    Block {
        operators,
        live,
        ..block
    }
}
