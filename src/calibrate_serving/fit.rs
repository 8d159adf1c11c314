//! The search for coefficients: robust, deterministic.

use std::collections::BTreeMap;

use weighbridge::hardware::Engine;
use weighbridge::hardware::serving::Coefficients;

use super::rows::Case;

pub type Vector = [f64; Coefficients::COUNT];

/// Engines with rows.
pub const ENGINES: [Engine; 3] = [Engine::Vllm, Engine::Sglang, Engine::TensorRtLlm];
/// Where the search starts: what is usual on large accelerators.
pub const START: Vector = [0.7, 0.5, 0.6, 0.6, 0.3, 0.4, 0.5, 10e-6, 15e-6, 2e-3, 10e-6, 10e-6, 1e-3, 0.8];
/// How strongly all engines are held near the start, and each engine near all of them.
const PULL: [f64; 2] = [0.3, 1.0];

pub fn coefficients(values: &Vector) -> Coefficients {
    Coefficients::from_array(*values)
}

pub fn predict(case: &Case, shares: &Coefficients) -> f64 {
    let found = case.server.steady(case.requests, shares);
    // Where the memory rules leave no room for what was measured, one sequence runs.
    found
        .unwrap_or_else(|| case.server.run(1.0, 1.0, shares))
        .tokens_per_second
}

/// Mean absolute logarithmic error, rounded near zero so that the search does not stick, and the pull of the start.
fn loss(cases: &[&Case], values: &Vector, start: &Vector, pull: f64) -> f64 {
    let shares = coefficients(values);
    let sum: f64 = cases
        .iter()
        .map(|case| {
            let error = (predict(case, &shares) / case.value).ln();
            case.weight * (error * error + 0.01).sqrt().min(1.2)
        })
        .sum();
    let away: f64 = values
        .iter()
        .zip(start)
        .map(|(one, start)| (one / start).ln().powi(2))
        .sum();
    sum + pull * away
}

/// Pattern search in the logarithms.
fn fit(cases: &[&Case], start: &Vector, pull: f64) -> Vector {
    let mut best = *start;
    let mut least = loss(cases, &best, start, pull);
    let mut size = 0.7_f64;
    while size > 0.01 {
        let before = best;
        let mut better = false;
        for at in 0..best.len() {
            for sign in [1.0, -1.0] {
                let mut next = best;
                next[at] *= (sign * size).exp();
                limit(&mut next);
                let found = loss(cases, &next, start, pull);
                if found < least - 1e-9 {
                    (least, best, better) = (found, next, true);
                    break;
                }
            }
        }
        if better {
            // As far again in the direction that helped.
            let mut next = best;
            for at in 0..next.len() {
                next[at] *= best[at] / before[at];
            }
            limit(&mut next);
            let found = loss(cases, &next, start, pull);
            if found < least {
                (least, best) = (found, next);
            }
        } else {
            size /= 2.0;
        }
    }
    best
}

fn limit(values: &mut Vector) {
    for share in &mut values[..Coefficients::SHARES] {
        *share = share.clamp(0.02, 1.0);
    }
    let alike = &mut values[Coefficients::COUNT - 1];
    *alike = alike.clamp(0.4, 1.0);
}

/// Coefficients by engine; `all` beside them.
#[derive(Debug)]
pub struct Fit {
    pub all: Vector,
    pub engines: BTreeMap<&'static str, Vector>,
}

impl Fit {
    /// All engines first, then each from there.
    pub fn of(cases: &[&Case]) -> Self {
        let all = fit(cases, &START, PULL[0]);
        let own = |engine: &Engine| {
            let own: Vec<&Case> = cases.iter().copied().filter(|case| case.engine == *engine).collect();
            (engine.key(), fit(&own, &all, PULL[1]))
        };
        Self {
            all,
            engines: ENGINES.iter().map(own).collect(),
        }
    }
    /// Estimate of a case.
    pub fn predict(&self, case: &Case) -> f64 {
        predict(case, &coefficients(&self.engines[case.engine.key()]))
    }
}
