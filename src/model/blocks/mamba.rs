//! Selective state spaces: Mamba 1 and Mamba 2.

use super::super::component::Component;
use super::super::operator::{Block, Kind, Live, Operator, Role, Scan, State, Step};
use super::super::tensor::{Tensor, TensorKind};
use super::convolution::{activated, convolution};
use super::{Norm, linear};
use crate::units::Quantity;

const PART: Component = Component::StateSpace;

/// Dimensions of Mamba 1.
#[derive(Clone, Debug)]
pub struct Mamba1 {
    /// Module inside the layer.
    pub module: &'static str,
    /// Inner width.
    pub inner: Quantity,
    /// State a channel.
    pub state: Quantity,
    /// Tokens the convolution sees.
    pub kernel: Quantity,
    /// Rank of the time step's projection.
    pub rank: Quantity,
    /// Whether the convolution has a bias.
    pub conv_bias: bool,
    /// Whether the input and output projections have biases.
    pub bias: bool,
    /// Whether time step, B and C are normed with weights (Jamba).
    pub norms: bool,
    /// Heads into which the inner width is split for the time step, B and C (Zamba).
    pub heads: Option<Quantity>,
}

/// Builds the block. Source: Gu 2023, arXiv 2312.00752.
///
/// Shapes: in `[2·inner, hidden]`, x `[rank + 2·state, inner]`, dt `[inner, rank]` with bias, A `[inner, state]`,
/// D `[inner]`, out `[hidden, inner]`.
pub fn mamba1(hidden: &Quantity, style: &Mamba1) -> Block {
    let Mamba1 {
        module,
        inner,
        state,
        kernel,
        rank,
        ..
    } = style;
    let name = |part: &str| format!("{module}.{part}");
    let twice = inner.times("2 × inner", 2);
    let selected = Quantity::sum("dt_b_c", &[rank, &state.times("2 × state", 2)]);
    let mut select = linear("x_proj", &name("x_proj"), PART, &selected, inner, false);
    let mut step = linear("dt_proj", &name("dt_proj"), PART, inner, rank, true);
    if let Some(heads) = &style.heads {
        // One matrix for each head, of the same size in all.
        let width = Quantity::quotient("head_width", inner, heads);
        let matrix = |part: &str, dims: &[&Quantity]| Tensor::new(name(part), TensorKind::Matrix, PART, dims);
        select.tensors = vec![matrix("x_proj_weight", &[heads, &selected, &width])];
        step.tensors = vec![
            matrix("dt_proj_weight", &[heads, &width, rank]),
            Tensor::new(name("dt_proj_bias"), TensorKind::Vector, PART, &[heads, &width]),
        ];
    }
    let mut operators = vec![
        linear("in_proj", &name("in_proj"), PART, &twice, hidden, style.bias),
        convolution(&[(name("conv1d"), inner)], inner, kernel, style.conv_bias),
        activated(inner),
        select,
    ];
    if style.norms {
        for (label, part, width) in [
            ("dt norm", "dt_layernorm", rank),
            ("B norm", "b_layernorm", state),
            ("C norm", "c_layernorm", state),
        ] {
            let mut operator = Operator::elementwise(label, Component::Norm, width, Step::Norm(Norm::Rms), 1);
            operator.tensors = Norm::Rms.tensors(&name(part), Component::Norm, &[width]);
            operators.push(operator);
        }
    }
    operators.push(step);
    let mut decay = Operator::elementwise("decay and skip", PART, inner, Step::Plain(2), 1);
    decay.tensors = vec![
        Tensor::new(name("A_log"), TensorKind::Vector, PART, &[inner, state]),
        Tensor::vector(name("D"), PART, inner),
    ];
    operators.extend([
        decay,
        scan(Scan::Mamba1 {
            inner: inner.clone(),
            state: state.clone(),
        }),
        Operator::elementwise("gate", PART, inner, Step::GatedActivation, 2),
        linear("out_proj", &name("out_proj"), PART, hidden, inner, style.bias),
    ]);
    let live = vec![
        Live::new("mixer input", hidden),
        Live::new("values and gate", &twice),
        Live::new("convolved", inner),
        Live::new("time step, B and C", &selected),
        Live::new("time steps", inner),
        Live::new("scanned", inner),
    ];
    Block {
        operators,
        states: states(inner, kernel, Quantity::product("state", &[inner, state])),
        saved: live.clone(),
        live,
        ..Block::new("Mamba", Role::TokenMixer)
    }
}

/// Dimensions of Mamba 2.
#[derive(Clone, Debug)]
pub struct Mamba2 {
    /// Module inside the layer.
    pub module: &'static str,
    /// Heads.
    pub heads: Quantity,
    /// Width of a head.
    pub head_dim: Quantity,
    /// Inner width: heads × width of a head.
    pub inner: Quantity,
    /// Groups of heads that share B and C.
    pub groups: Quantity,
    /// State a channel.
    pub state: Quantity,
    /// Tokens the convolution sees.
    pub kernel: Quantity,
    /// Tokens of a chunk.
    pub chunk: Quantity,
    /// Whether the convolution has a bias.
    pub conv_bias: bool,
    /// Whether the input projection has a bias.
    pub input_bias: bool,
    /// Whether the output projection has a bias.
    pub output_bias: bool,
    /// Whether the gated result is normed.
    pub norm: bool,
}

/// Builds the block. Source: Dao 2024, arXiv 2405.21060.
///
/// Shapes: in `[2·inner + 2·groups·state + heads, hidden]`, convolution over `inner + 2·groups·state` channels, A, D and
/// the time step's bias `[heads]`, out `[hidden, inner]`.
pub fn mamba2(hidden: &Quantity, style: &Mamba2) -> Block {
    let Mamba2 {
        module,
        heads,
        head_dim,
        inner,
        groups,
        state,
        kernel,
        chunk,
        ..
    } = style;
    let name = |part: &str| format!("{module}.{part}");
    let shared = Quantity::product("B and C", &[groups, state]).times("B and C", 2);
    let channels = Quantity::sum("channels", &[inner, &shared]);
    let width = Quantity::sum("in_width", &[inner, &channels, heads]);
    let mut steps = Operator::elementwise("time steps", PART, heads, Step::Plain(5), 1);
    steps.tensors = ["dt_bias", "A_log", "D"]
        .iter()
        .map(|part| Tensor::vector(name(part), PART, heads))
        .collect();
    let mut operators = vec![
        linear("in_proj", &name("in_proj"), PART, &width, hidden, style.input_bias),
        convolution(&[(name("conv1d"), &channels)], &channels, kernel, style.conv_bias),
        activated(&channels),
        steps,
        scan(Scan::Mamba2 {
            heads: heads.clone(),
            head_dim: head_dim.clone(),
            state: state.clone(),
            chunk: chunk.clone(),
        }),
        Operator::elementwise("gate", PART, inner, Step::GatedActivation, 2),
    ];
    if style.norm {
        let mut norm = Operator::elementwise("gated norm", Component::Norm, inner, Step::Norm(Norm::Rms), 1);
        norm.tensors = Norm::Rms.tensors(&name("norm"), Component::Norm, &[inner]);
        operators.push(norm);
    }
    operators.push(linear(
        "out_proj",
        &name("out_proj"),
        PART,
        hidden,
        inner,
        style.output_bias,
    ));
    let live = vec![
        Live::new("mixer input", hidden),
        Live::new("gate, values, B, C and time steps", &width),
        Live::new("convolved", &channels),
        Live::new("scanned", inner),
        Live::new("gated", inner),
    ];
    Block {
        operators,
        states: states(&channels, kernel, Quantity::product("state", &[heads, head_dim, state])),
        saved: live.clone(),
        live,
        ..Block::new("Mamba 2", Role::TokenMixer)
    }
}

/// A recurrence as an operator.
pub fn scan(kind: Scan) -> Operator {
    Operator {
        name: "scan",
        component: PART,
        kind: Kind::Scan(Box::new(kind)),
        tensors: Vec::new(),
    }
}

/// States of a convolution and a recurrence.
pub fn states(channels: &Quantity, kernel: &Quantity, elements: Quantity) -> Vec<State> {
    vec![
        State::Conv {
            channels: channels.clone(),
            kernel: kernel.clone(),
        },
        State::Recurrent { elements },
    ]
}
