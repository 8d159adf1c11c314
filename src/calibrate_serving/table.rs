//! Writes `data/serving.csv`.

use std::fmt::Write;

use weighbridge::hardware::Engine;
use weighbridge::hardware::serving::{ALL, Coefficients};

use super::fit::{ENGINES, Fit, Vector};
use super::report::quantile;
use super::rows::Case;

/// Measured ÷ estimated of rows left out, of one engine or of all: tenth and ninetieth percentile, the wider of devices and
/// models left out, and how many rows.
pub fn spread(cases: &[&Case], unseen: &[Vec<f64>], engine: Option<Engine>) -> (f64, f64, usize) {
    let (mut low, mut high, mut rows) = (1.0_f64, 1.0_f64, 0);
    for ratios in unseen {
        let found: Vec<f64> = cases
            .iter()
            .zip(ratios)
            .filter(|(case, _)| engine.is_none_or(|engine| engine == case.engine))
            .flat_map(|(case, ratio)| case.values.iter().map(move |value| value / (ratio * case.value)))
            .collect();
        low = low.min(quantile(&found, 0.1));
        high = high.max(quantile(&found, 0.9));
        rows = found.len();
    }
    (low, high, rows)
}

/// The tables.
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
    let mut out = "engine,kind,name,factor,rows\n".to_owned();
    for ((engine, kind, name), factor) in &fit.factors {
        let mine = |case: &&&Case| case.engine.key() == *engine && (case.weights == *name || case.family == *name);
        let rows: usize = cases.iter().filter(mine).map(|case| case.values.len()).sum();
        writeln!(out, "{engine},{kind},{name},{factor:.3},{rows}").expect("a line");
    }
    std::fs::write("data/serving_factors.csv", out).expect("data/serving_factors.csv");
}
