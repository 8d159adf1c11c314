//! Fits `data/serving.csv` and `data/serving_formats.csv` to published throughput of servers and prints how well it does, seen and unseen:
//! `cargo run --release --features calibrate --bin calibrate_serving`.
//!
//! Deterministic. `--quick` skips the rows left out and writes nothing; `--rows` prints every row.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a tool for this repository's own tables: where they are wrong it should stop"
)]

#[path = "../calibrate_serving/fit.rs"]
mod fit;
#[path = "../calibrate_serving/report.rs"]
mod report;
#[path = "../calibrate_serving/rows.rs"]
mod rows;
#[path = "../calibrate_serving/table.rs"]
mod table;

use weighbridge::hardware::serving::Coefficients;

fn main() {
    let asked = |word: &str| std::env::args().any(|argument| argument == word);
    let cases = rows::read();
    let cases: Vec<&rows::Case> = cases.iter().collect();
    println!("{} questions", cases.len());
    let fit = fit::Fit::of(&cases);
    for (engine, values) in std::iter::once((&"all", &fit.all)).chain(&fit.engines) {
        let named: Vec<String> = Coefficients::NAMES
            .iter()
            .zip(values)
            .map(|(name, value)| format!("{name} {value:.2e}"))
            .collect();
        println!("{engine}: {}", named.join(", "));
    }
    println!("{:.2?}", fit.factors);
    let seen: Vec<f64> = cases.iter().map(|case| fit.predict(case) / case.value).collect();
    report::groups("all rows", &cases, &seen, report::group);
    if asked("--rows") {
        let by = |name: &str, key: fn(&rows::Case) -> String| report::groups(name, &cases, &seen, key);
        by("by device", |case| format!("{} {}", case.engine.key(), case.device));
        by("by model", |case| {
            format!("{} {} {}", case.engine.key(), case.model, case.weights)
        });
    }
    if asked("--quick") {
        return;
    }
    let device = report::left_out(&cases, |case| &case.device);
    let model = report::left_out(&cases, |case| &case.model);
    report::groups("each device left out", &cases, &device, report::group);
    report::groups("each model left out", &cases, &model, report::group);
    if asked("--rows") {
        println!("estimated / measured: all rows, device left out, model left out");
        for (at, case) in cases.iter().enumerate() {
            println!(
                "{:.2} {:.2} {:.2} {:>9.1} {} (carries {})",
                seen[at], device[at], model[at], case.value, case.words, case.server.capacity
            );
        }
    }
    let unseen = [device, model];
    let between = |case: &rows::Case| {
        let generation = table::own(&cases, case.engine, &case.generation);
        let (low, high, _) = table::spread(&cases, &unseen, |other| {
            other.engine == case.engine && (!generation || other.generation == case.generation)
        });
        (low, high)
    };
    for (name, ratios) in [
        ("all rows", &seen),
        ("device left out", &unseen[0]),
        ("model left out", &unseen[1]),
    ] {
        println!("{name}");
        report::coverage(&cases, ratios, between);
    }
    table::write(&fit, &cases, &unseen).expect("the tables are written");
}
