//! Errors of rows that a fit has not seen.

use std::collections::BTreeSet;

use weighbridge::hardware::efficiency::{generation, group};

use super::fit::Fit;
use super::rows::Row;

/// What is left out as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    Page,
    Device,
    Model,
    Publisher,
    Generation,
    Group,
    Engine,
}

impl By {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Page,
        Self::Device,
        Self::Model,
        Self::Publisher,
        Self::Generation,
        Self::Group,
        Self::Engine,
    ];
    /// A heading.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Page => "each page left out",
            Self::Device => "each device left out",
            Self::Model => "each model left out",
            Self::Publisher => "each publisher left out",
            Self::Generation => "each generation left out",
            Self::Group => "each group of devices left out",
            Self::Engine => "each engine left out",
        }
    }
    fn key(self, row: &Row) -> String {
        match self {
            Self::Page => row.page(),
            Self::Device => row.measured.device.clone(),
            Self::Model => row.model(),
            Self::Publisher => row.publisher().to_owned(),
            Self::Generation => generation(row.device),
            Self::Group => group(row.device).to_owned(),
            Self::Engine => row.engine.key().to_owned(),
        }
    }
}

/// Logarithm of estimate ÷ measured of each row by a fit that has not seen any row of the same key.
///
/// The whole fit is where each of them starts: the first step that lowers the loss without the rows, damped if need be (where
/// none is taken, the rows would still be known), then more steps, most where the rows were many.
pub fn errors(fit: &Fit, rows: &mut [Row], by: By) -> Vec<f64> {
    let keys: Vec<String> = rows.iter().map(|row| by.key(row)).collect();
    let distinct: BTreeSet<&String> = keys.iter().collect();
    let slopes = fit.slopes(rows);
    let mut out = vec![0.0; rows.len()];
    for left in distinct {
        let used: Vec<bool> = keys.iter().map(|key| key != left).collect();
        let missing = used.iter().filter(|used| !**used).count();
        let mut other = fit.clone();
        for damping in [0.0, 1.0, 4.0, 16.0, 64.0] {
            let direction = other.direction(&slopes, &used, damping);
            if other.follow(rows, &slopes, &direction, &used) > 0.0 {
                break;
            }
        }
        other.learn(rows, &used, if missing * 20 > rows.len() { 6 } else { 2 });
        for ((slot, error), used) in out.iter_mut().zip(other.errors(rows)).zip(&used) {
            if !used {
                *slot = error;
            }
        }
    }
    out
}

/// Where the errors of a run lie for the next.
fn place(by: By) -> String {
    format!("target/calibrate/{by:?}.txt").to_lowercase()
}

/// Keeps errors for `--again`.
pub fn keep(by: By, errors: &[f64]) {
    let text: Vec<String> = errors.iter().map(f64::to_string).collect();
    std::fs::create_dir_all("target/calibrate").expect("a folder");
    std::fs::write(place(by), text.join("\n")).expect("the errors are kept");
}

/// The errors that a run of as many rows kept.
pub fn kept(by: By, rows: usize) -> Option<Vec<f64>> {
    let text = std::fs::read_to_string(place(by)).ok()?;
    let errors: Vec<f64> = text.lines().filter_map(|line| line.parse().ok()).collect();
    (errors.len() == rows).then_some(errors)
}
