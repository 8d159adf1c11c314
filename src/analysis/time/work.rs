//! A pass as steps with the peaks they run against: what the time is computed from.

use crate::analysis::compute::{Cost, costs};
use crate::analysis::question::Question;
use crate::hardware::Device;
use crate::hardware::efficiency::FormatClass;
use crate::hardware::engine::Engine;
use crate::scenario::Mode;
use crate::units::Number;

/// What kind of work a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Products with weights, and work element by element.
    Plain,
    /// Products with the weights of routed experts.
    Routed,
    /// Scores and values, and what else reads a cache.
    Cached,
}

/// One operator in all its layers.
#[derive(Clone, Debug)]
pub struct Step<N> {
    /// What it costs.
    pub cost: Cost<N>,
    /// What kind it is.
    pub kind: Kind,
    /// Class of its weights' format.
    pub class: FormatClass,
    /// Peak rate of its products, operations a second, if the device has one.
    pub rate: Option<f64>,
    /// Rows that pass each weight in one micro-batch.
    pub rows: f64,
    /// Expert weights read, as a share of what the cost counts: tokens alike choose alike, and a micro-batch fewer.
    pub touched: f64,
}

/// A pass of a question on its device.
#[derive(Clone, Debug)]
pub struct Work<N> {
    /// Its steps.
    pub steps: Vec<Step<N>>,
    /// Whether it writes a token for each sequence.
    pub decode: bool,
    /// Tokens of all sequences together.
    pub tokens: f64,
    /// Tokens of a micro-batch.
    pub chunk: f64,
    /// Micro-batches.
    pub batches: f64,
    /// Watts a TFLOP/s of the device, where its power is known.
    pub power: Option<f64>,
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

/// The highest dense rate of the row: what no engine can beat.
pub fn peak(device: &Device) -> Option<f64> {
    let all = [
        device.fp32_flops,
        device.tf32_flops,
        device.fp16_flops,
        device.fp16_acc16_flops,
        device.bf16_flops,
        device.fp8_flops,
        device.fp8_acc16_flops,
        device.int8_ops,
        device.fp4_flops,
        device.int4_ops,
    ];
    all.into_iter().flatten().reduce(f64::max)
}

/// Share of E experts that are expected to be chosen when so many tokens each choose k of them.
fn share(experts: f64, top_k: f64, tokens: f64) -> f64 {
    if experts <= 0.0 {
        return 1.0;
    }
    1.0 - (1.0 - (top_k / experts).min(1.0)).powf(tokens)
}

impl<N: Number> Work<N> {
    /// The pass which the question's mode names; `alike` is the exponent of tokens that choose experts.
    pub fn new(question: &Question<'_>, device: &Device, alike: f64) -> Self {
        let scenario = &*question.scenario;
        let decode = scenario.mode.writes();
        let sequences = scenario.batch as f64;
        let tokens = if decode {
            sequences
        } else {
            sequences * scenario.prompt as f64
        };
        let whole = scenario.mode == Mode::Pretrain;
        let most = question.engine.chunk().filter(|_| !decode && !whole);
        let chunk = most.map_or(tokens, |most| tokens.min(most as f64)).max(1.0);
        let batches = (tokens / chunk).ceil().max(1.0);
        let steps = costs::<N>(question)
            .into_iter()
            .map(|cost| {
                let kind = match (&cost.routed, cost.kv_bytes.value() > 0.0) {
                    (Some(_), _) => Kind::Routed,
                    (None, true) => Kind::Cached,
                    (None, false) => Kind::Plain,
                };
                let (rows, touched) = match cost.routed {
                    None => (chunk, 1.0),
                    Some((experts, top_k)) => {
                        let (experts, top_k) = (experts as f64, top_k as f64);
                        let read = share(experts, top_k, chunk.powf(alike));
                        let counted = share(experts, top_k, tokens);
                        let touched = if counted > 0.0 { read / counted } else { 1.0 };
                        (chunk * top_k / (experts * read).max(1.0), touched)
                    }
                };
                Step {
                    kind,
                    class: cost.format.as_deref().map_or(FormatClass::Plain, FormatClass::of),
                    rate: rate(question.engine, device, cost.format.as_deref()),
                    rows,
                    touched,
                    cost,
                }
            })
            .collect();
        let power = device.tdp_w.zip(rate(question.engine, device, Some("fp16")));
        Self {
            steps,
            decode,
            tokens,
            chunk,
            batches,
            power: power
                .map(|(watts, rate)| watts / (rate / 1e12))
                .filter(|one| one.is_finite() && *one > 0.0),
        }
    }
}
