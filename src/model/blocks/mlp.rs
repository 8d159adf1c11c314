//! Dense feed-forward networks.

use super::super::component::Component;
use super::super::operator::{Block, Live, Operator, Role, Step};
use super::super::tensor::Sharding;
use super::linear;
use crate::units::Quantity;

/// What varies between families.
#[derive(Clone, Debug)]
pub struct Mlp {
    /// Intermediate width.
    pub width: Quantity,
    /// Module names: gate (none for a plain MLP), up, down; one name for gate and up is one matrix `[2·width, hidden]`.
    pub gate: Option<&'static str>,
    /// Up, or the first matrix.
    pub up: &'static str,
    /// Down, or the second matrix.
    pub down: &'static str,
    /// Whether each matrix has a bias.
    pub bias: bool,
    /// The component it counts for.
    pub component: Component,
}

/// Builds the block: gated is `down(act(gate(x)) · up(x))`, three matrices (Shazeer, arXiv 2002.05202); plain is
/// `down(act(up(x)))`, two.
pub fn mlp(hidden: &Quantity, style: &Mlp) -> Block {
    let Mlp {
        width,
        gate,
        up,
        down,
        bias,
        component,
    } = style;
    let mut operators = Vec::new();
    if *gate == Some(*up) {
        let twice = width.times("gate_and_up", 2);
        operators.push(linear("gate_up_proj", up, *component, &twice, hidden, *bias));
    } else {
        if let Some(gate) = gate {
            operators.push(linear("gate_proj", gate, *component, width, hidden, *bias));
        }
        operators.push(linear("up_proj", up, *component, width, hidden, *bias));
    }
    let (step, reads) = if gate.is_some() {
        (Step::GatedActivation, 2)
    } else {
        (Step::Activation, 1)
    };
    operators.push(Operator::elementwise("activation", *component, width, step, reads));
    operators.push(linear("down_proj", down, *component, hidden, width, *bias).sharded(Sharding::Rows));
    // Gate, up and their product are kept; the activation itself is recomputed by fused kernels.
    let mut widths: Vec<Live> = gate.iter().map(|_| Live::new("gate", width)).collect();
    widths.extend([Live::new("up", width), Live::new("activated", width)]);
    let mut live = vec![Live::new("MLP input", hidden)];
    live.extend(widths);
    let title = if gate.is_some() { "Gated MLP" } else { "MLP" };
    Block {
        operators,
        saved: live.clone(),
        live,
        ..Block::new(title, Role::ChannelMixer)
    }
}
