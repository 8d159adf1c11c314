//! Writes `data/serving.csv`.

use std::fmt::Write;

use weighbridge::hardware::Engine;
use weighbridge::hardware::serving::{ALL, Coefficients};

use super::fit::{ENGINES, Fit, Vector};
use super::report::quantile;
use super::rows::Case;

/// Measured ÷ estimated of rows left out, of one engine or of all: tenth and ninetieth percentile, and how many rows.
pub fn spread(cases: &[&Case], unseen: &[Vec<f64>], engine: Option<Engine>) -> (f64, f64, usize) {
    let mut found = Vec::new();
    let mut rows = 0;
    for (at, case) in cases.iter().enumerate() {
        if engine.is_some_and(|engine| engine != case.engine) {
            continue;
        }
        rows += case.values.len();
        for ratios in unseen {
            found.extend(case.values.iter().map(|value| value / (ratios[at] * case.value)));
        }
    }
    (quantile(&found, 0.1), quantile(&found, 0.9), rows)
}

/// The table.
pub fn write(fit: &Fit, cases: &[&Case], unseen: &[Vec<f64>]) {
    let mut out = format!("engine,{},rows,low,high,source\n", Coefficients::NAMES.join(","));
    let mut line = |name: &str, values: &Vector, engine: Option<Engine>| {
        let (low, high, rows) = spread(cases, unseen, engine);
        let values: Vec<String> = values.iter().map(|value| format!("{value:.4e}")).collect();
        writeln!(
            out,
            "{name},{},{rows},{low:.3},{high:.3},fitted on data/measurements.csv",
            values.join(",")
        )
        .expect("a line");
    };
    line(ALL, &fit.all, None);
    for engine in ENGINES {
        line(engine.key(), &fit.engines[engine.key()], Some(engine));
    }
    std::fs::write("data/serving.csv", out).expect("data/serving.csv");
}
