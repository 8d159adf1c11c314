//! Schedules of the learning rate.
//!
//! Sources: Loshchilov 2017 (arXiv 1608.03983) for the cosine, with a floor of a tenth as Hoffmann 2022 (arXiv 2203.15556);
//! Hu 2024 (arXiv 2404.06395) for warm-up, stable, decay; Vaswani 2017 (arXiv 1706.03762) for the inverse square root.

use crate::scenario::training::{RateSchedule, TrainingChoice};

/// Where a cosine ends, as a share of the peak.
pub const FLOOR: f64 = 0.1;
/// Share of the steps over which a stable rate decays at the end.
pub const DECAY: f64 = 0.2;
/// Percentage of the steps in which a rate warms up where nothing is given.
pub const WARM_UP: u64 = 1;

/// The schedule of a run, and the share of its steps that warm up.
pub fn schedule(choice: &TrainingChoice) -> (RateSchedule, f64) {
    let warm = choice.warm_up.unwrap_or(WARM_UP) as f64 / 100.0;
    (choice.rate_schedule.unwrap_or_default(), warm)
}

impl RateSchedule {
    /// The rate as a share of its peak when a share `done` of the steps is done and the first `warm` of them warm up.
    pub fn at(self, done: f64, warm: f64) -> f64 {
        let (done, warm) = (done.clamp(0.0, 1.0), warm.clamp(0.0, 1.0));
        if done < warm {
            return done / warm;
        }
        // How far the rest has come.
        let rest = if warm < 1.0 { (done - warm) / (1.0 - warm) } else { 0.0 };
        match self {
            Self::Cosine => FLOOR + 0.5 * (1.0 - FLOOR) * (1.0 + (std::f64::consts::PI * rest).cos()),
            Self::StableDecay => ((1.0 - done) / DECAY).min(1.0),
            Self::Linear => 1.0 - rest,
            Self::InverseSquareRoot if done > 0.0 => (warm.max(f64::EPSILON) / done).sqrt().min(1.0),
            Self::InverseSquareRoot | Self::Constant => 1.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use strum::IntoEnumIterator;

    #[test]
    fn they_rise_to_their_peak_and_fall() {
        let near = |value: f64, want: f64| assert!((value - want).abs() < 1e-9, "{value} {want}");
        for one in RateSchedule::iter() {
            near(one.at(0.0, 0.02), 0.0);
            near(one.at(0.01, 0.02), 0.5);
            near(one.at(0.02, 0.02), 1.0);
            let mut before = 1.0;
            for step in 2..=100 {
                let now = one.at(f64::from(step) / 100.0, 0.02);
                assert!(now <= before, "{} at {step}", one.label());
                before = now;
            }
        }
        near(RateSchedule::Cosine.at(1.0, 0.02), 0.1);
        near(RateSchedule::Cosine.at(0.51, 0.02), 0.55);
        near(RateSchedule::StableDecay.at(0.8, 0.02), 1.0);
        near(RateSchedule::StableDecay.at(0.9, 0.02), 0.5);
        near(RateSchedule::Linear.at(0.51, 0.02), 0.5);
        near(RateSchedule::InverseSquareRoot.at(0.08, 0.02), 0.5);
        near(RateSchedule::Constant.at(1.0, 0.02), 1.0);
    }
}
