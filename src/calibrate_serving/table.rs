//! Writes `data/serving.csv` and `data/serving_formats.csv`.

use std::collections::BTreeSet;
use std::fmt::Write;

use weighbridge::hardware::Engine;
use weighbridge::hardware::serving::Coefficients;

use super::fit::{ENGINES, FEWEST, Fit};
use super::report::quantile;
use super::rows::Case;

/// Measured ÷ estimated of rows left out: tenth and ninetieth percentile, the wider of devices and models left out, and how
/// many rows.
pub fn spread(cases: &[&Case], unseen: &[Vec<f64>], mine: impl Fn(&Case) -> bool) -> (f64, f64, usize) {
    let (mut low, mut high, mut rows) = (0.95_f64, 1.05_f64, 0);
    for ratios in unseen {
        let found: Vec<f64> = cases
            .iter()
            .zip(ratios)
            .filter(|(case, _)| mine(case))
            .flat_map(|(case, ratio)| case.values.iter().map(move |value| value / (ratio * case.value)))
            .collect();
        low = low.min(quantile(&found, 0.1));
        high = high.max(quantile(&found, 0.9));
        rows = found.len();
    }
    (low, high, rows)
}

/// Whether a generation has a row of its own.
pub fn own(cases: &[&Case], engine: Engine, generation: &str) -> bool {
    let mine = |case: &&&Case| case.engine == engine && case.generation == generation;
    cases.iter().filter(mine).count() >= FEWEST
}

/// The tables.
pub fn write(fit: &Fit, cases: &[&Case], unseen: &[Vec<f64>]) -> std::io::Result<()> {
    let mut out = format!(
        "engine,generation,{},low,high,rows,source\n",
        Coefficients::NAMES.join(",")
    );
    let mut line = |engine: &str, generation: &str, shares: Coefficients, (low, high, rows): (f64, f64, usize)| {
        let values: Vec<String> = shares.to_array().iter().map(|value| format!("{value:.4e}")).collect();
        writeln!(
            out,
            "{engine},{generation},{},{low:.3},{high:.3},{rows},throughput rows of measurements.csv",
            values.join(",")
        )
        .expect("a line");
    };
    line(
        "",
        "",
        Coefficients::from_array(fit.all),
        spread(cases, unseen, |_| true),
    );
    for engine in ENGINES {
        let shares = Coefficients::from_array(fit.engines[engine.key()]);
        line(
            engine.key(),
            "",
            shares,
            spread(cases, unseen, |case| case.engine == engine),
        );
        let generations: BTreeSet<&str> = cases
            .iter()
            .filter(|case| case.engine == engine)
            .map(|case| case.generation.as_str())
            .collect();
        for generation in generations {
            if own(cases, engine, generation) {
                let factor = fit.factors[&(engine.key(), "generation", generation.to_owned())];
                let spread = spread(cases, unseen, |case| {
                    case.engine == engine && case.generation == generation
                });
                line(engine.key(), generation, shares.with_generation(factor), spread);
            }
        }
    }
    std::fs::write("data/serving.csv", out)?;
    let mut out = "engine,format,factor,rows\n".to_owned();
    for ((engine, kind, name), factor) in &fit.factors {
        if *kind == "format" {
            let mine = |case: &&&Case| case.engine.key() == *engine && case.weights == *name;
            let rows: usize = cases.iter().filter(mine).map(|case| case.values.len()).sum();
            writeln!(out, "{engine},{name},{factor:.3},{rows}").expect("a line");
        }
    }
    std::fs::write("data/serving_formats.csv", out)
}
