//! Fits level by level, and writes `data/serving.csv`.

use std::collections::{BTreeMap, BTreeSet};

use weighbridge::hardware::serving::Coefficients;

use super::fit::{Vector, coefficients, fit, predict};
use super::rows::Case;

/// What holds coefficients near those of the level above, in units of one row.
const PULL: [f64; 3] = [0.1, 2.0, 2.0];
/// Fewer rows of a generation do not make a row of their own.
const FEWEST: usize = 8;

/// Coefficients by engine and generation; both may be empty.
pub type Table = BTreeMap<(String, String), Vector>;

/// Fits all engines, each engine, and each engine on each generation.
pub fn table(cases: &[&Case]) -> Table {
    let mut out = Table::new();
    let all = fit(cases, &Coefficients::USUAL.to_array(), PULL[0]);
    out.insert((String::new(), String::new()), all);
    let engines: BTreeSet<&str> = cases.iter().map(|case| case.engine.key()).collect();
    for engine in engines {
        let own: Vec<&Case> = cases
            .iter()
            .copied()
            .filter(|case| case.engine.key() == engine)
            .collect();
        let parent = fit(&own, &all, PULL[1]);
        out.insert((engine.to_owned(), String::new()), parent);
        let generations: BTreeSet<&str> = own.iter().map(|case| case.generation.as_str()).collect();
        for generation in generations {
            let few: Vec<&Case> = own
                .iter()
                .copied()
                .filter(|case| case.generation == generation)
                .collect();
            if few.len() >= FEWEST {
                out.insert((engine.to_owned(), generation.to_owned()), fit(&few, &parent, PULL[2]));
            }
        }
    }
    out
}

/// The key of the row that speaks of a case.
pub fn key(table: &Table, case: &Case) -> (String, String) {
    let exact = (case.engine.key().to_owned(), case.generation.clone());
    let engine = (exact.0.clone(), String::new());
    [exact, engine]
        .into_iter()
        .find(|key| table.contains_key(key))
        .unwrap_or_default()
}

/// Estimated ÷ measured.
pub fn ratio(table: &Table, case: &Case) -> f64 {
    predict(case, &coefficients(&table[&key(table, case)])) / case.value
}

/// Estimated ÷ measured of each case by a fit that has seen none with the same key.
pub fn unseen(cases: &[&Case], left: impl Fn(&Case) -> &str) -> Vec<f64> {
    let keys: BTreeSet<&str> = cases.iter().map(|case| left(case)).collect();
    let mut ratios = vec![0.0; cases.len()];
    for out in keys {
        let rest: Vec<&Case> = cases.iter().copied().filter(|case| left(case) != out).collect();
        let table = table(&rest);
        for (case, place) in cases.iter().zip(&mut ratios) {
            if left(case) == out {
                *place = ratio(&table, case);
            }
        }
    }
    ratios
}

/// Percentiles of measured ÷ estimated over rows that were left out.
fn spread(ratios: &[f64]) -> (f64, f64) {
    let mut all: Vec<f64> = ratios.iter().map(|ratio| 1.0 / ratio).collect();
    all.sort_by(f64::total_cmp);
    let at = |share: f64| {
        let place = share * (all.len() - 1) as f64;
        let low = all[place.floor() as usize];
        low + (all[place.ceil() as usize] - low) * place.fract()
    };
    (at(0.1).min(0.95), at(0.9).max(1.05))
}

/// Writes the table; intervals come from rows left out, by device and by model.
pub fn write(table: &Table, cases: &[&Case], left_out: [&[f64]; 2]) -> std::io::Result<()> {
    let mut out = String::from(
        "engine,generation,bandwidth,expert_bandwidth,cache_bandwidth,compute,expert_compute,attention,link,collective,layer,step,sequence,request,low,high,rows,source\n",
    );
    for ((engine, generation), values) in table {
        let mine = |case: &Case| {
            (engine.is_empty() || case.engine.key() == engine)
                && (generation.is_empty() || case.generation == *generation)
        };
        let ratios: Vec<f64> = left_out
            .iter()
            .flat_map(|ratios| {
                cases
                    .iter()
                    .zip(*ratios)
                    .filter(|(case, _)| mine(case))
                    .map(|(_, ratio)| *ratio)
            })
            .collect();
        let (low, high) = spread(&ratios);
        let shares: Vec<String> = coefficients(values)
            .to_array()
            .iter()
            .enumerate()
            .map(|(at, value)| {
                if at < Coefficients::SHARES {
                    format!("{value:.4}")
                } else {
                    format!("{value:.3e}")
                }
            })
            .collect();
        out.push_str(&format!(
            "{engine},{generation},{},{low:.3},{high:.3},{},throughput rows of measurements.csv\n",
            shares.join(","),
            ratios.len() / 2
        ));
    }
    std::fs::write("data/serving.csv", out)
}
