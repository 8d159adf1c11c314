//! Fits the efficiencies to the published measurements: `cargo run --release --features calibrate --bin calibrate`.
//!
//! Deterministic: no clock, no random numbers. Writes `data/efficiencies.csv` and `data/efficiency_terms.csv` and prints the
//! errors, of all rows and of rows left out.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a tool for this repository's own tables: where they are wrong it should stop"
)]

#[path = "../calibrate/fit.rs"]
mod fit;
#[path = "../calibrate/report.rs"]
mod report;
#[path = "../calibrate/rows.rs"]
mod rows;
#[path = "../calibrate/table.rs"]
mod table;

fn main() {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let (rows, left) = rows::rows(fit::TERMS[3].0);
    println!("{} rows take part, {} do not", rows.len(), left.len());
    for (row, why) in &left {
        println!(
            "  left out: {} {} {} {}: {why}",
            row.id, row.device, row.model, row.weights
        );
    }
    let everything = vec![true; rows.len()];
    let mut fit = fit::Fit::new(&rows);
    fit.learn(&rows, &everything, 600);
    let inside = fit.errors(&rows);
    report::print("all rows", &rows, &inside);
    let (by_device, by_model) = if quick {
        (inside.clone(), inside.clone())
    } else {
        (
            report::left_out(&fit, &rows, |row| row.measured.device.clone()),
            report::left_out(&fit, &rows, |row| report::model(&row.measured.model)),
        )
    };
    report::print("each device left out", &rows, &by_device);
    report::print("each model left out", &rows, &by_model);
    report::worst(&rows, &inside, 25);
    if std::env::args().any(|argument| argument == "--rows") {
        report::every(&rows, &[&inside, &by_device, &by_model]);
    }
    table::models(&rows::models());
    table::write(&fit, &rows, &by_device, &by_model);
}
