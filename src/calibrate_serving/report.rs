//! Errors, seen and unseen.

use std::collections::{BTreeMap, BTreeSet};

use weighbridge::hardware::Engine;

use super::fit::{START, Vector, coefficients, fit, predict};
use super::rows::Case;

const ENGINES: [Engine; 3] = [Engine::Vllm, Engine::Sglang, Engine::TensorRtLlm];

fn env(name: &str, other: f64) -> f64 {
    std::env::var(name).ok().and_then(|v| v.parse().ok()).unwrap_or(other)
}

/// All engines first, then each from there.
fn table(cases: &[&Case]) -> BTreeMap<&'static str, Vector> {
    let all = fit(cases, &START, env("PULL0", 0.3));
    ENGINES
        .iter()
        .map(|engine| {
            let own: Vec<&Case> = cases.iter().copied().filter(|case| case.engine == *engine).collect();
            (engine.key(), fit(&own, &all, env("PULL", 1.0)))
        })
        .collect()
}

fn quantile(sorted: &[f64], at: f64) -> f64 {
    let place = at * (sorted.len() - 1) as f64;
    let low = sorted[place.floor() as usize];
    low + (sorted[place.ceil() as usize] - low) * place.fract()
}

fn line(name: &str, ratios: &[f64]) -> f64 {
    let mut errors: Vec<f64> = ratios.iter().map(|ratio| (ratio - 1.0).abs()).collect();
    errors.sort_by(f64::total_cmp);
    let mut sorted = ratios.to_vec();
    sorted.sort_by(f64::total_cmp);
    println!(
        "  {name:<60} n {:>3} median {:.3} p10 {:.2} p50 {:.2} p90 {:.2}",
        ratios.len(),
        quantile(&errors, 0.5),
        quantile(&sorted, 0.1),
        quantile(&sorted, 0.5),
        quantile(&sorted, 0.9)
    );
    quantile(&errors, 0.5)
}

fn groups(title: &str, cases: &[&Case], ratios: &[f64], key: impl Fn(&Case) -> String) {
    println!("{title}");
    let mut all: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for (case, ratio) in cases.iter().zip(ratios) {
        all.entry(key(case)).or_default().push(*ratio);
    }
    let medians: Vec<f64> = all
        .iter()
        .map(|(name, ratios)| (line(name, ratios), ratios.len()))
        .filter(|(_, n)| *n > 3)
        .map(|(m, _)| m)
        .collect();
    println!(
        "  mean of medians {:.3}",
        medians.iter().sum::<f64>() / medians.len() as f64
    );
}

fn unseen(cases: &[&Case], key: impl Fn(&Case) -> &str) -> Vec<f64> {
    let keys: BTreeSet<&str> = cases.iter().map(|case| key(case)).collect();
    let mut ratios = vec![0.0; cases.len()];
    for left in keys {
        let rest: Vec<&Case> = cases.iter().copied().filter(|case| key(case) != left).collect();
        let table = table(&rest);
        for (case, ratio) in cases.iter().zip(&mut ratios) {
            if key(case) == left {
                *ratio = predict(case, &coefficients(&table[case.engine.key()])) / case.value;
            }
        }
    }
    ratios
}

pub fn all(cases: &[Case]) {
    let cases: Vec<&Case> = cases.iter().collect();
    let group = |case: &Case| format!("{} {}", case.engine.key(), case.publisher);
    let table = table(&cases);
    for (engine, values) in &table {
        println!("{engine} {values:.3?}");
    }
    let seen: Vec<f64> = cases
        .iter()
        .map(|case| predict(case, &coefficients(&table[case.engine.key()])) / case.value)
        .collect();
    groups("seen", &cases, &seen, group);
    if std::env::var("MORE").is_ok() {
        groups("by device", &cases, &seen, |case| {
            format!("{} {}", case.engine.key(), case.device)
        });
        groups("by model", &cases, &seen, |case| {
            format!(
                "{} {} {} tp{} {}",
                case.engine.key(),
                case.model,
                case.weights,
                0,
                case.device
            )
        });
    }
    if std::env::var("ROWS").is_ok() {
        for (case, ratio) in cases.iter().zip(&seen) {
            println!("{ratio:.2} {} {} {}", case.value, case.model, case.arguments);
        }
    }
    if std::env::var("QUICK").is_ok() {
        return;
    }
    groups("device left out", &cases, &unseen(&cases, |case| &case.device), group);
    groups("model left out", &cases, &unseen(&cases, |case| &case.model), group);
}
