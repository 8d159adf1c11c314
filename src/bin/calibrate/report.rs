//! What the fit is worth.

use std::collections::BTreeMap;

use weighbridge::hardware::measurement::Metric;

use super::left_out::By;
use super::rows::Row;

/// Every metric.
pub const METRICS: [Metric; 3] = [Metric::Decode, Metric::Prefill, Metric::Throughput];

/// Quantile of a list.
pub fn quantile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let at = share * (values.len().max(1) - 1) as f64;
    let (low, high) = (at.floor() as usize, at.ceil() as usize);
    match (values.get(low), values.get(high)) {
        (Some(one), Some(two)) => one + (two - one) * at.fract(),
        _ => 0.0,
    }
}

/// Error of the speed.
fn off(error: f64) -> f64 {
    (error.exp() - 1.0).abs()
}

/// Median errors by metric, engine and publisher, and their mean over groups of at least four rows.
pub fn print(title: &str, rows: &[Row], errors: &[f64]) {
    println!("\n{title}");
    for metric in METRICS {
        let mut groups: BTreeMap<(&str, &str), Vec<f64>> = BTreeMap::new();
        for (row, error) in rows.iter().zip(errors).filter(|(row, _)| row.measured.metric == metric) {
            groups
                .entry((row.engine.key(), row.publisher()))
                .or_default()
                .push(off(*error));
        }
        let (mut medians, mut all) = (Vec::new(), Vec::new());
        for ((engine, publisher), mut group) in groups {
            all.extend_from_slice(&group);
            let (median, most) = (quantile(&mut group, 0.5), quantile(&mut group, 0.8));
            println!(
                "  {metric:?} {engine} {publisher}: median {:.1} %, four of five within {:.1} %, {} rows",
                100.0 * median,
                100.0 * most,
                group.len()
            );
            if group.len() >= 4 {
                medians.push(median);
            }
        }
        println!(
            "  {metric:?}: mean of groups {:.1} %, all rows median {:.1} %, four of five within {:.1} %",
            100.0 * medians.iter().sum::<f64>() / medians.len().max(1) as f64,
            100.0 * quantile(&mut all, 0.5),
            100.0 * quantile(&mut all, 0.8)
        );
    }
}

/// The worst rows.
pub fn worst(rows: &[Row], errors: &[f64], count: usize) {
    let mut all: Vec<(&Row, f64)> = rows.iter().zip(errors.iter().copied()).collect();
    all.sort_by(|one, other| other.1.abs().total_cmp(&one.1.abs()));
    for (row, error) in all.into_iter().take(count) {
        println!("{error:+.2} {}", words(row));
    }
}

/// Every row with its errors.
pub fn every(rows: &[Row], seen: &[f64], left: &[(By, Vec<f64>)]) {
    for (at, row) in rows.iter().enumerate() {
        let errors: Vec<String> = left.iter().map(|(_, errors)| format!("{:+.2}", errors[at])).collect();
        println!("{:+.2} {} {}", seen[at], errors.join(" "), words(row));
    }
}

fn words(row: &Row) -> String {
    let one = row.measured;
    format!(
        "{:?} {} {} x {} {} {} {} {}/{}/{} {} batch {} prompt {} generate {}: {} ({} {} {})",
        one.metric,
        one.engine,
        one.devices,
        one.device,
        one.model,
        one.weights,
        one.variant,
        one.tensor.unwrap_or(1),
        one.pipeline.unwrap_or(1),
        one.expert.unwrap_or(1),
        one.attention,
        one.batch,
        one.prompt,
        one.generate.unwrap_or(0),
        one.value,
        one.source,
        one.r#where,
        one.note
    )
}
