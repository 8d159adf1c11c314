//! What one sequence costs on one rank, operator by operator, so that a step on any mix of tokens is plain arithmetic.

use crate::analysis::compute::{OpCost, costs_in};
use crate::analysis::forward_pass::ForwardPass;
use crate::analysis::placement::share_of;
use crate::analysis::setup::Setup;
use crate::hardware::Device;
use crate::hardware::efficiency::FormatClass;
use crate::hardware::engine::Engine;
use crate::model::Component;
use crate::model::operator::{Kind as Operation, Operator, Routing, Rows};
use crate::units::{Number, Quantity};

/// What kind of work an operator is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Products with weights that every token passes.
    Products,
    /// Products with the weights of routed experts.
    Experts,
    /// Scores and values, and what else reads a cache or a state.
    Cache,
    /// Work element by element, and look-ups.
    Elements,
}

/// Routed experts of a layer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Routed {
    /// Experts.
    pub experts: f64,
    /// Experts a token uses.
    pub top_k: f64,
}

impl Routed {
    /// The experts that tokens choose among.
    pub const fn of(routing: &Routing) -> Self {
        Self {
            experts: routing.experts.value as f64,
            top_k: routing.top_k.value as f64,
        }
    }
    /// Share of the experts that so many tokens are expected to choose: 1 − (1 − k/E)^T.
    pub fn touched(self, tokens: f64) -> f64 {
        1.0 - (1.0 - (self.top_k / self.experts.max(1.0)).min(1.0)).powf(tokens)
    }
}

/// Work of one sequence in one pass of an operator, all its layers together: the rank's part.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Load<N> {
    /// Operations of matrix products.
    pub matmul: N,
    /// Operations element by element.
    pub elementwise: N,
    /// Activations read and written, bytes.
    pub activations: N,
    /// Cache or state read and written, bytes.
    pub cache: N,
}

/// An operator on a rank.
#[derive(Clone, Debug)]
pub struct Work<N> {
    /// Its name.
    pub name: &'static str,
    /// Its component.
    pub component: Component,
    /// What kind it is.
    pub kind: Kind,
    /// Class of its weights' format.
    pub class: FormatClass,
    /// Peak rate of its products, operations a second, if the device has one.
    pub rate: Option<f64>,
    /// How often it runs in a step: layers.
    pub layers: f64,
    /// Whether it is before the first layer or after the last.
    pub outside: bool,
    /// Experts, where it is routed.
    pub routed: Option<Routed>,
    /// Whether a prompt has one row here, not one a token: the head.
    pub last_row: bool,
    /// Whether a step that only writes leaves it out: the encoder, and keys made of what it read.
    pub prompt_only: bool,
    /// Rows of one prompt's images or sound that pass it, of a tower; none for what runs over text.
    pub rows: Option<f64>,
    /// Weights on the rank, bytes.
    pub weights: N,
    /// A decode step of one sequence at its mean context.
    pub decode: Load<N>,
    /// One prompt.
    pub prompt: Load<N>,
}

impl<N> Work<N> {
    /// Whether a step with so many prompts leaves it out.
    pub fn is_left_out(&self, prompts: f64) -> bool {
        self.prompt_only && prompts <= 0.0
    }
}

/// The device's best dense rate for products of a format, where the engine may use it.
///
/// llama.cpp multiplies quantised weights as INT8 and plain ones as FP16 with FP16 sums, whichever the device has.
pub fn rate(engine: Engine, device: &Device, format: Option<&str>) -> Option<f64> {
    let Some(format) = format else {
        return device.rate_vector().map(|rate| rate.flops);
    };
    if engine != Engine::LlamaCpp {
        return device.rate(format).map(|rate| rate.flops);
    }
    let best = [
        device.fp16_flops,
        device.fp16_acc16_flops,
        device.bf16_flops,
        device.fp32_flops,
        // Half of INT8: the scales of the blocks are applied in between.
        device.int8_ops.map(|rate| rate / 2.0),
    ];
    best.into_iter().flatten().reduce(f64::max)
}

fn kind(operator: &Operator) -> Kind {
    match &operator.kind {
        Operation::Linear { routing: Some(_), .. } => Kind::Experts,
        Operation::Linear { .. } | Operation::Expand { .. } => Kind::Products,
        Operation::Attention(_) | Operation::Index(_) | Operation::Conv { .. } | Operation::Scan(_) => Kind::Cache,
        Operation::Elementwise { .. } | Operation::Lookup { .. } | Operation::Idle => Kind::Elements,
    }
}

/// Every operator of the model that runs over text, on one rank.
///
/// The work of a pass is linear in its sequences but for the weights, so one sequence tells all.
pub fn works<N: Number>(setup: &Setup, device: &Device) -> Vec<Work<N>> {
    let one = || N::input(&Quantity::assumed("sequence", 1, "the work of one sequence"));
    let decode = costs_in(setup, &ForwardPass::decode(setup, one()));
    let prompt = costs_in(setup, &ForwardPass::prompt(setup, one()));
    let blocks = setup.blueprint.blocks();
    let operators = blocks.flat_map(|place| place.block.operators.iter().map(move |one| (place, one)));
    operators
        .filter(|(place, operator)| !setup.idles(place.block, operator))
        .zip(decode.into_iter().zip(prompt))
        .map(|((place, operator), (decode, prompt))| {
            let (weights, share) = share_of::<N>(setup, place, operator);
            let lookup = matches!(operator.kind, Operation::Lookup { .. });
            let part = |value: N, share: f64| {
                if share < 1.0 {
                    value.over(N::constant(1.0 / share))
                } else {
                    value
                }
            };
            let load = |cost: OpCost<N>| Load {
                activations: part(
                    if lookup {
                        cost.activation_bytes.plus(cost.weight_bytes)
                    } else {
                        cost.activation_bytes
                    },
                    share.activations,
                ),
                matmul: part(cost.matmul, share.work),
                elementwise: part(cost.elementwise, share.work),
                cache: part(cost.kv_bytes, share.cache),
            };
            Work {
                name: operator.name,
                component: operator.component,
                kind: kind(operator),
                class: decode.format.as_deref().map_or(FormatClass::Plain, FormatClass::of),
                rate: rate(setup.engine, device, decode.format.as_deref()),
                layers: decode.repeats as f64,
                outside: decode.outside,
                routed: decode.routed.map(|(experts, top_k)| Routed {
                    experts: experts as f64,
                    top_k: top_k as f64,
                }),
                rows: setup.tower_rows(place.block),
                prompt_only: setup.reads_once(place.block, operator),
                last_row: matches!(
                    operator.kind,
                    Operation::Linear {
                        rows: Rows::Logits | Rows::Sequences,
                        ..
                    }
                ),
                // A look-up reads rows, not the table.
                weights: if lookup { N::zero() } else { weights },
                decode: load(decode),
                prompt: load(prompt),
            }
        })
        .collect()
}
