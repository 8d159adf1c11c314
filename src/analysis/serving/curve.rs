//! Throughput and latency over the number of users.

use serde::Serialize;

use super::server::Server;
use crate::hardware::serving::Coefficients;

/// A server at one load.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Point {
    /// Requests in flight.
    pub requests: u64,
    /// Sequences that run; the others wait.
    pub running: u64,
    /// Output tokens a second, all users.
    pub tokens_per_second: f64,
    /// Output tokens a second of one user while the answer comes.
    pub tokens_per_second_per_user: f64,
    /// Seconds to the first token, the wait included.
    pub ttft_seconds: f64,
    /// Seconds between tokens.
    pub tpot_seconds: f64,
    /// Requests that end, a second.
    pub requests_per_second: f64,
}

/// A point.
pub fn point(server: &Server, requests: u64, shares: &Coefficients) -> Option<Point> {
    let found = server.steady(requests as f64, shares)?;
    Some(Point {
        requests,
        running: found.running as u64,
        tokens_per_second: found.tokens_per_second,
        tokens_per_second_per_user: 1.0 / found.tpot,
        ttft_seconds: found.ttft(),
        tpot_seconds: found.tpot,
        requests_per_second: found.requests_per_second,
    })
}

/// The curve: powers of two up to what runs at once, that number, and up to twice as many.
pub fn curve(server: &Server, shares: &Coefficients) -> Vec<Point> {
    let most = server.capacity();
    let mut loads: Vec<u64> = (0..63).map(|power| 1 << power).take_while(|load| *load < most).collect();
    if most > 0 {
        loads.extend([most, most.saturating_add(most.div_ceil(2)), most.saturating_mul(2)]);
    }
    loads.dedup();
    loads.into_iter().filter_map(|load| point(server, load, shares)).collect()
}

/// The knee: the load at which throughput divided by the time of a request, its wait included, is greatest.
///
/// With Little's law that is requests a second squared ÷ requests in flight. Source: Kleinrock 1979, "Power and
/// deterministic rules of thumb for probabilistic problems in computer communications".
pub fn knee(server: &Server, shares: &Coefficients) -> Option<Point> {
    let power = |load: u64| {
        server
            .steady(load as f64, shares)
            .map_or(0.0, |found| found.requests_per_second.powi(2) / load as f64)
    };
    // Each load a tenth above the last: the top of the curve is flat.
    let mut best = (0.0, 0);
    let mut load = 1;
    while load <= server.capacity() {
        let found = power(load);
        if found > best.0 {
            best = (found, load);
        }
        load = load.saturating_add(load.div_ceil(10));
    }
    point(server, best.1, shares)
}
