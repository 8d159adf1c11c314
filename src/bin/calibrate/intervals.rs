//! Intervals: how far off estimates are for what nobody measured, by what of it was.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use weighbridge::hardware::evidence::Seen;
use weighbridge::hardware::measurement::Metric;

use super::left_out::By;
use super::report::{METRICS, quantile};
use super::rows::Row;

/// No interval is narrower than this either way.
const LEAST: f64 = 1.12;
/// An end needs so many units beyond it: with few the interval is drawn to that of all engines.
const FEW: f64 = 4.0;
/// Share of the units beyond each end: a little less than a tenth, as single rows stray farther than units do. Those of
/// prefill stray less, so its interval may be narrower.
const fn beyond(metric: Metric) -> f64 {
    match metric {
        Metric::Prefill => 0.1,
        Metric::Decode | Metric::Throughput => 0.085,
    }
}

/// What is left out to know how far off an estimate is where the nearest evidence is such.
const fn left(seen: Seen) -> &'static [By] {
    match seen {
        // Its own page, model or publisher are unseen even where the device is: a user's machine is none of them.
        Seen::Device => &[By::Page, By::Model, By::Publisher],
        Seen::Generation => &[By::Device],
        Seen::Group => &[By::Generation],
        Seen::Engine => &[By::Group, By::Generation],
        Seen::Nothing => &[By::Engine],
    }
}

/// Measured ÷ estimated time at both ends, as logarithms, by the way of leaving out that is farthest off; and how many units.
fn ends(
    rows: &[Row],
    errors: &[(By, Vec<f64>)],
    metric: Metric,
    by: &[By],
    engine: Option<&str>,
) -> ((f64, f64), usize) {
    let mut widest = ((0.0_f64, 0.0_f64), 0);
    let mine = rows
        .iter()
        .filter(|row| row.measured.metric == metric && engine.is_none_or(|key| row.engine.key() == key));
    let publishers: BTreeSet<&str> = mine.map(Row::publisher).collect();
    for one in by {
        // Without its only publisher an engine is one that nobody measured, which is another kind of evidence.
        if *one == By::Publisher && engine.is_some() && publishers.len() < 2 {
            continue;
        }
        let mut units = units(rows, errors, metric, *one, engine);
        let tail = beyond(metric) * (1.0 - 1.0 / (units.len() as f64 + 1.0));
        let (low, high) = (quantile(&mut units, tail), quantile(&mut units, 1.0 - tail));
        widest = ((widest.0.0.min(low), widest.0.1.max(high)), widest.1.max(units.len()));
    }
    widest
}

/// Errors with some key left out: up to three of each device, model, format and page, so that no sweep outvotes the others.
fn units(rows: &[Row], errors: &[(By, Vec<f64>)], metric: Metric, by: By, engine: Option<&str>) -> Vec<f64> {
    let mut all = Vec::new();
    for (_, errors) in errors.iter().filter(|(one, _)| *one == by) {
        let mut cells: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        for (row, error) in rows.iter().zip(errors) {
            if row.measured.metric == metric && engine.is_none_or(|key| row.engine.key() == key) {
                let cell = format!(
                    "{} {} {} {} {}",
                    row.measured.device,
                    row.model(),
                    row.measured.weights,
                    row.page(),
                    row.measured.variant
                );
                cells.entry(cell).or_default().push(*error);
            }
        }
        for cell in cells.into_values() {
            let step = (cell.len() / 3).max(1);
            all.extend(cell.into_iter().step_by(step).take(3));
        }
    }
    all
}

/// Writes the table and prints how many rows lie inside.
pub fn write(rows: &[Row], seen_errors: &[f64], errors: &[(By, Vec<f64>)]) {
    use strum::IntoEnumIterator;
    let mut out = "metric,engine,seen,low,high,units\n".to_owned();
    let mut table: BTreeMap<(Metric, String, Seen), (f64, f64)> = BTreeMap::new();
    for metric in METRICS {
        let mut before = (-f64::ln(LEAST), f64::ln(LEAST));
        for seen in Seen::iter() {
            let (pool, count) = ends(rows, errors, metric, left(seen), None);
            // What is less like it is never surer.
            let pool = (pool.0.min(before.0), pool.1.max(before.1));
            before = pool;
            let mut line = |engine: &str, (low, high): (f64, f64), count: usize| {
                let name: &'static str = seen.into();
                let metric_name = format!("{metric:?}").to_lowercase();
                writeln!(
                    out,
                    "{metric_name},{engine},{name},{:.3},{:.3},{count}",
                    low.exp(),
                    high.exp()
                )
                .expect("a line");
                table.insert((metric, engine.to_owned(), seen), (low, high));
            };
            line("", pool, count);
            if seen == Seen::Nothing {
                continue;
            }
            let mut engines: Vec<&str> = rows
                .iter()
                .filter(|row| row.measured.metric == metric)
                .map(|row| row.engine.key())
                .collect();
            engines.sort_unstable();
            engines.dedup();
            for engine in engines {
                let ((low, high), count) = ends(rows, errors, metric, left(seen), Some(engine));
                let weight = count as f64 / (count as f64 + FEW);
                let between = (
                    (low * weight + pool.0 * (1.0 - weight)).min(-f64::ln(LEAST)),
                    (high * weight + pool.1 * (1.0 - weight)).max(f64::ln(LEAST)),
                );
                line(engine, between, count);
            }
        }
    }
    std::fs::write("data/intervals.csv", out).expect("the table is written");
    let inside = |errors: &[f64], seen: Seen, metric: Metric| {
        let mine = rows.iter().zip(errors).filter(|(row, _)| row.measured.metric == metric);
        let held: Vec<bool> = mine
            .map(|(row, error)| {
                let (low, high) = table
                    .get(&(metric, row.engine.key().to_owned(), seen))
                    .or_else(|| table.get(&(metric, String::new(), seen)))
                    .copied()
                    .expect("an interval");
                (low..=high).contains(error)
            })
            .collect();
        100.0 * held.iter().filter(|held| **held).count() as f64 / held.len().max(1) as f64
    };
    println!("\nshare of rows inside");
    for metric in METRICS {
        println!("  {metric:?} seen: {:.0} %", inside(seen_errors, Seen::Device, metric));
        for (by, errors) in errors {
            let seen = match by {
                By::Page | By::Model | By::Publisher => Seen::Device,
                By::Device => Seen::Generation,
                By::Generation => Seen::Group,
                By::Group => Seen::Engine,
                By::Engine => Seen::Nothing,
            };
            println!("  {metric:?} {}: {:.0} %", by.title(), inside(errors, seen, metric));
        }
    }
}
