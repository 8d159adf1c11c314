//! How long one step takes on a mix of tokens: the formula, once, for every mode, for plain numbers and for traced ones.

use super::setting::Setting;
use super::work::{Kind, Load, Work};
use crate::units::{Number, Unit};

/// No kernel reaches more of a peak than this.
pub const MOST: f64 = 0.95;
/// Rows up to which engines with kernels for single vectors use them.
const FEW: f64 = 8.0;
/// Share of the vector rate that work element by element reaches.
const VECTOR: f64 = 0.5;

/// What one step works on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mix<N> {
    /// Sequences that write a token each, all ranks of a group together.
    pub decodes: N,
    /// Prompts read; a fraction where a prompt takes several steps.
    pub prompts: N,
}

impl<N: Number> Mix<N> {
    /// Tokens written only.
    pub fn decode(sequences: N) -> Self {
        Self {
            decodes: sequences,
            prompts: N::zero(),
        }
    }
    /// Prompts only.
    pub fn prompt(prompts: N) -> Self {
        Self {
            decodes: N::zero(),
            prompts,
        }
    }
}

/// Seconds of a step, by what they go to.
#[derive(Clone, Debug)]
pub struct StepTime<N> {
    /// Operators, one after the other: weights, products, attention.
    pub operators: N,
    /// Launches of kernels.
    pub launches: N,
    /// Collective operations and hops between devices.
    pub communication: N,
    /// The host: scheduling, sampling, admitting.
    pub host: N,
    /// Of the operators: reading and writing memory, were arithmetic free.
    pub memory: f64,
    /// Of the operators: what is slower because it lies in the machine's RAM.
    pub ram: f64,
}

impl<N: Number> StepTime<N> {
    /// All of it.
    pub fn total(&self) -> N {
        self.device().plus(self.host.clone())
    }
    /// What the devices do.
    pub fn device(&self) -> N {
        N::sum([
            self.operators.clone(),
            self.launches.clone(),
            self.communication.clone(),
        ])
    }
}

/// Time of an operator and the part of it that memory takes.
struct Taken<N> {
    time: N,
    memory: f64,
}

/// Seconds of one step of the whole model on a rank of each stage, stages one after the other.
///
/// Each product takes √((bytes ÷ (bandwidth · share))² + (FLOP ÷ (rate · share) · padding)²), as kernels overlap the two only in
/// part; attention reads its cache and computes scores; then launches, collective operations and the host.
/// Source: Williams 2009, "Roofline"; ring all-reduce: Patarasuk 2009.
pub fn step<N: Number>(works: &[Work<N>], mix: &Mix<N>, set: &Setting<'_>) -> StepTime<N> {
    let (decodes, prompts) = (mix.decodes.value(), mix.prompts.value());
    let tokens = decodes + prompts * set.prompt;
    let (mut memory, mut ram) = (0.0, 0.0);
    let operators = N::sum(works.iter().map(|work| {
        let taken = operator(work, mix, tokens, set);
        let before = taken.time.value();
        let time = beside_host(work, mix, tokens, set, taken.time);
        memory += taken.memory;
        ram += time.value() - before;
        time.named(work.name, "")
    }));
    // Every rank waits for the fullest.
    let uneven = if set.layout.attention_dp {
        1.0 + set.terms.uneven
    } else {
        1.0
    };
    let operators = operators.scaled(uneven);
    let launches = N::constant(set.launches(works, decodes, prompts))
        .times(set.input(
            "picoseconds each",
            1e12 * if decodes > 0.0 {
                set.with.launch
            } else {
                set.prompt_launch()
            },
            0.0,
            Unit::Count,
        ))
        .over(N::constant(1e12))
        .named("launches", "What each operator takes however small it is.");
    let host = set.with.step + set.with.sequence * decodes + set.with.request * prompts;
    StepTime {
        operators,
        launches,
        communication: N::constant(set.communication(tokens))
            .named("communication", "Collective operations and hops between devices."),
        host: N::constant(host).named("host", "Scheduling, sampling, requests that come and go."),
        memory: memory * uneven,
        ram: ram * uneven,
    }
}

/// Seconds of one operator in such a step, and all the bytes that are counted for it.
pub fn operator_seconds(work: &Work<f64>, mix: &Mix<f64>, set: &Setting<'_>) -> (f64, f64) {
    let tokens = mix.decodes + mix.prompts * set.prompt;
    let time = operator(work, mix, tokens, set).time;
    let seconds = beside_host(work, mix, tokens, set, time);
    let touched = work.routed.map_or(1.0, |routed| {
        routed.touched(tokens.max(1e-9).powf(set.with.expert_overlap))
    });
    // What fused kernels move of one row is part of the launch.
    let kept_on_chip = work.kind == Kind::Cache && !set.eager;
    let activations = of(work, mix, |load| load.activations)
        - if kept_on_chip {
            mix.decodes * work.decode.activations
        } else {
            0.0
        };
    (
        seconds,
        work.weights * touched + activations + of(work, mix, |load| load.cache),
    )
}

/// Of both kinds of tokens, what one load costs.
pub(super) fn of<N: Number>(work: &Work<N>, mix: &Mix<N>, part: impl Fn(&Load<N>) -> N) -> N {
    let one = |count: &N, load: &Load<N>| {
        if count.value() > 0.0 {
            Some(count.clone().times(part(load)))
        } else {
            None
        }
    };
    N::sum(
        [one(&mix.decodes, &work.decode), one(&mix.prompts, &work.prompt)]
            .into_iter()
            .flatten(),
    )
}

fn cap(share: f64) -> f64 {
    share.clamp(1e-4, MOST)
}

/// One operator on its rank.
fn operator<N: Number>(work: &Work<N>, mix: &Mix<N>, tokens: f64, set: &Setting<'_>) -> Taken<N> {
    let with = &set.with;
    let peak = set.device.bandwidth_bytes_per_s;
    let experts = work.kind == Kind::Experts;
    let (format_bandwidth, format_compute) = set.factors.of(work.class);
    let moved = || {
        let bytes = of(work, mix, |load| load.activations.clone());
        let time = bytes.over(set.input(
            "bandwidth reached by activations",
            cap(with.activations) * peak,
            peak,
            Unit::BytesPerSecond,
        ));
        if experts {
            time.scaled(with.expert_activations)
        } else {
            time
        }
    };
    let bandwidth = with.bandwidth * format_bandwidth * if experts { with.expert_bandwidth } else { 1.0 };
    let weights = |touched: f64| {
        if work.is_left_out(mix.prompts.value()) {
            return N::zero();
        }
        // A tower runs once for a prompt, however many steps the prompt takes.
        let touched = if work.rows.is_some() {
            touched * mix.prompts.value().min(1.0)
        } else {
            touched
        };
        work.weights.clone().scaled(touched).over(set.input(
            "bandwidth reached by weights",
            cap(bandwidth) * peak,
            peak,
            Unit::BytesPerSecond,
        ))
    };
    match work.kind {
        Kind::Cache => attention(work, mix, set, weights(1.0)),
        Kind::Elements => {
            let time = weights(1.0).plus(moved());
            let memory = time.value();
            let made = of(work, mix, |load| load.elementwise.clone());
            Taken {
                time: match set.vector {
                    Some(vector) => time.plus(made.over(set.input(
                        "vector rate reached",
                        VECTOR * vector,
                        vector,
                        Unit::FlopsPerSecond,
                    ))),
                    None => time,
                },
                memory,
            }
        }
        Kind::Products | Kind::Experts => {
            let touched = work
                .routed
                .map_or(1.0, |routed| routed.touched(tokens.max(1e-9).powf(with.expert_overlap)));
            let read = weights(touched).plus(moved());
            let memory = read.value();
            let Some(rate) = work.rate else {
                return Taken { time: read, memory };
            };
            let share = with.compute * format_compute * set.power * if experts { with.expert_compute } else { 1.0 };
            let products = of(work, mix, |load| load.matmul.clone())
                .over(set.input("rate reached", cap(share) * rate, rate, Unit::FlopsPerSecond))
                .scaled(set.padding(rows(work, mix, tokens, touched, set)));
            let made = match set.vector {
                Some(vector) => {
                    let rest = of(work, mix, |load| load.elementwise.clone());
                    products.plus(rest.over(set.input(
                        "vector rate reached",
                        VECTOR * vector,
                        vector,
                        Unit::FlopsPerSecond,
                    )))
                }
                None => products,
            };
            Taken {
                time: both(read, made),
                memory,
            }
        }
    }
}

/// Rows that pass each weight.
fn rows<N: Number>(work: &Work<N>, mix: &Mix<N>, tokens: f64, touched: f64, set: &Setting<'_>) -> f64 {
    if let Some(routed) = work.routed {
        return tokens * routed.top_k / (routed.experts * touched).max(1.0);
    }
    if let Some(rows) = work.rows {
        return mix.prompts.value() * rows;
    }
    let rows = if work.last_row {
        mix.decodes.value() + mix.prompts.value()
    } else {
        tokens
    };
    if set.layout.attention_dp {
        rows / set.layout.tensor.max(1) as f64
    } else {
        rows
    }
}

/// Bytes and products overlap, but not wholly where they take alike: √(bytes² + products²), which is the larger of the two
/// where one of them outweighs.
fn both<N: Number>(moved: N, made: N) -> N {
    let squares = moved.clone().times(moved).plus(made.clone().times(made));
    squares.power(N::constant(0.5))
}

/// Kernels for tokens written and for prompts run one after the other.
fn attention<N: Number>(work: &Work<N>, mix: &Mix<N>, set: &Setting<'_>, weights: N) -> Taken<N> {
    let with = &set.with;
    let peak = set.device.bandwidth_bytes_per_s;
    let cache = || {
        set.input(
            "bandwidth reached by the cache",
            cap(with.cache) * peak,
            peak,
            Unit::BytesPerSecond,
        )
    };
    let pace = |name: &'static str, each: f64| set.input(name, each * peak, 0.0, Unit::FlopsPerSecond);
    let mut time = weights;
    let mut memory = time.value();
    if mix.decodes.value() > 0.0 {
        let read = mix.decodes.clone().times(work.decode.cache.clone()).over(cache());
        memory += read.value();
        let products = mix.decodes.clone().times(work.decode.matmul.clone());
        let mut made = products.clone().over(pace("attention reached", with.keys));
        if let Some(rate) = work.rate {
            made = made.most(products.over(set.input("rate reached", MOST * rate, rate, Unit::FlopsPerSecond)));
        }
        time = time.plus(read).plus(made);
        // Fused kernels keep scores on the chip; what else they move of one row is part of the launch.
        if set.eager {
            let moved = mix
                .decodes
                .clone()
                .times(work.decode.activations.clone())
                .over(set.input(
                    "bandwidth reached by activations",
                    cap(with.activations) * peak,
                    peak,
                    Unit::BytesPerSecond,
                ));
            memory += moved.value();
            time = time.plus(moved);
        }
    }
    if mix.prompts.value() > 0.0 {
        let read = mix.prompts.clone().times(work.prompt.cache.clone()).over(cache());
        let products = mix.prompts.clone().times(work.prompt.matmul.clone());
        let mut made = products.clone().over(pace("scores reached", with.scores));
        if let Some(rate) = work.rate {
            made = made.plus(products.over(set.input(
                "attention reached",
                cap(with.attention) * rate,
                rate,
                Unit::FlopsPerSecond,
            )));
        }
        let moved = mix
            .prompts
            .clone()
            .times(work.prompt.activations.clone())
            .over(set.input(
                "bandwidth reached by activations",
                cap(with.activations) * peak,
                peak,
                Unit::BytesPerSecond,
            ));
        memory += read.value().min(made.value()) + moved.value();
        time = time.plus(read.most(made)).plus(moved);
    }
    Taken { time, memory }
}

/// The same operator where a share of its layers lies in RAM.
fn beside_host<N: Number>(work: &Work<N>, mix: &Mix<N>, tokens: f64, set: &Setting<'_>, time: N) -> N {
    let share = match work.kind {
        Kind::Experts => set.host.experts,
        _ if work.outside => set.host.embedding_and_head,
        _ => set.host.layers,
    };
    if share <= 0.0 || share.is_nan() {
        return time;
    }
    let share = share.min(1.0);
    let touched = match &work.routed {
        _ if work.is_left_out(mix.prompts.value()) => 0.0,
        Some(routed) => routed.touched(tokens.max(1e-9).powf(set.with.expert_overlap)),
        None => 1.0,
    };
    let moved = work
        .weights
        .clone()
        .scaled(touched)
        .plus(of(work, mix, |load| load.cache.clone()));
    // Big batches are computed on the device even where weights lie in RAM, if the engine copies them.
    let rate = if set.copies && mix.prompts.value() > 0.0 {
        set.host_link
    } else {
        set.host_bandwidth
    };
    let there = moved
        .over(set.input("RAM bandwidth", rate, 0.0, Unit::BytesPerSecond))
        .most(time.clone());
    time.times(N::constant(1.0 - share))
        .plus(there.times(N::constant(share)))
}

impl Setting<'_> {
    /// How much longer products take on few rows: tiles are half empty. Kernels for single vectors have none for the first.
    pub(super) fn padding(&self, rows: f64) -> f64 {
        if !self.vectors {
            return 1.0 + self.terms.padded_rows / rows.max(1.0) * (rows / FEW).min(1.0);
        }
        let full = 1.0 + self.terms.few_rows / rows.max(FEW);
        if rows < FEW {
            1.0 + (full - 1.0) * (rows - 1.0).max(0.0) / (FEW - 1.0)
        } else {
            full
        }
    }
}
