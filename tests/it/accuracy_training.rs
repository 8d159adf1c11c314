//! The page on published training runs, made from facts and checked to be fresh: `INSTA_UPDATE=always` writes it.

use std::fmt::Write as _;
use std::sync::Arc;

use serde_json::Value;
use weighbridge::ask::{Estimate, Found, set_flags};
use weighbridge::scenario::Scenario;
use weighbridge::units::{grouped, percent};

use crate::support::engine::config;

const PAGE: &str = include_str!("../../docs/training-runs.md");
/// Runs with what their publishers state; `missed` where that lies outside our interval.
const RUNS: &str = include_str!("../facts/published_runs.jsonl");
/// Peaks of memory with how far ours may be off, percent.
const PEAKS: &str = include_str!("../facts/published_peaks.csv");

fn answer(config: Value, arguments: &str) -> Value {
    let words: Vec<&str> = arguments.split_whitespace().collect();
    let flag = |pair: &[&str]| (pair[0].trim_start_matches("--").to_owned(), pair[1].to_owned());
    let mut scenario = Scenario::default();
    set_flags(&mut scenario, &words.chunks(2).map(flag).collect::<Vec<_>>())
        .unwrap_or_else(|error| panic!("{arguments}: {error:?}"));
    let found = Arc::new(Found::of_config(config, "a/model"));
    Estimate::under(found, scenario)
        .unwrap_or_else(|error| panic!("{arguments}: {error:?}"))
        .json(false)
}

fn number(value: &Value, key: &str) -> f64 {
    value[key].as_f64().unwrap_or_else(|| panic!("no {key}"))
}

/// Ours, least and most.
fn ours(answer: &Value, what: &str) -> [f64; 3] {
    let training = &answer["training"];
    let between = |key: &str| ["", "_low", "_high"].map(|end| number(training, &format!("{key}{end}")));
    let devices = number(&training["layout"], "devices");
    match what {
        "MFU" => between("mfu"),
        "tokens/s a device" => between("tokens_per_second_per_device"),
        "device hours" => between("days").map(|days| days * 24.0 * devices),
        "TFLOP/s a device" => {
            let flops = number(training, "hardware_flops") / devices / 1e12;
            let [middle, low, high] = between("step_seconds").map(|seconds| flops / seconds);
            [middle, high, low]
        }
        other => panic!("no figure {other}"),
    }
}

fn written(what: &str, value: f64) -> String {
    if what == "MFU" {
        percent(value)
    } else {
        grouped(value.round() as u64)
    }
}

fn runs(page: &mut String) {
    for line in RUNS.lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        let text = |key: &str| row[key].as_str().unwrap();
        let own = row.get("config").cloned();
        let found = answer(
            own.clone().unwrap_or_else(|| config(text("model")).clone()),
            text("arguments"),
        );
        write!(page, "\n### {}\n\n", text("run")).unwrap();
        if let Some(config) = own {
            writeln!(page, "`{}` holds `{config}`.\n", text("model")).unwrap();
        }
        writeln!(
            page,
            "```sh\nweighbridge estimate {} {}\n```\n",
            text("model"),
            text("arguments")
        )
        .unwrap();
        page.push_str("| what | stated | ours | between | stated in |\n|---|---|---|---|---|\n");
        for figure in row["figures"].as_array().unwrap() {
            let (what, stated) = (figure["what"].as_str().unwrap(), number(figure, "stated"));
            let [middle, low, high] = ours(&found, what);
            let missed = figure.get("missed").is_some();
            assert_eq!(
                !(low..=high).contains(&stated),
                missed,
                "{}: {what} {low} {high}",
                text("run")
            );
            writeln!(
                page,
                "| {what} | {} | {}{} | {} to {} | {} |",
                written(what, stated),
                written(what, middle),
                if missed { ", missed" } else { "" },
                written(what, low),
                written(what, high),
                figure["source"].as_str().unwrap()
            )
            .unwrap();
        }
        writeln!(page, "\n{}", text("remark")).unwrap();
    }
}

fn peaks(page: &mut String) {
    let mut rows = csv::Reader::from_reader(PEAKS.as_bytes());
    for row in rows.records() {
        let row = row.unwrap();
        let unit = if &row[3] == "GB" { 1e9 } else { f64::from(1 << 30) };
        let found = answer(config(&row[0]).clone(), &row[1]);
        let ranks = found["memory"]["per_rank"].as_array().unwrap();
        let peak = ranks.iter().map(|rank| number(rank, "peak_bytes")).fold(0.0, f64::max) / unit;
        let (stated, limit): (f64, f64) = (row[2].parse().unwrap(), row[4].parse().unwrap());
        let off = 100.0 * (peak / stated - 1.0);
        assert!(off.abs() <= limit, "{} {}: {peak} for {stated}", &row[0], &row[1]);
        let asked = row[1].replace("--mode ", "").replace("--", "");
        writeln!(
            page,
            "| {} | {asked} | {stated} {} | {peak:.2} | {off:+.1} % | {} |",
            &row[0], &row[3], &row[5]
        )
        .unwrap();
    }
}

fn page() -> String {
    let mut page = String::from(
        "# Published training runs, computed anew\n\nMade from `tests/facts/published_runs.jsonl` and `published_peaks.csv` (`./dev accuracy` writes it; a test fails where it is not fresh, where a figure\nthat is not marked leaves our interval, or where a peak leaves its limit). How the figures are made: [training](training.md).\n\n## Time\n\nDevice hours are those of all tokens at the speed of one step.\n",
    );
    runs(&mut page);
    page.push_str(
        "\n## Peak memory\n\nOf the fullest device. Allocated: tensors that live at once. Reserved: what the allocator took from the device for them, which is more.\n\n| model | run | stated | ours | error | stated in |\n|---|---|---|---|---|---|\n",
    );
    peaks(&mut page);
    page
}

#[test]
fn published_runs_are_met_and_their_page_is_fresh() {
    let made = page();
    if std::env::var("INSTA_UPDATE").is_ok_and(|value| value == "always") {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/training-runs.md");
        std::fs::write(path, &made).unwrap();
        return;
    }
    assert_eq!(PAGE, made, "docs/training-runs.md is not fresh: ./dev accuracy");
}
