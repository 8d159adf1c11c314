//! What the fit is worth: errors of all rows, and of rows that it has not seen.

use std::collections::{BTreeMap, BTreeSet};

use super::fit::Fit;
use super::rows::Row;

/// The model without what does not change its shape: a base model and its tuned ones are one.
pub fn model(id: &str) -> String {
    let name = id.rsplit('/').next().unwrap_or(id);
    name.replace("Meta-", "")
        .replace("-Instruct", "")
        .replace(".1", "")
        .replace("-hf", "")
}

/// Errors of each row by a fit that has not seen any row of the same key.
pub fn left_out(fit: &Fit, rows: &[Row], key: impl Fn(&Row) -> String) -> Vec<f64> {
    let keys: Vec<String> = rows.iter().map(&key).collect();
    let distinct: BTreeSet<&String> = keys.iter().collect();
    let mut out = vec![0.0; rows.len()];
    for one in distinct {
        let used: Vec<bool> = keys.iter().map(|other| other != one).collect();
        let mut other = fit.clone();
        other.learn(rows, &used, 200);
        for ((slot, error), used) in out.iter_mut().zip(other.errors(rows)).zip(&used) {
            if !used {
                *slot = error;
            }
        }
    }
    out
}

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

/// Prints median errors by metric, engine and publisher, and their mean.
pub fn print(title: &str, rows: &[Row], errors: &[f64]) {
    println!("\n{title}");
    for decode in [true, false] {
        let mut groups: BTreeMap<(String, String), Vec<f64>> = BTreeMap::new();
        for (row, error) in rows.iter().zip(errors).filter(|(row, _)| row.decode == decode) {
            // The published figure is a speed, so its error is of the speed.
            let off = ((-error).exp() - 1.0).abs();
            groups
                .entry((row.engine.to_owned(), row.publisher().to_owned()))
                .or_default()
                .push(off);
        }
        let mut medians = Vec::new();
        let mut all = Vec::new();
        for ((engine, publisher), mut group) in groups {
            all.extend_from_slice(&group);
            let (count, median) = (group.len(), quantile(&mut group, 0.5));
            println!(
                "  {} {engine} {publisher}: median {:.1} % over {count}",
                if decode { "decode" } else { "prefill" },
                100.0 * median
            );
            if count >= 4 {
                medians.push(median);
            }
        }
        let mean = medians.iter().sum::<f64>() / medians.len().max(1) as f64;
        println!(
            "  {}: mean of groups {:.1} %, all rows median {:.1} %, four of five within {:.1} %",
            if decode { "decode" } else { "prefill" },
            100.0 * mean,
            100.0 * quantile(&mut all, 0.5),
            100.0 * quantile(&mut all, 0.8)
        );
    }
}

/// Prints the rows the fit misses most.
pub fn worst(rows: &[Row], errors: &[f64], count: usize) {
    println!("\nrows it misses most, estimate ÷ measured");
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by(|one, other| errors[*other].abs().total_cmp(&errors[*one].abs()));
    for at in order.into_iter().take(count) {
        let row = &rows[at];
        println!("  {:.2} {}", errors[at].exp(), describe(row));
    }
}

/// Prints every row with its estimates ÷ measured.
pub fn every(rows: &[Row], errors: &[&[f64]]) {
    println!("\nestimate ÷ measured: all rows, device left out, model left out");
    for (at, row) in rows.iter().enumerate() {
        let ratios: Vec<String> = errors.iter().map(|list| format!("{:.2}", list[at].exp())).collect();
        println!("{} {}", ratios.join(" "), describe(row));
    }
}

/// What was measured, in a line.
fn describe(row: &Row) -> String {
    let one = row.measured;
    format!(
        "{} {} × {} {} {} {} batch {} prompt {} generate {} {} {}",
        if row.decode { "decode" } else { "prefill" },
        one.devices,
        one.device,
        one.model,
        one.weights,
        one.variant,
        one.batch,
        one.prompt,
        one.generate.unwrap_or(0),
        one.value,
        one.source
    )
}
