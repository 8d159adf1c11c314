//! What a server does under a load, what it could do under others, and what that costs.

use serde::Serialize;

use super::cost::{Energy, TokenCost, cost, energy};
use super::server::Server;
use super::steady::Steady;
use crate::analysis::admission::Admission;
use crate::analysis::placement::HostShare;
use crate::analysis::setup::Setup;
use crate::analysis::time::{Mix, Runner, TimeParts, evidence_of, floor};
use crate::hardware::Device;
use crate::hardware::evidence::Evidence;
use crate::hardware::measurement::Metric;
use crate::scenario::{Mode, ServingChoice};
use crate::units::{Number, Unit};

/// What no formula of a server counts.
const NOT_COUNTED: &str =
    "Speculative decoding, prompts that share a beginning (prefix caching), tokenising, the network.";

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
    pub admission: Admission,
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
    /// What physics allows between two tokens: everything a step reads at full bandwidth, all it computes at peak rate.
    pub floor: f64,
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
    /// Output tokens a second in steady state, where the figures are those of a run that ends.
    pub steady_tokens_per_second: f64,
    /// Where the seconds of a step go.
    pub step: TimeParts,
    /// Stages of a pipeline, each with such steps.
    pub stages: u64,
    /// Requests that end in a step.
    pub ended_per_step: f64,
    /// What was measured that is like it.
    #[serde(flatten)]
    pub evidence: Evidence,
}

/// A latency that is longer than was asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Missed {
    /// The first token: seconds, and the most that was asked for.
    FirstToken(f64, f64),
    /// Each further token: seconds, and the most that was asked for.
    EachToken(f64, f64),
}

impl Serving {
    /// The targets that this load misses. An endless queue has no time to the first token but that of a request that runs.
    pub fn missed(&self, asked: &ServingChoice) -> Vec<Missed> {
        let beyond = |seconds: f64, most: Option<u64>| {
            let most = most? as f64 / 1000.0;
            (seconds > most).then_some((seconds, most))
        };
        let first = beyond(self.ttft.unwrap_or(self.first), asked.target_ttft);
        let each = beyond(self.tpot, asked.target_tpot);
        let first = first.map(|(seconds, most)| Missed::FirstToken(seconds, most));
        let each = each.map(|(seconds, most)| Missed::EachToken(seconds, most));
        first.into_iter().chain(each).collect()
    }
}

/// Output tokens a second of all users under the setup's load: expected, slow end, fast end; none where
/// [`serving`] has none.
pub fn throughput(setup: &Setup) -> Option<(f64, f64, f64)> {
    let device = setup.device()?;
    let (admission, server) = state(setup, device)?;
    Some(between(
        tokens_per_second(setup, &admission, &server)?,
        &known(setup, device),
    ))
}

fn known(setup: &Setup, device: &Device) -> Evidence {
    evidence_of(setup, Metric::Throughput, device)
}

/// Expected, slow end, fast end.
fn between(expected: f64, evidence: &Evidence) -> (f64, f64, f64) {
    (
        expected,
        expected / evidence.high.max(1.0),
        expected / evidence.low.clamp(0.01, 1.0),
    )
}

/// The server under the setup's load.
fn state<'a>(setup: &Setup, device: &'a Device) -> Option<(Admission, Server<'a>)> {
    let admission = setup.admission.filter(|admission| admission.max_running > 0)?;
    Some((admission, Server::of(setup, device)?))
}

fn in_flight(admission: &Admission) -> f64 {
    admission.requests.map_or(f64::INFINITY, |requests| requests as f64)
}

/// Output tokens a second: of a run that ends where one is asked for, else in steady state.
pub fn tokens_per_second(setup: &Setup, admission: &Admission, server: &Server<'_>) -> Option<f64> {
    match setup.scenario.workload.requests {
        Some(all) => server.finite(in_flight(admission), all.max(1) as f64),
        None => Some(server.steady(in_flight(admission))?.tokens_per_second),
    }
}

/// A server under the setup's load; none without a device, where not even one sequence fits, or where the device's rate
/// in this format is not known.
pub fn serving(setup: &Setup) -> Option<Serving> {
    let device = setup.device()?;
    let (admission, server) = state(setup, device)?;
    let floors = Floors::of(setup, device);
    let steadily = |requests: f64| server.steady(requests).map(|steady| floors.keep(steady));
    let steady = steadily(in_flight(&admission))?;
    let evidence = known(setup, device);
    let (tokens_per_second, tokens_per_second_low, tokens_per_second_high) =
        between(tokens_per_second(setup, &admission, &server)?, &evidence);
    let curve: Vec<Point> = concurrencies(admission.max_running)
        .filter_map(|requests| Some(Point::new(requests, &steadily(requests as f64)?)))
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
    let scenario = &*setup.scenario;
    let seconds = |milliseconds: Option<u64>| milliseconds.map_or(f64::INFINITY, |some| some as f64 / 1000.0);
    let (ttft, tpot) = (
        seconds(scenario.serving.target_ttft),
        seconds(scenario.serving.target_tpot),
    );
    let meets = |requests: u64| {
        let found = steadily(requests as f64);
        found.is_some_and(|steady| steady.ttft() <= ttft && steady.tpot <= tpot)
    };
    let targets = scenario.serving.target_ttft.is_some() || scenario.serving.target_tpot.is_some();
    Some(Serving {
        admission,
        queued: admission
            .requests
            .map(|requests| requests.saturating_sub(admission.running)),
        requests_per_second: tokens_per_second / server.generated,
        tokens_per_second,
        tokens_per_second_low,
        tokens_per_second_high,
        steady_tokens_per_second: steady.tokens_per_second,
        ttft: admission.requests.map(|_| steady.ttft()),
        first: steady.first,
        tpot: steady.tpot,
        floor: floors.step(steady.running),
        spread: (
            evidence
                .low
                .min(1.0)
                .max(floors.step(steady.running) / steady.tpot.max(f64::MIN_POSITIVE)),
            evidence.high.max(1.0),
        ),
        cost: cost(setup, &server, &steady),
        energy: energy(setup, &steady),
        users_within_targets: targets.then(|| most(admission.max_running.saturating_mul(8), meets)),
        curve,
        knee,
        stages: server.stages() as u64,
        step: server.steady_parts(steady.running),
        ended_per_step: server.load(steady.running).ended,
        evidence,
    })
}

/// The least times that physics allows.
struct Floors<'a> {
    setup: &'a Setup,
    device: &'a Device,
    prompt: f64,
}

impl<'a> Floors<'a> {
    fn of(setup: &'a Setup, device: &'a Device) -> Self {
        let prompt = setup.working(|scenario| {
            scenario.workload.mode = Mode::Prefill;
            scenario.workload.batch = 1;
            scenario.workload.generate = Some(0);
        });
        Self {
            setup,
            device,
            prompt: floor(&prompt, device),
        }
    }
    /// Seconds of a step that writes a token for each of these sequences; an answer of one token has none.
    fn step(&self, running: f64) -> f64 {
        if self.setup.scenario.generated() < 2 {
            return 0.0;
        }
        let step = self.setup.working(|scenario| {
            scenario.workload.mode = Mode::Decode;
            scenario.workload.batch = running.max(1.0) as u64;
        });
        floor(&step, self.device)
    }
    /// No figure of a steady state beats them.
    fn keep(&self, steady: Steady) -> Steady {
        Steady {
            tpot: steady.tpot.max(self.step(steady.running)),
            first: steady.first.max(self.prompt),
            ..steady
        }
    }
}

/// Seconds of a step of a server in steady state with their trace, all stages one after the other; none where [`serving`] has none.
pub fn traced_step<N: Number>(setup: &Setup) -> Option<N> {
    let device = setup.device()?;
    let (admission, server) = state(setup, device)?;
    let steady = server.steady(in_flight(&admission))?;
    let mut runner = Runner::<N>::of(setup, device, &HostShare::default())?;
    runner.say(|device| known(setup, device).words(setup.engine, device));
    let load = server.load(steady.running);
    let count = |value: f64, name, about| N::constant(value).named(name, about).in_unit(Unit::Plain);
    let steps = server
        .steps(load.decodes, load.tokens)
        .into_iter()
        .filter(|(share, _)| *share > 0.0);
    let parts: Vec<N> = steps
        .map(|(share, mix)| {
            let reads = mix.prompts > 0.0;
            let mix = Mix {
                decodes: count(mix.decodes, "sequences that write", "Tokens written in this step."),
                prompts: count(
                    mix.prompts,
                    "prompts read",
                    "As many as requests end, or the part of one that fits into a step.",
                ),
            };
            let name = if reads {
                "steps that read prompts"
            } else {
                "steps that only write"
            };
            let about = "Their time, times how often there is one.";
            runner.step(&mix).total().scaled(share).named(name, about)
        })
        .collect();
    let all = N::sum(parts).scaled(server.stages());
    let floor = Floors::of(setup, device).step(steady.running);
    let all = if floor > all.value() {
        let about = "All bytes at full bandwidth, or all operations at the highest rate.";
        all.most(N::constant(floor).named("least time", about))
    } else {
        all
    };
    Some(
        all.named("time", "Time of a step in all stages.")
            .in_unit(Unit::Seconds)
            .without(NOT_COUNTED),
    )
}

/// Output tokens a second of a server with their trace.
pub fn traced_rate<N: Number>(setup: &Setup) -> Option<N> {
    let device = setup.device()?;
    let (admission, server) = state(setup, device)?;
    let rate = tokens_per_second(setup, &admission, &server)?;
    let steady = server.steady(in_flight(&admission))?;
    let ended = server.load(steady.running).ended;
    let mut step = traced_step::<N>(setup)?;
    if server.stages() > 1.0 {
        step = step.over(N::constant(server.stages()));
    }
    let step = step.named("step", "Time of one step.").in_unit(Unit::Seconds);
    let about = "Running sequences ÷ output length, limited by the engine's token budget per step.";
    let steadily = N::constant(ended)
        .named("requests that end in a step", about)
        .times(N::constant(server.generated).named("output length", "Tokens of an answer."))
        .over(step);
    let share = rate / steadily.value().max(f64::MIN_POSITIVE);
    let rate = if (share - 1.0).abs() < 1e-9 {
        steadily
    } else {
        steadily.times(N::constant(share).named(
        "front end, filling up and running empty",
        "What is left of the steady state: the front end hands tokens out one by one, and a run that ends fills up first and runs empty at the end.",
        ))
    };
    Some(
        rate.named("tokens a second", "Output tokens of all users.")
            .in_unit(Unit::TokensPerSecond)
            .without(NOT_COUNTED),
    )
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
