//! Errors by group.

use std::collections::BTreeMap;

use super::rows::Case;

fn quantile(sorted: &[f64], at: f64) -> f64 {
    let place = at * (sorted.len() - 1) as f64;
    let low = sorted[place.floor() as usize];
    low + (sorted[place.ceil() as usize] - low) * place.fract()
}

/// Prints a group; its median error.
fn line(name: &str, ratios: &[f64]) -> f64 {
    let mut errors: Vec<f64> = ratios.iter().map(|ratio| (ratio - 1.0).abs()).collect();
    errors.sort_by(f64::total_cmp);
    let mut sorted = ratios.to_vec();
    sorted.sort_by(f64::total_cmp);
    println!(
        "  {name:<70} n {:>3} median {:.3} estimated/measured p10 {:.2} p50 {:.2} p90 {:.2}",
        ratios.len(),
        quantile(&errors, 0.5),
        quantile(&sorted, 0.1),
        quantile(&sorted, 0.5),
        quantile(&sorted, 0.9)
    );
    quantile(&errors, 0.5)
}

/// Prints all groups and the mean of their medians, small groups apart.
pub fn groups(title: &str, cases: &[&Case], ratios: &[f64], key: impl Fn(&Case) -> String) {
    println!("{title}");
    let mut all: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for (case, ratio) in cases.iter().zip(ratios) {
        all.entry(key(case)).or_default().push(*ratio);
    }
    let lines: Vec<(f64, usize)> = all
        .iter()
        .map(|(name, ratios)| (line(name, ratios), ratios.len()))
        .collect();
    let medians: Vec<f64> = lines
        .iter()
        .filter(|(_, count)| *count > 3)
        .map(|(median, _)| *median)
        .collect();
    println!(
        "  mean of medians {:.3}",
        medians.iter().sum::<f64>() / medians.len() as f64
    );
}
