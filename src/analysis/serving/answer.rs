//! The answer of serve mode.

use serde::Serialize;

use super::cost::{Bill, Energy, bill, energy};
use super::curve::{Point, curve, knee};
use super::server::Server;
use crate::analysis::fit::largest;
use crate::analysis::question::Question;
use crate::hardware::serving::{ALL, Coefficients, coefficients, row};
use crate::model::Notice;

/// A figure with its interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Interval {
    /// Expected.
    pub expected: f64,
    /// Nine of ten measurements lie above.
    pub low: f64,
    /// Nine of ten measurements lie below.
    pub high: f64,
}

/// Whether the waits that were asked for are kept.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Targets {
    /// Longest good wait for the first token, seconds.
    pub ttft_seconds: Option<f64>,
    /// Longest good time between tokens, seconds.
    pub tpot_seconds: Option<f64>,
    /// Whether this load keeps all of them.
    pub met: bool,
    /// Most requests in flight that keep them; zero where one is too many.
    pub most_requests: u64,
    /// Output tokens a second at that load.
    pub tokens_per_second: f64,
}

/// A server in its steady state.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Serving {
    /// Requests in flight; none for an endless queue.
    pub requests: Option<u64>,
    /// Sequences that run.
    pub running: u64,
    /// Requests that wait; none for an endless queue.
    pub queued: Option<u64>,
    /// Sequences that run at most.
    pub capacity: u64,
    /// Sequences whose caches memory carries, whatever the engine allows.
    pub kv_capacity: u64,
    /// Sequences the engine runs at most.
    pub engine_limit: u64,
    /// Requests that end, a second.
    pub requests_per_second: f64,
    /// Output tokens a second, all users and devices.
    pub tokens_per_second: Interval,
    /// Prompt tokens read a second.
    pub input_tokens_per_second: f64,
    /// Output tokens a second of one user while the answer comes.
    pub tokens_per_second_per_user: f64,
    /// Seconds to the first token, the wait included; none for an endless queue.
    pub ttft_seconds: Option<Interval>,
    /// Seconds to the first token once a request runs.
    pub first_token_seconds: Interval,
    /// Seconds between tokens.
    pub tpot_seconds: Interval,
    /// Seconds from one step to the next.
    pub step_seconds: f64,
    /// Share of the time that prompts take.
    pub prefill_share: f64,
    /// Throughput that the device cannot beat at this load: full bandwidth, peak rate, nothing lost.
    pub tokens_per_second_at_most: f64,
    /// The same at other loads.
    pub curve: Vec<Point>,
    /// Where throughput ÷ time of a request is greatest.
    pub knee: Option<Point>,
    /// Money; none where no price is known.
    pub cost: Option<Bill>,
    /// Energy; none where the power is not known.
    pub energy: Option<Energy>,
    /// The waits that were asked for; none where none were.
    pub targets: Option<Targets>,
    /// Row of the table the shares are from: an engine, or `all`.
    pub fitted_on: &'static str,
    /// Measurements it is fitted on.
    pub rows: u32,
}

/// The steady state of a question's server; none without a device, where not even one sequence fits, and where the device
/// has no rate for the format.
pub fn serving(question: &Question<'_>) -> Option<Serving> {
    let row = row(question.engine)?;
    let server = Server::of(question)?;
    let family = question.device().map_or("", |device| &device.family);
    let shares = coefficients(row, &question.weights.format.id, family);
    let shares = with_choices(question, shares);
    let scenario = question.scenario;
    let requests = (!scenario.endless).then_some(scenario.batch);
    let found = server.steady(requests.map_or(f64::INFINITY, |count| count as f64), &shares)?;
    let most = server.run(found.requests, found.running, &Coefficients::IDEAL);
    // Slower and faster than expected by as much as rows left out of the fit were.
    let slow = row.low.clamp(1e-3, 1.0);
    let fast = row.high.max(1.0).min((most.tokens_per_second / found.tokens_per_second).max(1.0));
    let wait = |seconds: f64| Interval {
        expected: seconds,
        low: seconds / fast,
        high: seconds / slow,
    };
    let running = found.running as u64;
    Some(Serving {
        requests,
        running,
        queued: requests.map(|count| count.saturating_sub(running)),
        capacity: server.capacity(),
        kv_capacity: server.carried,
        engine_limit: server.limits.most(&question.layout),
        requests_per_second: found.requests_per_second,
        tokens_per_second: Interval {
            expected: found.tokens_per_second,
            low: found.tokens_per_second * slow,
            high: found.tokens_per_second * fast,
        },
        input_tokens_per_second: found.requests_per_second * server.prompt,
        tokens_per_second_per_user: 1.0 / found.tpot,
        ttft_seconds: requests.map(|_| wait(found.ttft())),
        first_token_seconds: wait(found.first),
        tpot_seconds: wait(found.tpot),
        step_seconds: found.step,
        prefill_share: found.prompts,
        tokens_per_second_at_most: most.tokens_per_second,
        curve: curve(&server, &shares),
        knee: knee(&server, &shares),
        cost: bill(question, &found),
        energy: energy(question, &found),
        targets: targets(question, &server, &shares),
        fitted_on: &row.engine,
        rows: row.rows,
    })
}

/// Shares the user set replace those of the table.
fn with_choices(question: &Question<'_>, mut shares: Coefficients) -> Coefficients {
    let percent = |value: u64| (value as f64 / 100.0).clamp(0.01, 1.0);
    if let Some(value) = question.scenario.compute_efficiency {
        let value = percent(value);
        (shares.compute, shares.expert_compute, shares.attention) = (value, value, value);
    }
    if let Some(value) = question.scenario.bandwidth_efficiency {
        let value = percent(value);
        (shares.bandwidth, shares.expert_bandwidth, shares.cache_bandwidth) = (value, value, value);
    }
    shares
}

fn targets(question: &Question<'_>, server: &Server, shares: &Coefficients) -> Option<Targets> {
    let scenario = question.scenario;
    let seconds = |milliseconds: u64| milliseconds as f64 / 1e3;
    let (ttft, tpot) = (scenario.target_ttft.map(seconds), scenario.target_tpot.map(seconds));
    if ttft.is_none() && tpot.is_none() {
        return None;
    }
    let keeps = |requests: f64| {
        server.steady(requests, shares).is_some_and(|found| {
            ttft.is_none_or(|most| found.ttft() <= most) && tpot.is_none_or(|most| found.tpot <= most)
        })
    };
    // Without a limit on the first token a queue harms nobody; what runs at once is the answer then.
    let most = largest(server.capacity().saturating_mul(if ttft.is_some() { 64 } else { 1 }), |load| keeps(load as f64));
    let now = if scenario.endless { f64::INFINITY } else { scenario.batch as f64 };
    Some(Targets {
        ttft_seconds: ttft,
        tpot_seconds: tpot,
        met: keeps(now),
        most_requests: most,
        tokens_per_second: server.steady(most as f64, shares).map_or(0.0, |found| found.tokens_per_second),
    })
}

impl Serving {
    /// What to know about the figures.
    pub fn notices(&self, question: &Question<'_>) -> Vec<Notice> {
        let mut all = vec![Notice::new(
            "serving_not_modelled",
            "Speculative decoding, cached prefixes and separate devices for prefill and decode are not in the serving estimate; all requests have the same length. Published runs of finite length, with their ramp and tail, are what it is fitted on: a server under steady load may be faster.",
        )];
        if self.fitted_on == ALL {
            all.push(Notice::new(
                "serving_not_measured",
                format!(
                    "No published measurement of {} under many users is in the fit; the estimate uses what vLLM, SGLang and TensorRT-LLM reach together.",
                    question.engine.label()
                ),
            ));
        }
        all
    }
}
