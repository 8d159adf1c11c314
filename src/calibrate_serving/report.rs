//! Errors, seen and unseen.

use std::collections::{BTreeMap, BTreeSet};

use super::fit::Fit;
use super::rows::Case;

pub fn quantile(values: &[f64], at: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = at * (sorted.len() - 1) as f64;
    let low = sorted[place.floor() as usize];
    low + (sorted[place.ceil() as usize] - low) * place.fract()
}

fn line(name: &str, ratios: &[f64]) -> f64 {
    let errors: Vec<f64> = ratios.iter().map(|ratio| (ratio - 1.0).abs()).collect();
    println!(
        "  {name:<50} {:>3} rows, median error {:>5.1} %, estimated / measured {:.2} {:.2} {:.2}",
        ratios.len(),
        100.0 * quantile(&errors, 0.5),
        quantile(ratios, 0.1),
        quantile(ratios, 0.5),
        quantile(ratios, 0.9)
    );
    quantile(&errors, 0.5)
}

/// Median errors by group and their mean over groups of at least four.
pub fn groups(title: &str, cases: &[&Case], ratios: &[f64], key: impl Fn(&Case) -> String) {
    println!("{title}");
    let mut all: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for (case, ratio) in cases.iter().zip(ratios) {
        all.entry(key(case)).or_default().push(*ratio);
    }
    let medians: Vec<f64> = all
        .iter()
        .map(|(name, ratios)| (line(name, ratios), ratios.len()))
        .filter(|(_, count)| *count > 3)
        .map(|(median, _)| median)
        .collect();
    println!(
        "  mean of medians {:.1} %",
        100.0 * medians.iter().sum::<f64>() / medians.len() as f64
    );
}

/// The group errors are told by.
pub fn group(case: &Case) -> String {
    format!("{}, {}", case.engine.key(), case.publisher)
}

/// Estimated ÷ measured with all rows of the same key left out of the fit.
pub fn left_out(cases: &[&Case], key: impl Fn(&Case) -> &str) -> Vec<f64> {
    let keys: BTreeSet<&str> = cases.iter().map(|case| key(case)).collect();
    let mut ratios = vec![0.0; cases.len()];
    for left in keys {
        let rest: Vec<&Case> = cases.iter().copied().filter(|case| key(case) != left).collect();
        let fit = Fit::of(&rest);
        for (case, ratio) in cases.iter().zip(&mut ratios) {
            if key(case) == left {
                *ratio = fit.predict(case) / case.value;
            }
        }
    }
    ratios
}

/// Share of single measurements inside an interval.
pub fn coverage(cases: &[&Case], ratios: &[f64], between: impl Fn(&Case) -> (f64, f64)) {
    let (mut inside, mut all, mut widths) = (0, 0, Vec::new());
    for (case, ratio) in cases.iter().zip(ratios) {
        let (low, high) = between(case);
        let estimate = ratio * case.value;
        for value in &case.values {
            all += 1;
            inside += usize::from((estimate * low..=estimate * high).contains(value));
            widths.push(high / low);
        }
    }
    println!(
        "  {:.0} % of {all} rows inside the interval, median high/low {:.2}",
        100.0 * f64::from(inside as u32) / f64::from(all as u32),
        quantile(&widths, 0.5)
    );
}
