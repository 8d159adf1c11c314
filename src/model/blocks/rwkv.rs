//! RWKV 4: a recurrence of weighted averages and a channel mixer with a gate.

use super::super::component::Component;
use super::super::operator::{Block, Live, Operator, Role, Scan, State, Step};
use super::super::tensor::Tensor;
use super::linear;
use super::mamba::scan;
use crate::units::Quantity;

/// Operations a channel and token of the weighted average: two maxima, four exponentials, sums and a quotient.
const AVERAGE: u64 = 20;

/// Builds the time mixer. Source: Peng 2023, arXiv 2305.13048, section 3.
///
/// Shapes: key, value, receptance `[width, hidden]`, output `[hidden, width]`; mixes `[hidden]` and decays `[width]`.
pub fn time_mix(hidden: &Quantity, width: &Quantity) -> Block {
    let part = Component::StateSpace;
    let name = |module: &str| format!("attention.{module}");
    let mut decay = Operator::elementwise("decay", part, width, Step::Plain(2), 1);
    decay.tensors = ["time_decay", "time_first"]
        .iter()
        .map(|module| Tensor::vector(name(module), part, width))
        .collect();
    let project = |label, module: &str| linear(label, &name(module), part, width, hidden, false);
    let live = vec![
        Live::new("mixer input", hidden),
        Live::new("key", width),
        Live::new("value", width),
        Live::new("receptance", width),
        Live::new("averaged", width),
    ];
    Block {
        operators: vec![
            shifts(&name("time_mix"), &["key", "value", "receptance"], hidden),
            project("key", "key"),
            project("value", "value"),
            project("receptance", "receptance"),
            decay,
            scan(Scan::Elementwise {
                flops: width.times("operations", AVERAGE),
            }),
            linear("output", &name("output"), part, hidden, width, false),
        ],
        states: vec![
            // The last token, then sum, normaliser and maximum of the average.
            State::Recurrent {
                elements: hidden.clone(),
            },
            State::Recurrent {
                elements: width.times("3 × width", 3),
            },
        ],
        saved: live.clone(),
        live,
        ..Block::new("RWKV time mix", Role::TokenMixer)
    }
}

/// Builds the channel mixer: key `[inner, hidden]`, value `[hidden, inner]`, receptance `[hidden, hidden]`.
pub fn channel_mix(hidden: &Quantity, inner: &Quantity) -> Block {
    let part = Component::Mlp;
    let name = |module: &str| format!("feed_forward.{module}");
    let mut mixes = shifts(&name("time_mix"), &["key", "receptance"], hidden);
    mixes.component = part;
    for tensor in &mut mixes.tensors {
        tensor.component = part;
    }
    let live = vec![
        Live::new("MLP input", hidden),
        Live::new("key", inner),
        Live::new("activated", inner),
        Live::new("receptance", hidden),
    ];
    Block {
        operators: vec![
            mixes,
            linear("key", &name("key"), part, inner, hidden, false),
            Operator::elementwise("squared ReLU", part, inner, Step::Plain(2), 1),
            linear("value", &name("value"), part, hidden, inner, false),
            linear("receptance", &name("receptance"), part, hidden, hidden, false),
            Operator::elementwise("gate", part, hidden, Step::GatedActivation, 2),
        ],
        states: vec![State::Recurrent {
            elements: hidden.clone(),
        }],
        saved: live.clone(),
        live,
        ..Block::new("RWKV channel mix", Role::ChannelMixer)
    }
}

/// Mixes of a token with the one before it: a weight `[hidden]` for each.
fn shifts(module: &str, parts: &[&str], hidden: &Quantity) -> Operator {
    let part = Component::StateSpace;
    let mut operator = Operator::elementwise("token shift", part, hidden, Step::Plain(3 * parts.len() as u64), 2);
    operator.tensors = parts
        .iter()
        .map(|name| Tensor::vector(format!("{module}_{name}"), part, hidden))
        .collect();
    operator
}
