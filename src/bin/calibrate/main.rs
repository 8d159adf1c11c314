//! Fits the efficiencies of the time model to published measurements of every kind (decode, prefill, throughput of servers) and
//! says how far off it is on rows it has not seen: `cargo run --release --features calibrate --bin calibrate`.
//!
//! Deterministic. `--quick` leaves no rows out and writes no intervals; `--again` takes the errors of rows left out from the
//! run before (half an hour less); `--rows` prints every row; `--worst N` the worst ones;
//! `--training` fits training runs instead.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a tool for this repository's own tables: where they are wrong it should stop"
)]

mod fit;
mod intervals;
mod left_out;
mod priors;
mod report;
mod rows;
mod solve;
mod table;
mod training;

use left_out::By;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let asked = |word: &str| arguments.iter().any(|one| one == word);
    if asked("--training") {
        training::run();
        return;
    }
    let (mut rows, left) = rows::read();
    println!("{} rows take part, {} do not", rows.len(), left.len());
    let mut fit = fit::Fit::new(&rows);
    let everything = vec![true; rows.len()];
    fit.learn(&mut rows, &everything, 40);
    let seen = fit.errors(&mut rows);
    report::print("all rows", &rows, &seen);
    if let Some(at) = arguments.iter().position(|one| one == "--worst") {
        let count = arguments.get(at + 1).and_then(|text| text.parse().ok()).unwrap_or(20);
        report::worst(&rows, &seen, count);
    }
    table::write(&fit);
    table::models(&rows::models());
    if asked("--quick") {
        return;
    }
    let mut errors = Vec::new();
    for by in By::ALL {
        let kept = asked("--again").then(|| left_out::kept(by, rows.len())).flatten();
        let found = kept.unwrap_or_else(|| left_out::errors(&fit, &mut rows, by));
        left_out::keep(by, &found);
        report::print(by.title(), &rows, &found);
        errors.push((by, found));
    }
    if asked("--rows") {
        report::every(&rows, &seen, &errors);
    }
    intervals::write(&rows, &seen, &errors);
}
