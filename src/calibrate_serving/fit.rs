//! The search for coefficients: robust, deterministic.

use weighbridge::hardware::serving::Coefficients;

use super::rows::Case;

pub type Vector = [f64; Coefficients::COUNT];

pub fn coefficients(values: &Vector) -> Coefficients {
    let mut values = *values;
    for share in &mut values[..Coefficients::SHARES] {
        *share = share.min(1.0);
    }
    Coefficients::from_array(values)
}

pub fn predict(case: &Case, shares: &Coefficients) -> f64 {
    case.server.steady(case.requests, shares).map_or_else(
        || case.server.least(shares).tokens_per_second,
        |found| found.tokens_per_second,
    )
}

/// Mean absolute logarithmic error, rounded near zero so that the search does not stick, and the pull of the start.
pub fn loss(cases: &[&Case], values: &Vector, start: &Vector, pull: f64) -> f64 {
    let shares = coefficients(values);
    let sum: f64 = cases
        .iter()
        .map(|case| {
            let error = (predict(case, &shares) / case.value).ln();
            (error * error + 0.01).sqrt().min(0.7)
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
pub fn fit(cases: &[&Case], start: &Vector, pull: f64) -> Vector {
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
                if at < Coefficients::SHARES {
                    next[at] = next[at].clamp(0.02, 1.0);
                }
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
                if at < Coefficients::SHARES {
                    next[at] = next[at].clamp(0.02, 1.0);
                }
            }
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
