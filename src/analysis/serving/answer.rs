//! What a server does under a load, what it could do under others, and what that costs.

use serde::Serialize;

use super::cost::{Energy, TokenCost, cost, energy};
use super::load::Load;
use super::server::Server;
use super::steady::Steady;
use super::step::Pieces;
use crate::analysis::question::Question;
use crate::hardware::serving::{Level, Served, served};

/// A number of requests in flight, and what comes of it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Point {
    /// Requests in flight.
    pub requests: u64,
    /// Sequences that run.
    pub running: u64,
    /// Output tokens a second, all users.
    pub tokens_per_second: f64,
    /// Tokens a second each running user sees.
    pub tokens_per_second_per_user: f64,
    /// Seconds to the first token, the wait in the queue included.
    pub ttft: f64,
    /// Seconds between two tokens.
    pub tpot: f64,
}

impl Point {
    fn new(requests: u64, steady: &Steady) -> Self {
        Self {
            requests,
            running: steady.running as u64,
            tokens_per_second: steady.tokens_per_second,
            tokens_per_second_per_user: if steady.tpot > 0.0 { 1.0 / steady.tpot } else { 0.0 },
            ttft: steady.ttft(),
            tpot: steady.tpot,
        }
    }
    /// Throughput for each second a request takes: its greatest value marks the knee.
    ///
    /// Source: Kleinrock 1979, "Power and deterministic rules of thumb for probabilistic problems in computer communications".
    fn power(&self, generated: f64) -> f64 {
        self.tokens_per_second / (self.ttft + self.tpot * (generated - 1.0)).max(f64::MIN_POSITIVE)
    }
}

/// A server in steady state.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Serving {
    /// Requests and sequences.
    #[serde(flatten)]
    pub load: Load,
    /// Requests that wait; none for an endless queue.
    pub queued: Option<u64>,
    /// Requests that end, a second.
    pub requests_per_second: f64,
    /// Output tokens a second, all users and devices.
    pub tokens_per_second: f64,
    /// Slow end of the interval.
    pub tokens_per_second_low: f64,
    /// Fast end of the interval.
    pub tokens_per_second_high: f64,
    /// Seconds to the first token, the wait included; none for an endless queue.
    pub ttft: Option<f64>,
    /// Seconds to the first token of a request that runs.
    pub first: f64,
    /// Seconds between two tokens of an answer.
    pub tpot: f64,
    /// Measured ÷ estimated time, at the fast and at the slow end: what TTFT and TPOT may be multiplied with.
    pub spread: (f64, f64),
    /// More and more requests, up to twice what can run.
    pub curve: Vec<Point>,
    /// Place in the curve where throughput for each second of latency is greatest.
    pub knee: usize,
    /// Most requests in flight for which the targets are met; zero where none does, none where no target is set.
    pub users_within_targets: Option<u64>,
    /// Money.
    pub cost: Option<TokenCost>,
    /// Energy.
    pub energy: Option<Energy>,
    /// Where the seconds of a step go.
    pub step: Pieces,
    /// Stages of a pipeline, each with such steps.
    pub stages: u64,
    /// Requests that end in a step.
    pub ended_per_step: f64,
    /// Measurements the shares are fitted on.
    pub rows: u32,
    /// How specific they are: all engines, the engine, the engine on the device's generation.
    pub level: Level,
}

/// Output tokens a second of all users under the question's load: expected, slow end, fast end; none where
/// [`serving`] has none.
pub fn throughput(question: &Question<'_>) -> Option<(f64, f64, f64)> {
    let (_, _, served, steady) = state(question)?;
    Some(between(&steady, &served))
}

/// Tokens a second of a steady state: expected, slow end, fast end.
fn between(steady: &Steady, served: &Served) -> (f64, f64, f64) {
    let expected = steady.tokens_per_second;
    (
        expected,
        expected * served.low.min(1.0),
        expected * served.high.max(1.0),
    )
}

/// The steady state under the question's load, with the server and what it reaches.
fn state(question: &Question<'_>) -> Option<(Load, Server, Served, Steady)> {
    let load = question.load.filter(|load| load.capacity > 0)?;
    let server = Server::of(question)?;
    let served = served(question.engine, question.device()?, &question.weights.format.id);
    let requests = load.requests.map_or(f64::INFINITY, |requests| requests as f64);
    let steady = server.steady(requests, &served.shares)?;
    Some((load, server, served, steady))
}

/// A server under the question's load; none without a device, where not even one sequence fits, or where the device's rate
/// in this format is not known.
pub fn serving(question: &Question<'_>) -> Option<Serving> {
    let (load, server, served, steady) = state(question)?;
    let (tokens_per_second, tokens_per_second_low, tokens_per_second_high) = between(&steady, &served);
    let Served {
        shares,
        low,
        high,
        rows,
        level,
    } = served;
    let curve: Vec<Point> = concurrencies(load.capacity)
        .filter_map(|requests| Some(Point::new(requests, &server.steady(requests as f64, &shares)?)))
        .collect();
    let knee = curve
        .iter()
        .enumerate()
        .max_by(|one, other| {
            one.1
                .power(server.generated)
                .total_cmp(&other.1.power(server.generated))
        })
        .map_or(0, |found| found.0);
    let scenario = &*question.scenario;
    let seconds = |milliseconds: Option<u64>| milliseconds.map_or(f64::INFINITY, |some| some as f64 / 1000.0);
    let (ttft, tpot) = (seconds(scenario.target_ttft), seconds(scenario.target_tpot));
    let meets = |requests: u64| {
        let found = server.steady(requests as f64, &shares);
        found.is_some_and(|steady| steady.ttft() <= ttft && steady.tpot <= tpot)
    };
    let targets = scenario.target_ttft.is_some() || scenario.target_tpot.is_some();
    Some(Serving {
        load,
        queued: load.requests.map(|requests| requests.saturating_sub(load.running)),
        requests_per_second: steady.requests_per_second,
        tokens_per_second,
        tokens_per_second_low,
        tokens_per_second_high,
        ttft: load.requests.map(|_| steady.ttft()),
        first: steady.first,
        tpot: steady.tpot,
        spread: (1.0 / high.max(1.0), 1.0 / low.clamp(0.01, 1.0)),
        cost: cost(question, &server, &steady, &shares),
        energy: energy(question, &steady),
        users_within_targets: targets.then(|| most(load.capacity.saturating_mul(8), meets)),
        curve,
        knee,
        stages: question.layout.stages().max(1),
        step: server.pieces(server.mix(steady.running), &shares),
        ended_per_step: server.mix(steady.running).prompts,
        rows,
        level,
    })
}

/// 1, 2, 4, … up to what can run, that itself, and twice as many.
fn concurrencies(capacity: u64) -> impl Iterator<Item = u64> {
    let doubling = std::iter::successors(Some(1u64), |last| last.checked_mul(2));
    doubling
        .take_while(move |requests| *requests < capacity)
        .chain([capacity, capacity.saturating_mul(2)])
}

/// The greatest number for which it holds, which holds for all below.
fn most(limit: u64, holds: impl Fn(u64) -> bool) -> u64 {
    let (mut low, mut high) = (0, limit.saturating_add(1));
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if holds(middle) { low = middle } else { high = middle }
    }
    low
}
