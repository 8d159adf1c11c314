//! How long a pass takes: the formula, once, for plain numbers and for traced ones.

use std::borrow::Cow;

use super::work::{Kind, Step, Work};
use crate::analysis::placement::{HostShare, Layout};
use crate::hardware::Device;
use crate::hardware::efficiency::{Coefficients, Factors, Terms};
use crate::units::{Number, Origin, Quantity};

/// No kernel reaches more of a peak than this.
const MOST: f64 = 0.95;
/// Rows up to which products are done as products with single vectors.
const FEW: f64 = 8.0;

/// Everything the formula reads beside the work.
#[derive(Clone, Debug)]
pub struct Setting<'a> {
    /// The device.
    pub device: &'a Device,
    /// What is reached of its peaks.
    pub with: Coefficients,
    /// What formats change.
    pub factors: Factors,
    /// What holds for every device.
    pub terms: Terms,
    /// How devices share the model.
    pub layout: Layout,
    /// What lies in RAM.
    pub host: HostShare,
    /// Bytes a second at which RAM is read.
    pub host_bandwidth: f64,
    /// Bytes a second from RAM to the device.
    pub host_link: f64,
    /// Whether big batches are computed on the device even where weights lie in RAM.
    pub copies: bool,
    /// Bytes of a row of the residual stream.
    pub row_bytes: f64,
    /// Layers.
    pub layers: f64,
    /// Whether routed experts are there at all.
    pub routed: bool,
    /// Where the shares are from, for an explanation; none is written where it is empty.
    pub origin: Cow<'static, str>,
}

impl Setting<'_> {
    /// An input with its origin.
    fn input<N: Number>(&self, name: &'static str, value: f64, peak: f64) -> N {
        let origin = if self.origin.is_empty() {
            Cow::Borrowed("")
        } else if peak > 0.0 {
            let share = (1000.0 * value / peak).round() / 10.0;
            Cow::Owned(format!(
                "{share} % of {}; {}",
                crate::units::rate(peak, ""),
                self.origin
            ))
        } else {
            self.origin.clone()
        };
        N::input(&Quantity {
            name: name.into(),
            value: value as u64,
            origin: Origin::Table(origin),
        })
    }
    /// Devices that share each operator.
    fn width(&self) -> f64 {
        if self.layout.by_layers {
            1.0
        } else {
            self.layout.tensor.max(1) as f64
        }
    }
}

/// Seconds of the whole pass.
pub fn seconds<N: Number>(work: &Work<N>, set: &Setting<'_>) -> N {
    let steps = N::sum(work.steps.iter().map(|step| {
        let time = on_device(work, step, set);
        let time = beside_host(work, step, set, time);
        time.named(step.cost.name, "")
    }));
    let launches: f64 = work.steps.iter().map(|step| launches(step, set)).sum();
    let each = if work.decode {
        set.with.launch_ns
    } else {
        set.with.prompt_launch_ns
    };
    let launch = N::constant(launches * work.batches)
        .times(set.input("picoseconds each", 1e3 * each, 0.0))
        .over(N::constant(1e12))
        .named("launches", "What each operator takes however small it is.");
    let all = steps.plus(launch);
    let all = along(work, set, all);
    let apart = together(work, set);
    if apart > 0.0 {
        all.plus(N::constant(apart).named("communication", "What devices tell each other."))
    } else {
        all
    }
}

/// Launches of an operator in all its layers: routing adds its own (scores sorted, rows gathered and summed).
fn launches<N>(step: &Step<N>, set: &Setting<'_>) -> f64 {
    let each = if step.kind == Kind::Routed {
        1.0 + set.terms.routed
    } else {
        1.0
    };
    step.cost.repeats as f64 * each
}

/// One operator on its devices.
fn on_device<N: Number>(work: &Work<N>, step: &Step<N>, set: &Setting<'_>) -> N {
    let (with, factor) = (&set.with, set.factors.of(step.class));
    let peak = set.device.bandwidth_bytes_per_s;
    let cost = &step.cost;
    let cap = |share: f64| share.clamp(1e-4, MOST);
    let width = set.width();
    let activations = || {
        cost.activation_bytes
            .clone()
            .over(set.input("bandwidth reached", cap(with.activations) * peak, peak))
    };
    if step.kind == Kind::Cached {
        // Sequences or heads are shared out, whichever way attention is.
        let read = cost.kv_bytes.clone().plus(cost.weight_bytes.clone());
        let moved = read.over(set.input("bandwidth reached", cap(with.cache) * peak, peak));
        // Scores that are written and read again, and keys read once for each head that shares them, cost bandwidth too:
        // so many operations for a byte that could have been moved.
        let each = if work.decode { with.keys } else { with.attention };
        let made = cost
            .matmul
            .clone()
            .over(set.input("attention reached", each * peak, 0.0));
        let made = made.most(compute(step, set, MOST).unwrap_or_else(N::zero));
        let time = if work.decode {
            moved.plus(made)
        } else {
            moved.most(made).plus(activations())
        };
        return divided(time, width);
    }
    let bandwidth = cap(with.bandwidth.min(MOST) * factor.bandwidth) * peak;
    let weights = cost.weight_bytes.clone().scaled(step.touched * work.batches);
    let moved = weights
        .over(set.input("bandwidth reached", bandwidth, peak))
        .plus(activations());
    let power = work.power.map_or(1.0, |watts| watts.powf(set.terms.power));
    // On few rows tiles are half empty; kernels for single vectors, used up to eight, have none for the first.
    let full = 1.0 + set.terms.few_rows / step.rows.max(FEW);
    let few = if step.rows < FEW {
        1.0 + (full - 1.0) * (step.rows - 1.0).max(0.0) / (FEW - 1.0)
    } else {
        full
    };
    let made = compute(step, set, cap(with.compute * factor.compute * power) / few);
    match made {
        Some(made) => divided(both(moved, made), width),
        None => divided(moved, width),
    }
}

/// Bytes and products overlap, but not wholly where they take alike: √(bytes² + products²), which is the larger of the two
/// where one of them outweighs.
fn both<N: Number>(moved: N, made: N) -> N {
    let squares = moved.clone().times(moved).plus(made.clone().times(made));
    squares.power(N::constant(0.5))
}

/// Products at the share of the step's rate, the rest at the vector rate.
fn compute<N: Number>(step: &Step<N>, set: &Setting<'_>, share: f64) -> Option<N> {
    let rate = step.rate?;
    let products = step
        .cost
        .matmul
        .clone()
        .over(set.input("rate reached", share * rate, rate));
    let vector = set.device.rate_vector().map(|rate| rate.flops)?;
    let rest = step
        .cost
        .elementwise
        .clone()
        .over(set.input("vector rate reached", share.max(0.1) * vector, vector));
    Some(products.plus(rest))
}

fn divided<N: Number>(time: N, width: f64) -> N {
    if width > 1.0 {
        time.over(N::constant(width))
    } else {
        time
    }
}

/// The same operator where a share of its layers lies in RAM.
fn beside_host<N: Number>(work: &Work<N>, step: &Step<N>, set: &Setting<'_>, time: N) -> N {
    let share = match step.kind {
        Kind::Routed => set.host.experts,
        _ if step.cost.outside => set.host.ends,
        _ => set.host.layers,
    };
    if share <= 0.0 || share.is_nan() {
        return time;
    }
    let share = share.min(1.0);
    let moved = |rate: f64, times: f64| {
        step.cost
            .weight_bytes
            .clone()
            .scaled(step.touched * times)
            .plus(step.cost.kv_bytes.clone())
            .over(set.input("RAM bandwidth", rate, 0.0))
    };
    let there = if work.decode || !set.copies {
        moved(set.host_bandwidth, 1.0).most(time.clone())
    } else {
        moved(set.host_link, work.batches).most(time.clone())
    };
    time.times(N::constant(1.0 - share))
        .plus(there.times(N::constant(share)))
}

/// Devices that work one after the other: decode waits for each, a prefill keeps several busy.
fn along<N: Number>(work: &Work<N>, set: &Setting<'_>, all: N) -> N {
    let stages = set.layout.stages() as f64;
    if stages <= 1.0 {
        return all;
    }
    if work.decode {
        let hops = N::constant((stages - 1.0) * set.terms.hop_ns / 1e9);
        return all.plus(hops.named("hops", "From one device to the next."));
    }
    // A pipeline of s stages and m micro-batches takes (m + s − 1) ÷ (m · s) of the time of one device.
    let m = work.batches;
    let filled = (m + stages - 1.0) / (m * stages);
    let share = set.terms.overlap.mul_add(filled, 1.0 - set.terms.overlap);
    let hops = N::constant(m * set.terms.prompt_hop_ns / 1e9);
    all.times(N::constant(share).named(
        "pipeline",
        "Devices work on different parts of the prompt at the same time.",
    ))
    .plus(hops.named("hops", "From one device to the next."))
}

/// Collective operations of devices that share each layer: two all-reduces a layer, and an all-to-all each way where
/// experts are dealt out.
///
/// A ring all-reduce moves 2·(t − 1)/t of the rows over each device's link.
fn together<N: Number>(work: &Work<N>, set: &Setting<'_>) -> f64 {
    let devices = set.width();
    if devices <= 1.0 {
        return 0.0;
    }
    let link = set.device.link_bytes_per_s.unwrap_or(2.5e10) * set.terms.link;
    let rows = work.tokens * set.row_bytes;
    let dealt = set.routed && set.layout.expert > 1;
    let (times, part) = if set.layout.attention_dp {
        // Rows are gathered and scattered around the experts only.
        (2.0, (devices - 1.0) / devices)
    } else {
        (2.0, 2.0 * (devices - 1.0) / devices)
    };
    let exchange = if dealt { 2.0 } else { 0.0 };
    let moved = set.layers * rows * (times * part + exchange * (devices - 1.0) / devices) / link.max(1.0);
    let started = set.layers * (times + exchange) * work.batches * set.terms.collective_ns / 1e9;
    moved + started
}
