//! Intervals: how far off estimates are for what nobody measured, by what of it was.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use strum::IntoEnumIterator;

use weighbridge::hardware::evidence::Seen;
use weighbridge::hardware::measurement::Metric;

use super::left_out::By;
use super::report::{METRICS, quantile};
use super::rows::Row;

/// No interval is narrower than this either way.
const LEAST: f64 = 1.12;
/// An end needs so many units beyond it: with few the interval is drawn to that of all engines.
const FEW: f64 = 4.0;
/// Shares of the units beyond each end that are tried, the narrowest interval first.
const BEYOND: std::ops::RangeInclusive<u8> = 5..=15;
/// Share of the rows left out, in whichever way, that must lie inside.
const INSIDE: f64 = 0.8;

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
    (metric, beyond): (Metric, f64),
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
        let tail = beyond * (1.0 - 1.0 / (units.len() as f64 + 1.0));
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

/// An interval of the table: logarithms of its ends, and units behind it.
type Interval = ((f64, f64), usize);
/// The intervals of a metric, by engine (empty for all) and evidence.
type Table = BTreeMap<(Seen, String), Interval>;

/// The intervals of a metric with such a share of the units beyond each end.
fn table(rows: &[Row], errors: &[(By, Vec<f64>)], metric: Metric, beyond: f64) -> Table {
    let mut table = Table::new();
    let mut before = (-f64::ln(LEAST), f64::ln(LEAST));
    for seen in Seen::iter() {
        let (pool, count) = ends(rows, errors, (metric, beyond), left(seen), None);
        // What is less like it is never surer.
        let pool = (pool.0.min(before.0), pool.1.max(before.1));
        before = pool;
        table.insert((seen, String::new()), (pool, count));
        if seen == Seen::Nothing {
            continue;
        }
        let mine = rows.iter().filter(|row| row.measured.metric == metric);
        for engine in mine.map(|row| row.engine.key()).collect::<BTreeSet<_>>() {
            let ((low, high), count) = ends(rows, errors, (metric, beyond), left(seen), Some(engine));
            let weight = count as f64 / (count as f64 + FEW);
            let between = (
                (low * weight + pool.0 * (1.0 - weight)).min(-f64::ln(LEAST)),
                (high * weight + pool.1 * (1.0 - weight)).max(f64::ln(LEAST)),
            );
            table.insert((seen, engine.to_owned()), (between, count));
        }
    }
    table
}

/// Share of a metric's rows that lie inside, where the evidence is such.
fn inside(table: &Table, rows: &[Row], errors: &[f64], seen: Seen, metric: Metric) -> f64 {
    let mine = rows.iter().zip(errors).filter(|(row, _)| row.measured.metric == metric);
    let held: Vec<bool> = mine
        .map(|(row, error)| {
            let own = table.get(&(seen, row.engine.key().to_owned()));
            let ((low, high), _) = own.or_else(|| table.get(&(seen, String::new()))).expect("an interval");
            (low..=high).contains(&error)
        })
        .collect();
    held.iter().filter(|held| **held).count() as f64 / held.len().max(1) as f64
}

/// What is known of a row whose key was left out.
const fn known(by: By) -> Seen {
    match by {
        By::Page | By::Model | By::Publisher => Seen::Device,
        By::Device => Seen::Generation,
        By::Generation => Seen::Group,
        By::Group => Seen::Engine,
        By::Engine => Seen::Nothing,
    }
}

/// Writes the table and prints how many rows lie inside: of each metric the narrowest intervals that hold enough of the rows
/// left out in every way, the widest that are tried where none does.
pub fn write(rows: &[Row], seen_errors: &[f64], errors: &[(By, Vec<f64>)]) {
    let mut out = "metric,engine,seen,low,high,units\n".to_owned();
    println!("\nshare of rows inside");
    for metric in METRICS {
        let least = |table: &Table| {
            let each = errors
                .iter()
                .map(|(by, errors)| inside(table, rows, errors, known(*by), metric));
            each.fold(1.0, f64::min)
        };
        let tried = BEYOND
            .rev()
            .map(|percent| (percent, table(rows, errors, metric, f64::from(percent) / 100.0)));
        let mut last = None;
        for (percent, table) in tried {
            let enough = least(&table) >= INSIDE;
            last = Some((percent, table));
            if enough {
                break;
            }
        }
        let (percent, table) = last.expect("a share is tried");
        let name = format!("{metric:?}").to_lowercase();
        for ((seen, engine), ((low, high), count)) in &table {
            let seen: &'static str = seen.into();
            writeln!(out, "{name},{engine},{seen},{:.3},{:.3},{count}", low.exp(), high.exp()).expect("a line");
        }
        println!("  {metric:?}: {percent} % of the units beyond each end");
        println!(
            "  {metric:?} seen: {:.0} %",
            100.0 * inside(&table, rows, seen_errors, Seen::Device, metric)
        );
        for (by, errors) in errors {
            let share = inside(&table, rows, errors, known(*by), metric);
            println!("  {metric:?} {}: {:.0} %", by.title(), 100.0 * share);
        }
    }
    std::fs::write("data/intervals.csv", out).expect("the table is written");
}
