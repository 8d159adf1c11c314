//! Fits `data/serving.csv` to published throughput of servers and prints how well it does, seen and unseen.

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

fn main() {
    let path = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "data/measurements.csv".to_owned());
    let cases = rows::read(&path);
    println!("{} rows", cases.len());
    report::all(&cases);
}
