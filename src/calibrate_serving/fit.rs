//! The search for coefficients: robust, deterministic.

use std::collections::{BTreeMap, BTreeSet};

use weighbridge::hardware::Engine;
use weighbridge::hardware::serving::Coefficients;

use super::rows::Case;

pub type Vector = [f64; Coefficients::COUNT];

/// Engines with rows.
pub const ENGINES: [Engine; 3] = [Engine::Vllm, Engine::Sglang, Engine::TensorRtLlm];
/// Where the search starts.
pub const START: Vector = Coefficients::USUAL.to_array();
/// How strongly all engines are held near the start, and each engine near all of them.
const PULL: [f64; 2] = [1.0, 3.0];

/// How strongly factors of formats and of generations are held near one.
const HOLD: f64 = 3.0;
/// Fewer rows of a generation do not make a row of their own.
pub const FEWEST: usize = 6;
/// Rounds of coefficients and factors in turn.
const ROUNDS: usize = 3;

/// What a case is estimated with.
fn shares(case: &Case, values: &Vector, factors: &Factors) -> Coefficients {
    let of = |kind: &'static str, name: &str| {
        factors
            .get(&(case.engine.key(), kind, name.to_owned()))
            .copied()
            .unwrap_or(1.0)
    };
    Coefficients::from_array(*values)
        .with_format(of("format", &case.weights))
        .with_generation(of("generation", &case.generation))
}

/// Factors by engine, kind and name.
pub type Factors = BTreeMap<(&'static str, &'static str, String), f64>;

fn predict(case: &Case, shares: &Coefficients) -> f64 {
    let found = case.server.steady(case.requests, shares);
    // Where the memory rules leave no room for what was measured, one sequence runs.
    found.unwrap_or_else(|| case.server.least(shares)).tokens_per_second
}

/// Mean absolute logarithmic error, rounded near zero so that the search does not stick.
fn errors(cases: &[&Case], values: &Vector, factors: &Factors) -> f64 {
    let each = |case: &&Case| {
        let error = (predict(case, &shares(case, values, factors)) / case.value).ln();
        case.weight * (error * error + 0.01).sqrt().min(1.2)
    };
    cases.iter().map(each).sum()
}

/// Errors and the pull of the start.
fn loss(cases: &[&Case], values: &Vector, factors: &Factors, start: &Vector, pull: f64) -> f64 {
    let away: f64 = values
        .iter()
        .zip(start)
        .map(|(one, start)| (one / start).ln().powi(2))
        .sum();
    errors(cases, values, factors) + pull * away
}

/// Pattern search in the logarithms.
fn fit(cases: &[&Case], factors: &Factors, begin: &Vector, start: &Vector, pull: f64) -> Vector {
    let mut best = *begin;
    let mut least = loss(cases, &best, factors, start, pull);
    let mut size = 0.7_f64;
    while size > 0.01 {
        let before = best;
        let mut better = false;
        for at in 0..best.len() {
            for sign in [1.0, -1.0] {
                let mut next = best;
                next[at] *= (sign * size).exp();
                limit(&mut next);
                let found = loss(cases, &next, factors, start, pull);
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
            let found = loss(cases, &next, factors, start, pull);
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

/// The factors of an engine, one after the other.
fn refine(cases: &[&Case], values: &Vector, factors: &mut Factors) {
    let keys: BTreeSet<_> = cases
        .iter()
        .flat_map(|case| {
            let engine = case.engine.key();
            [
                (engine, "format", case.weights.clone()),
                (engine, "generation", case.generation.clone()),
            ]
        })
        .collect();
    for key in keys {
        let mine: Vec<&Case> = cases
            .iter()
            .copied()
            .filter(|case| case.weights == key.2 || case.generation == key.2)
            .collect();
        let mut best = (f64::INFINITY, 1.0);
        // A generation with few rows gets no factor of its own.
        let known = key.1 != "generation" || mine.len() >= FEWEST;
        for step in if known { -60..=30 } else { 0..=0 } {
            let factor = (f64::from(step) * 0.05).exp();
            factors.insert(key.clone(), factor);
            let found = errors(&mine, values, factors) + HOLD * factor.ln().powi(2);
            if found < best.0 {
                best = (found, factor);
            }
        }
        factors.insert(key, best.1);
    }
}

/// Coefficients by engine and factors; `all` beside them.
#[derive(Debug)]
pub struct Fit {
    pub all: Vector,
    pub engines: BTreeMap<&'static str, Vector>,
    pub factors: Factors,
}

impl Fit {
    /// All engines first, then each from there.
    pub fn of(cases: &[&Case]) -> Self {
        let mut factors = Factors::new();
        let mut all = fit(cases, &factors, &START, &START, PULL[0]);
        let mut engines = BTreeMap::new();
        for _ in 0..ROUNDS {
            for engine in ENGINES {
                let own: Vec<&Case> = cases.iter().copied().filter(|case| case.engine == engine).collect();
                let begin = engines.get(engine.key()).copied().unwrap_or(all);
                let values = fit(&own, &factors, &begin, &all, PULL[1]);
                engines.insert(engine.key(), values);
                refine(&own, &values, &mut factors);
            }
            all = fit(cases, &factors, &all, &START, PULL[0]);
        }
        Self { all, engines, factors }
    }
    /// Estimate of a case.
    pub fn predict(&self, case: &Case) -> f64 {
        predict(case, &shares(case, &self.engines[case.engine.key()], &self.factors))
    }
}
