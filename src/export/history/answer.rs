//! The few figures of an answer.

use serde::{Deserialize, Serialize};

use super::{MOST_NAME, cut};
use crate::analysis::{Analysis, cost};
use crate::export::VERSION;
use crate::report::sentence;
use crate::scenario::Mode;
use crate::units::{UnitSystem, grouped};

/// What the fullest device holds, in four parts, bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemoryParts {
    /// Weights; in training gradients and optimizer states too.
    pub weights: u64,
    /// Cache and states.
    pub cache: u64,
    /// Activations.
    pub activations: u64,
    /// Driver and runtime.
    pub overhead: u64,
}

/// The figures of an answer. A figure that there was not is left out; SI base units.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// Version of the program they are of.
    pub version: String,
    /// Verdict: `fits`, `tight`, `beyond`, `offload`, `does_not_fit`, `unsupported`, `unknown`.
    pub verdict: String,
    /// Devices in words, `2 × RTX 4090`; empty without one.
    #[serde(default)]
    pub hardware: String,
    /// Key of the mode.
    pub mode: String,
    /// Sequences at once.
    #[serde(default)]
    pub sequences: u64,
    /// Format of the weights, for people.
    pub format: String,
    /// Key of the engine.
    #[serde(default)]
    pub engine: String,
    /// What the fullest device must hold, bytes.
    pub memory_bytes: u64,
    /// What the engine may take of it, bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity_bytes: Option<u64>,
    /// Parts of the memory.
    #[serde(default)]
    pub parts: MemoryParts,
    /// Tokens a second, all sequences; none where it does not run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens_per_second: Option<f64>,
    /// Its likely interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens_per_second_between: Option<(f64, f64)>,
    /// Seconds to the first token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_token_seconds: Option<f64>,
    /// US dollars for a million tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usd_per_million_tokens: Option<f64>,
}

impl Figures {
    /// Those of an analysis.
    pub fn of(analysis: &Analysis) -> Self {
        let setup = &*analysis.setup;
        let held = analysis.held();
        let verdict = sentence(analysis, "", UnitSystem::Gib).verdict;
        let speed = analysis.speed.as_ref().filter(|_| runs(verdict));
        let money = cost(setup, analysis.speed.as_ref()).filter(|_| runs(verdict));
        let state = held.gradient_bytes.saturating_add(held.optimizer_bytes);
        Self {
            version: VERSION.to_owned(),
            verdict: verdict.to_owned(),
            hardware: cut(&setup.devices_in_words().unwrap_or_default(), MOST_NAME)
                .trim_start_matches("one ")
                .to_owned(),
            mode: setup.requested.workload.mode.key().to_owned(),
            sequences: setup.requested.workload.batch,
            format: cut(&setup.weights.method, MOST_NAME),
            engine: setup.engine.key().to_owned(),
            memory_bytes: held.total_bytes,
            capacity_bytes: analysis.fit.as_ref().map(|fit| fit.capacity_bytes),
            parts: MemoryParts {
                weights: held.weights_bytes.saturating_add(state),
                cache: held.kv_cache_bytes.saturating_add(held.state_cache_bytes),
                activations: held.activation_bytes,
                overhead: held.overhead_bytes,
            },
            tokens_per_second: speed.map(|speed| speed.tokens_per_second),
            tokens_per_second_between: speed.and_then(|speed| speed.tokens_per_second_between),
            first_token_seconds: speed.and_then(|speed| speed.prefill_seconds()),
            usd_per_million_tokens: money.and_then(|money| money.usd_per_million_tokens),
        }
    }
    /// Whether they are the same whatever version they are of, to the digits that are shown.
    pub fn same_figures(&self, other: &Self) -> bool {
        let near = |one: Option<f64>, two: Option<f64>| match (one, two) {
            (Some(one), Some(two)) => (one - two).abs() <= 0.002 * one.abs().max(two.abs()),
            (one, two) => one.is_none() && two.is_none(),
        };
        self.verdict == other.verdict
            && near(Some(self.memory_bytes as f64), Some(other.memory_bytes as f64))
            && near(self.tokens_per_second, other.tokens_per_second)
            && near(self.first_token_seconds, other.first_token_seconds)
            && near(self.usd_per_million_tokens, other.usd_per_million_tokens)
    }
    /// Whether it runs: whole, close to the edge, or with a part in RAM.
    pub fn runs(&self) -> bool {
        runs(&self.verdict)
    }
    /// The mode in words: `Decode`, `Serve, 64`.
    pub fn mode_words(&self) -> String {
        let Ok(mode) = self.mode.parse::<Mode>() else {
            return self.mode.clone();
        };
        match (mode, self.sequences) {
            (Mode::Serve, many) | (_, many @ 2..) => format!("{}, {}", mode.label(), grouped(many)),
            _ => mode.label().to_owned(),
        }
    }
    /// The kind of hardware, without how many there are.
    pub fn kind(&self) -> &str {
        match self.hardware.split_once(" × ") {
            Some((count, kind)) if count.bytes().all(|byte| byte.is_ascii_digit() || byte == b',') => kind,
            _ => &self.hardware,
        }
    }
    pub(super) fn check(&self) -> Result<(), &'static str> {
        let words = [
            &self.version,
            &self.verdict,
            &self.hardware,
            &self.mode,
            &self.format,
            &self.engine,
        ];
        if words.iter().any(|text| text.chars().nth(MOST_NAME).is_some()) {
            return Err("a word of its answer is too long");
        }
        let (low, high) = self.tokens_per_second_between.unzip();
        let rates = [
            self.tokens_per_second,
            low,
            high,
            self.first_token_seconds,
            self.usd_per_million_tokens,
        ];
        let number = |value: &f64| value.is_finite() && *value >= 0.0;
        if !rates.iter().flatten().all(number) {
            return Err("a figure of its answer is negative or no number");
        }
        Ok(())
    }
}

fn runs(verdict: &str) -> bool {
    matches!(verdict, "fits" | "tight" | "beyond" | "missed" | "offload")
}
