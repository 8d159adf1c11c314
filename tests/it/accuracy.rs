//! The page on accuracy, made from the facts that the tests hold and checked to be fresh: `INSTA_UPDATE=always` writes it.

use crate::support;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use strum::IntoEnumIterator;
use support::engine::{blueprint, weigh};
use weighbridge::analysis::{analyse, table_bytes};
use weighbridge::hardware::Engine;
use weighbridge::hardware::measurement::{Metric, measurements};
use weighbridge::model::catalogue;
use weighbridge::scenario::Scenario;

const PAGE: &str = include_str!("../../docs/accuracy.md");
const STATED: &str = include_str!("../facts/stated.csv");

/// A figure that somebody stated, and ours.
struct Fact {
    what: String,
    model: String,
    stated: f64,
    ours: f64,
    unit: String,
    limit: f64,
    source: String,
}

fn facts() -> Vec<Fact> {
    let mut rows = csv::Reader::from_reader(STATED.as_bytes());
    let fact = |row: csv::StringRecord| {
        let found = weigh(&row[1], &row[2]);
        let bytes = match &row[3] {
            "weights" => found.memory.weights.0,
            "device_weights" => found.held().weights_bytes,
            "host" => table_bytes(&found.setup),
            "activations" => found.memory.activations.0,
            "kv_cache" => found.memory.kv_cache.0,
            "per_token" => found.memory.kv_cache_per_token.0,
            "peak" => found.memory.peak.0,
            other => panic!("no figure {other}"),
        };
        let scale = match &row[5] {
            "B" => 1.0,
            "MiB" => f64::from(1 << 20),
            "GiB" => f64::from(1 << 30),
            "GB" => 1e9,
            other => panic!("no unit {other}"),
        };
        Fact {
            what: row[0].to_owned(),
            model: row[1].to_owned(),
            stated: row[4].parse().unwrap(),
            ours: bytes as f64 / scale,
            unit: row[5].to_owned(),
            limit: row[6].parse().unwrap(),
            source: row[7].to_owned(),
        }
    };
    rows.records().map(|row| fact(row.unwrap())).collect()
}

impl Fact {
    fn off(&self) -> f64 {
        100.0 * (self.ours / self.stated - 1.0)
    }
}

#[test]
fn stated_figures_are_met() {
    for fact in facts() {
        let off = fact.off();
        assert!(
            off.abs() <= fact.limit + 1e-9,
            "{} of {}: {} against {} {}, {off:+.2} %",
            fact.what,
            fact.model,
            fact.ours,
            fact.stated,
            fact.unit
        );
    }
}

/// Errors of one engine's rows of one metric.
#[derive(Default)]
struct Group {
    errors: Vec<f64>,
    inside: usize,
}

/// Speed against every measurement in the fit whose model is built in.
fn speed() -> BTreeMap<(&'static str, &'static str), Group> {
    let mut groups: BTreeMap<_, Group> = BTreeMap::new();
    for row in measurements().iter().filter(|row| row.excluded.is_empty()) {
        let (Some(entry), Some(scenario)) = (catalogue::find(&row.model), Scenario::measured(row)) else {
            continue;
        };
        let found = analyse(&blueprint(&entry.id), &scenario).unwrap();
        let Some(speed) = found.speed else { continue };
        let batch = scenario.workload.batch as f64;
        let (metric, (expected, low, high)) = match row.metric {
            Metric::Throughput => match found.serving {
                Some(served) => (
                    "throughput",
                    (
                        served.tokens_per_second,
                        served.tokens_per_second_low,
                        served.tokens_per_second_high,
                    ),
                ),
                None => continue,
            },
            metric => {
                let Some(pass) = speed.pass else { continue };
                let (name, tokens) = if metric == Metric::Decode {
                    ("decode", batch)
                } else {
                    ("prefill", batch * row.prompt as f64)
                };
                (name, (tokens / pass.seconds, tokens / pass.high, tokens / pass.low))
            }
        };
        let engine = Engine::iter().find(|engine| engine.key() == row.engine).unwrap();
        let group = groups.entry((metric, engine.label())).or_default();
        group.errors.push(100.0 * (expected / row.value - 1.0).abs());
        group.inside += usize::from((low..=high).contains(&row.value));
    }
    groups
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// Lines of the document on speed that begin so: what it says of rows that were left out.
fn of_speed_document(starts: &[&str]) -> Vec<&'static str> {
    let lines = include_str!("../../docs/speed.md").lines();
    lines
        .filter(|line| starts.iter().any(|start| line.starts_with(start)))
        .collect()
}

fn page() -> String {
    let records = |table: &str| csv::Reader::from_reader(table.as_bytes()).into_records().count();
    let ids = |table: &'static str| {
        let rows = csv::Reader::from_reader(table.as_bytes()).into_records();
        rows.map(|row| row.unwrap()[0].to_owned())
    };
    // Some models are in more than one table.
    let counted: BTreeSet<String> = [
        include_str!("../facts/parameters.csv"),
        include_str!("../facts/attention.csv"),
        include_str!("../facts/hybrid.csv"),
        include_str!("../facts/towers.csv"),
    ]
    .into_iter()
    .flat_map(ids)
    .collect();
    let counted = counted.len();
    let files = records(include_str!("../facts/gguf_sizes.csv"));
    let mut out = format!(
        "# How right it is\n\n\
        Made from the facts that the tests hold (`./dev accuracy` writes it anew; a test fails where it is not fresh).\n\n\
        ## Counted\n\n\
        | what | compared with | how many | error |\n|---|---|---|---|\n\
        | parameters, in all and active | the model's class in transformers, instantiated without its weights | {counted} models | none, to the last one |\n\
        | GGUF files | sizes that llama.cpp and publishers state, mostly to three digits | {files} files | at most 0.5 % |\n\
        | checkpoints in other formats | sizes that their publishers state ([formats](formats.md)) | 24 repositories | at most 0.5 %, but for those the table there names |\n\n\
        ## Memory\n\n\
        | what | model | stated | ours | error | where it is stated |\n|---|---|---|---|---|---|\n"
    );
    for fact in facts() {
        let digits = if fact.unit == "B" { 0 } else { 2 };
        writeln!(
            out,
            "| {} | {} | {} {unit} | {:.digits$} {unit} | {:+.2} % | {} |",
            fact.what,
            fact.model,
            fact.stated,
            fact.ours,
            fact.off(),
            fact.source,
            unit = fact.unit,
        )
        .unwrap();
    }
    out.push_str(
        "\n## Speed\n\n\
        Every published measurement that takes part in the fit and whose model is built in. These rows the fit has seen.\n\n\
        | what | engine | measurements | median error | inside the interval |\n|---|---|---|---|---|\n",
    );
    for ((metric, engine), mut group) in speed() {
        let rows = group.errors.len();
        let inside = 100 * group.inside / rows.max(1);
        let error = median(&mut group.errors);
        writeln!(out, "| {metric} | {engine} | {rows} | {error:.0} % | {inside} % |").unwrap();
    }
    out.push_str(
        "\nRows that a fit had not seen, each left out with its page, device, model or publisher: mean of the groups' median errors, then the share inside the interval. \
        All groups are in [speed](speed.md).\n\n\
        | error | seen | page | device | model | publisher | |\n|---|---|---|---|---|---|---|\n",
    );
    for line in of_speed_document(&["| **decode, mean", "| **prefill, mean", "| **throughput, mean"]) {
        out.push_str(&line.replace("**", ""));
        out.push('\n');
    }
    out.push_str("\n| inside | seen | page | device | model | publisher | generation | group | engine |\n|---|---|---|---|---|---|---|---|---|\n");
    for line in of_speed_document(&["| decode | ", "| prefill | ", "| throughput | "]) {
        out.push_str(line);
        out.push('\n');
    }
    out.push_str("\n## What is not known\n\nOf what must fit an engine may need more than is counted:\n\n");
    for engine in Engine::iter() {
        writeln!(out, "* {}: up to {} %.", engine.label(), engine.unknown_percent()).unwrap();
    }
    out.push_str(
        "\nWhere less than that stays free the verdict is \"May not fit\". Besides:\n\n\
        * Workspaces of matrix libraries, fragments of the allocator, communication buffers and graphs that a server captures are not counted one by one.\n\
        * Towers for images and sound are counted as weights; what their own pass takes while a server starts is not.\n\
        * Rates of Apple's GPUs are measurements of others: Apple publishes none. What an NVIDIA card leaves to engines is from public reports for 28 cards, most of them not read again, and by rule for the others.\n\
        * Speed on engines and kinds of devices that nobody measured has the spread of its kind; servers were measured by few publishers, so their intervals are wide.\n\
        * Speculative decoding and cached prompts are not modelled.\n\n\
        ## Check it\n\n\
        `./dev test` runs the comparisons above but for rows left out of a fit: those are printed by `cargo run --profile fast --features calibrate --bin calibrate`, which fits the speed anew (about ten minutes), and kept by hand in [speed](speed.md).\n",
    );
    out
}

#[test]
fn the_page_is_fresh() {
    let made = page();
    if std::env::var("INSTA_UPDATE").is_ok_and(|value| value == "always") {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/accuracy.md");
        std::fs::write(path, &made).unwrap();
        return;
    }
    assert_eq!(PAGE, made, "docs/accuracy.md is not fresh: ./dev accuracy");
}
