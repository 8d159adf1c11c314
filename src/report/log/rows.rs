//! What a log says beside what is estimated, part by part.

use crate::analysis::Analysis;
use crate::logs::{Log, Part, Printed, Source};
use crate::report::pool::{Pool, pool};
use crate::units::{UnitSystem, decimal, grouped};

use super::assume::{read, run, written};
use super::reasons;

/// What a figure is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Measure {
    /// Bytes.
    Bytes,
    /// Tokens.
    Tokens,
    /// Requests at once.
    Requests,
    /// Tokens a second.
    TokensPerSecond,
}

impl Measure {
    /// A figure in words.
    pub fn write(self, value: f64, units: UnitSystem) -> String {
        match self {
            Self::Bytes => units.bytes(value),
            Self::Tokens => grouped(value as u64),
            Self::Requests | Self::TokensPerSecond => decimal(value),
        }
    }
}

/// One part, as the log and the estimate have it.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Its key.
    pub key: &'static str,
    /// Its name.
    pub label: &'static str,
    /// What its figures are.
    pub measure: Measure,
    /// As the log says.
    pub said: f64,
    /// How far the log's figure may be off, for it is rounded.
    pub step: f64,
    /// As is estimated; none where that is no part of an estimate.
    pub ours: Option<f64>,
    /// The likely reason of the difference, in a sentence.
    pub reason: String,
}

/// Shares below this are no difference.
const SAME: f64 = 0.01;

impl Row {
    /// How much more is estimated than the log says, as a share of what it says.
    pub fn difference(&self) -> Option<f64> {
        (self.said > 0.0).then_some(())?;
        Some(self.ours? / self.said - 1.0)
    }
    /// Whether the two agree as far as the log is exact.
    pub fn agrees(&self) -> bool {
        self.ours.is_some_and(|ours| {
            let off = (ours - self.said).abs();
            off <= self.step || off <= SAME * self.said
        })
    }
}

/// What the estimate has of a log's parts.
#[derive(Debug)]
pub(super) struct Ours<'a> {
    pub analysis: &'a Analysis,
    pub pool: Option<Pool>,
}

/// The rows of a log.
pub(super) fn rows(log: &Log, analysis: &Analysis) -> Vec<Row> {
    let ours = Ours {
        analysis,
        pool: pool(analysis),
    };
    let mut all = match log.source {
        Source::LlamaCpp | Source::Ollama => buffers(log, analysis),
        Source::Mlx => peak(log, analysis),
        Source::Vllm | Source::Sglang => server(log, &ours),
        Source::NvidiaSmi => Vec::new(),
    };
    all.extend(taken(log, analysis));
    all.extend(speeds(log, analysis));
    for row in &mut all {
        row.reason = reasons::reason(row, log, &ours);
    }
    all
}

fn of_bytes(key: &'static str, label: &'static str, said: Option<Printed>, ours: Option<u64>) -> Option<Row> {
    let said = said?;
    Some(Row {
        key,
        label,
        measure: Measure::Bytes,
        said: said.bytes as f64,
        step: said.step as f64,
        ours: ours.map(|bytes| bytes as f64),
        reason: String::new(),
    })
}

/// llama.cpp's buffers: all devices together, and the machine's RAM.
fn buffers(log: &Log, analysis: &Analysis) -> Vec<Row> {
    let setup = &analysis.setup;
    let alone = log.devices() == 0;
    let on = |part| log.all(part, alone);
    let ranks = analysis.ranks_as_they_lie();
    let host = analysis.weights_in_ram();
    let mut all = vec![
        of_bytes(
            "weights",
            "Weights",
            // Without a device the token table lies beside the rest.
            on(Part::Weights),
            Some(
                ranks
                    .sum(|held| held.weights_bytes)
                    .saturating_add(if alone { host } else { 0 }),
            ),
        ),
        of_bytes(
            "kv_cache",
            "KV cache",
            on(Part::KvCache),
            Some(ranks.sum(|held| held.kv_cache_bytes)),
        ),
        of_bytes(
            "state_cache",
            "State cache",
            on(Part::StateCache),
            Some(ranks.sum(|held| held.state_cache_bytes)),
        ),
        of_bytes(
            "compute",
            "Compute buffers",
            on(Part::Compute),
            Some(ranks.sum(|held| held.activation_bytes)),
        ),
        of_bytes(
            "runtime",
            "Driver and runtime",
            on(Part::Runtime),
            Some(ranks.sum(|held| held.overhead_bytes)),
        ),
    ];
    if !alone {
        all.push(of_bytes(
            "weights_in_ram",
            "Weights in RAM",
            log.all(Part::Weights, true),
            Some(host),
        ));
        all.push(of_bytes(
            "cache_in_ram",
            "Cache in RAM",
            log.all(Part::KvCache, true),
            Some(analysis.caches_in_ram()),
        ));
        all.push(of_bytes(
            "compute_in_ram",
            "Compute buffers in RAM",
            log.all(Part::Compute, true),
            None,
        ));
    }
    let mut all: Vec<Row> = all.into_iter().flatten().collect();
    if let Some((tokens, rest)) = per_token(log, alone) {
        let ours = setup
            .tokens()
            .value
            .saturating_mul(setup.scenario.workload.batch)
            .max(1);
        let bytes = ranks
            .sum(|held| held.kv_cache_bytes)
            .saturating_add(analysis.caches_in_ram());
        all.push(Row {
            key: "kv_cache_per_token",
            label: "KV cache of a token",
            measure: Measure::Bytes,
            said: rest.bytes as f64 / tokens as f64,
            step: rest.step as f64 / tokens as f64,
            ours: Some(bytes as f64 / ours as f64),
            reason: String::new(),
        });
    }
    all
}

/// Cells and bytes of the whole cache.
fn per_token(log: &Log, alone: bool) -> Option<(u64, Printed)> {
    let cells = log.options.context.filter(|cells| *cells > 0)?;
    let device = log.all(Part::KvCache, alone);
    let host = if alone { None } else { log.all(Part::KvCache, true) };
    let all = device.into_iter().chain(host).reduce(Printed::plus)?;
    Some((cells, all))
}

/// The peak of MLX's allocator.
fn peak(log: &Log, analysis: &Analysis) -> Vec<Row> {
    let said = log.fullest().and_then(|place| place.get(Part::Peak));
    of_bytes("peak", "Peak", said, Some(analysis.held().peak_bytes))
        .into_iter()
        .collect()
}

/// What the fullest device of a server holds, and what is left for the cache.
fn server(log: &Log, ours: &Ours<'_>) -> Vec<Row> {
    let held = ours.analysis.held();
    let place = log.fullest();
    let said = |part: Part| place.and_then(|place| place.get(part));
    // SGLang leaves activations and graphs what its share does not take: no figure of its own.
    let computes = (log.source == Source::Vllm).then_some(held.activation_bytes);
    let mut all = vec![
        of_bytes("weights", "Weights", said(Part::Weights), Some(held.weights_bytes)),
        of_bytes("compute", "Peak of activations", said(Part::Compute), computes),
        of_bytes(
            "runtime",
            "Driver and runtime",
            said(Part::Runtime),
            Some(held.overhead_bytes),
        ),
        of_bytes("graphs", "Captured graphs", said(Part::Graphs), None),
        of_bytes(
            "cache_room",
            "Room for the cache",
            said(Part::KvCache),
            ours.pool.map(|pool| pool.bytes),
        ),
    ];
    if let (Some(tokens), Some(cache)) = (log.tokens.filter(|tokens| *tokens > 0), said(Part::KvCache)) {
        let ours = ours.pool.map(|pool| pool.bytes as f64 / pool.tokens.max(1) as f64);
        all.push(Some(Row {
            key: "cache_per_token",
            label: "Cache of a token",
            measure: Measure::Bytes,
            said: cache.bytes as f64 / tokens as f64,
            step: cache.step as f64 / tokens as f64,
            ours,
            reason: String::new(),
        }));
    }
    let plain = |key, label, measure, said: Option<f64>, ours: Option<f64>, step| {
        let said = said?;
        Some(Row {
            key,
            label,
            measure,
            said,
            step,
            ours,
            reason: String::new(),
        })
    };
    all.push(plain(
        "cache_tokens",
        "Tokens in the cache",
        Measure::Tokens,
        log.tokens.map(|tokens| tokens as f64),
        ours.pool.map(|pool| pool.tokens as f64),
        16.0,
    ));
    all.push(plain(
        "concurrency",
        "Requests at once",
        Measure::Requests,
        log.concurrency.map(|(_, times)| times),
        ours.pool.map(|pool| pool.requests),
        0.01,
    ));
    all.into_iter().flatten().collect()
}

/// What nvidia-smi says is taken of the fullest card.
fn taken(log: &Log, analysis: &Analysis) -> Option<Row> {
    let used = log.cards.iter().filter_map(|card| card.used).max()?;
    let held = analysis.held().total_bytes;
    // A server fills what it may take with its cache.
    let fills = matches!(log.source, Source::Vllm | Source::Sglang);
    let ours = match pool(analysis).filter(|_| fills) {
        Some(pool) => {
            let cache = analysis
                .held()
                .kv_cache_bytes
                .saturating_add(analysis.held().state_cache_bytes);
            held.saturating_sub(cache).saturating_add(pool.bytes)
        }
        None => held,
    };
    let used = Printed {
        bytes: used,
        step: 1 << 20,
    };
    of_bytes("taken", "Taken on the card (nvidia-smi)", Some(used), Some(ours))
}

/// Tokens a second, where the log tells of a run.
fn speeds(log: &Log, analysis: &Analysis) -> Vec<Row> {
    if log.read.is_none() && log.written.is_none() {
        return Vec::new();
    }
    let run = run(log, analysis, |_| ());
    let row = |key, label, said: Option<(u64, f64)>, ours: Option<f64>| {
        Some(Row {
            key,
            label,
            measure: Measure::TokensPerSecond,
            said: said?.1,
            step: 0.0,
            ours,
            reason: String::new(),
        })
    };
    let all = [
        row("read", "Prompt read, tokens/s", log.read, run.as_ref().and_then(read)),
        row(
            "written",
            "Written, tokens/s",
            log.written,
            run.as_ref().and_then(written),
        ),
    ];
    all.into_iter().flatten().collect()
}
