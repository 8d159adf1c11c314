//! Fits `data/serving.csv` to the published throughput of servers in `data/measurements.csv` and prints how far it is off, on
//! rows it has seen and on rows left out: `cargo run --release --features calibrate --bin calibrate_serving`.
//!
//! `--groups` prints devices and models apart, `--rows` every row, `--quick` leaves nothing out and writes nothing.

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

use report::groups;
use rows::Case;

fn main() {
    let asked = |flag: &str| std::env::args().any(|argument| argument == flag);
    let cases = rows::read();
    let cases: Vec<&Case> = cases.iter().collect();
    println!("{} rows", cases.len());
    let fitted = table::table(&cases);
    for (key, values) in &fitted {
        println!("{key:?} {values:.4?}");
    }
    let group = |case: &Case| format!("{} {}", case.engine.key(), case.publisher);
    let seen: Vec<f64> = cases.iter().map(|case| table::ratio(&fitted, case)).collect();
    groups("seen", &cases, &seen, group);
    if asked("--groups") {
        groups("by device", &cases, &seen, |case| {
            format!("{} {}", case.engine.key(), case.device)
        });
        groups("by model", &cases, &seen, |case| {
            format!("{} {} {}", case.engine.key(), case.model, case.device)
        });
    }
    if asked("--rows") {
        for (case, ratio) in cases.iter().zip(&seen) {
            println!(
                "{ratio:.2} measured {} capacity {} {}",
                case.value, case.server.capacity, case.words
            );
        }
    }
    if asked("--quick") {
        return;
    }
    let by_device = table::unseen(&cases, |case| &case.device);
    let by_model = table::unseen(&cases, |case| &case.model);
    groups("device left out", &cases, &by_device, group);
    groups("model left out", &cases, &by_model, group);
    table::write(&fitted, &cases, [&by_device, &by_model]).expect("data/serving.csv is written");
}
