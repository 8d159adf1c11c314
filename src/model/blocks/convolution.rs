//! Short causal convolutions: as a step before a recurrence, and as a token mixer of their own (LFM).

use super::super::component::Component;
use super::super::operator::{Block, Kind, Live, Operator, Role, State, Step};
use super::super::tensor::{Tensor, TensorKind};
use super::linear;
use crate::units::Quantity;

/// A causal convolution of each channel: one weight `[channels, 1, kernel]` for each part, biases `[channels]`.
///
/// `parts` are modules with their channels; they run as one.
pub fn convolution(parts: &[(String, &Quantity)], channels: &Quantity, kernel: &Quantity, bias: bool) -> Operator {
    let one = Quantity::architecture("one", 1, "each channel is convolved alone");
    let component = Component::StateSpace;
    let tensors = parts.iter().flat_map(|(module, width)| {
        let weight = Tensor::new(
            format!("{module}.weight"),
            TensorKind::Vector,
            component,
            &[width, &one, kernel],
        );
        let bias = bias.then(|| Tensor::vector(format!("{module}.bias"), component, width));
        std::iter::once(weight).chain(bias)
    });
    Operator {
        name: "causal convolution",
        component,
        kind: Kind::Conv {
            channels: channels.clone(),
            kernel: kernel.clone(),
        },
        tensors: tensors.collect(),
    }
}

/// Dimensions of a gated short convolution.
#[derive(Clone, Debug)]
pub struct ShortConvolution {
    /// Tokens it sees.
    pub kernel: Quantity,
    /// Whether projections and convolution have biases.
    pub bias: bool,
}

/// Builds the block: two gates and the convolved values come from one matrix. Source: LFM2, arXiv 2511.23404.
///
/// Shapes: in `[3·hidden, hidden]`, convolution `[hidden, 1, kernel]`, out `[hidden, hidden]`.
pub fn short_convolution(hidden: &Quantity, style: &ShortConvolution) -> Block {
    let ShortConvolution { kernel, bias } = style;
    let component = Component::StateSpace;
    let three = hidden.times("3 × hidden", 3);
    let gate = |name| Operator::elementwise(name, component, hidden, Step::Plain(1), 2);
    let live = vec![
        Live::new("convolution input", hidden),
        Live::new("gates and values", &three),
        Live::new("convolved", hidden),
        Live::new("gated", hidden),
    ];
    Block {
        operators: vec![
            linear("in_proj", "conv.in_proj", component, &three, hidden, *bias),
            gate("input gate"),
            convolution(&[("conv.conv".to_owned(), hidden)], hidden, kernel, *bias),
            gate("output gate"),
            linear("out_proj", "conv.out_proj", component, hidden, hidden, *bias),
        ],
        states: vec![State::Conv {
            channels: hidden.clone(),
            kernel: kernel.clone(),
        }],
        // The matrix' result is kept whole, its parts are views.
        saved: vec![
            Live::new("convolution input", hidden),
            Live::new("gates and values", &three),
            Live::new("gated input", hidden),
            Live::new("convolved", hidden),
            Live::new("gated", hidden),
        ],
        live,
        ..Block::new("Short convolution", Role::TokenMixer)
    }
}

/// The activation after a convolution.
pub fn activated(channels: &Quantity) -> Operator {
    Operator::elementwise("activation", Component::StateSpace, channels, Step::Activation, 1)
}
