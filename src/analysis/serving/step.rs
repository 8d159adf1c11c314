//! Seconds of one step: some sequences write a token each, some prompts are read.

use super::server::{Server, Slice};
use super::work::Class;
use crate::hardware::serving::Coefficients;

/// What one step of one stage works on.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Mix {
    /// Sequences that write a token, all devices of the group together.
    pub decodes: f64,
    /// Prompts read; a fraction where a prompt takes several steps.
    pub prompts: f64,
    /// Sequences the scheduler keeps.
    pub running: f64,
}

/// Where the seconds of a step go.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize)]
pub struct Pieces {
    /// Weights read and products with them.
    pub products: f64,
    /// The cache read, scores and values.
    pub attention: f64,
    /// What devices tell each other.
    pub communication: f64,
    /// Kernels started.
    pub launches: f64,
    /// The scheduler, sampling, requests that come and go.
    pub scheduling: f64,
}

impl Pieces {
    fn scaled(self, by: f64) -> Self {
        Self {
            products: self.products * by,
            attention: self.attention * by,
            communication: self.communication * by,
            launches: self.launches * by,
            scheduling: self.scheduling * by,
        }
    }
    fn plus(self, other: Self) -> Self {
        Self {
            products: self.products + other.products,
            attention: self.attention + other.attention,
            communication: self.communication + other.communication,
            launches: self.launches + other.launches,
            scheduling: self.scheduling + other.scheduling,
        }
    }
    /// All of it.
    pub fn total(&self) -> f64 {
        self.products + self.attention + self.communication + self.launches + self.scheduling
    }
}

impl Server {
    /// Seconds from one step of a stage to the next.
    pub fn step(&self, mix: Mix, shares: &Coefficients) -> f64 {
        self.pieces(mix, shares).total()
    }

    /// Where they go, on average: with less than one prompt a step, some steps read one and the others none.
    pub(super) fn pieces(&self, mix: Mix, shares: &Coefficients) -> Pieces {
        if mix.prompts >= 1.0 || mix.prompts <= 0.0 {
            return self.one(mix, shares);
        }
        let with = self.one(Mix { prompts: 1.0, ..mix }, shares);
        let without = self.one(Mix { prompts: 0.0, ..mix }, shares);
        with.scaled(mix.prompts).plus(without.scaled(1.0 - mix.prompts))
    }

    /// Where the seconds of one step go.
    ///
    /// Each operator takes √((FLOP ÷ (peak · share))² + (bytes ÷ (bandwidth · share))²), as products and reads overlap in
    /// part; then collective operations, launches and the scheduler. Sources: Williams 2009, "Roofline"; ring all-reduce:
    /// Patarasuk 2009.
    pub(super) fn one(&self, mix: Mix, shares: &Coefficients) -> Pieces {
        let tokens = mix.decodes + mix.prompts * self.prompt;
        let work = |cache: bool| -> f64 {
            let slices = self
                .slices
                .iter()
                .filter(|slice| (slice.class == Class::Cache) == cache);
            slices.map(|slice| self.operator(slice, mix, tokens, shares)).sum()
        };
        let stages = self.stages();
        let each = if self.streams { shares.stream } else { shares.sequence };
        Pieces {
            products: work(false) / stages,
            attention: work(true) / stages,
            communication: self.collectives(tokens, shares) / stages + self.hop(tokens, shares),
            launches: self.layers * shares.layer / stages,
            scheduling: shares.step + each * mix.running + shares.request * mix.prompts,
        }
    }

    fn operator(&self, slice: &Slice, mix: Mix, tokens: f64, shares: &Coefficients) -> f64 {
        let of = |at: fn(&[f64; 3]) -> f64| mix.decodes * at(&slice.decode) + mix.prompts * at(&slice.prefill);
        let (flops, activations) = (of(|load| load[0]), of(|load| load[1]));
        let moved = activations / (self.bandwidth * shares.bandwidth);
        if slice.class == Class::Cache {
            // Kernels for prompts and for answers run one after the other.
            let one = |[flops, _, cache]: [f64; 3], times: f64| {
                let compute = flops / (slice.rate * shares.attention);
                times * compute.max(cache / (self.bandwidth * shares.cache_bandwidth))
            };
            let weights = slice.weights / (self.bandwidth * shares.bandwidth);
            return one(slice.decode, mix.decodes) + one(slice.prefill, mix.prompts) + weights;
        }
        let (compute, bandwidth, touched) = if slice.class == Class::Experts {
            // Experts that at least one of the tokens chooses, on average.
            let touched = 1.0 - (1.0 - slice.share).powf(tokens.powf(shares.alike));
            (shares.expert_compute, shares.expert_bandwidth, touched)
        } else {
            (shares.compute, shares.bandwidth, 1.0)
        };
        let memory = slice.weights * touched / (self.bandwidth * bandwidth) + moved;
        memory.hypot(flops / (slice.rate * compute))
    }

    /// All-reduce after attention and after the MLP of every layer: 2·(t−1)/t of the rows each. With sequences of its own
    /// a device gathers rows before the MLP and scatters sums behind it, half as much.
    fn collectives(&self, tokens: f64, shares: &Coefficients) -> f64 {
        let tensor = self.layout.tensor as f64;
        if tensor <= 1.0 {
            return 0.0;
        }
        let bytes = 2.0 * (tensor - 1.0) / tensor * tokens * self.row_bytes;
        let times = if self.layout.attention_dp { 1.0 } else { 2.0 };
        self.layers * (2.0 * shares.collective + times * bytes / (self.link * shares.link))
    }

    /// Rows handed to the next stage.
    fn hop(&self, tokens: f64, shares: &Coefficients) -> f64 {
        if self.stages() <= 1.0 {
            return 0.0;
        }
        let tensor = self.layout.tensor.max(1) as f64;
        shares.collective + tokens * self.row_bytes / tensor / (self.link * shares.link)
    }
}
