//! Efficiencies of training runs: fitted to published runs, and how far off they are on runs that were left out.
//!
//! A ridge on the logarithm of the share of the peak, each row weighed so that publishers count alike, far rows less (Huber).

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;
use weighbridge::analysis::Setup;
use weighbridge::analysis::training::{FEW, Question, Training, USUAL};
use weighbridge::ask::set_flags;
use weighbridge::model::Blueprint;
use weighbridge::scenario::Scenario;

use super::solve::Symmetric;

const RUNS: &str = include_str!("../../../data/training_runs.csv");
const CONFIGS: &str = include_str!("../../../tests/facts/training_configs.jsonl");
const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/training_efficiencies.csv");

#[derive(Debug, Deserialize)]
struct Published {
    model: String,
    arguments: String,
    metric: String,
    value: f64,
    source: String,
}

struct Row {
    model: String,
    device: String,
    publisher: String,
    question: Question,
    /// Seconds of the step as published.
    step: f64,
    /// Seconds of products at the peak, and of everything that the efficiency does not touch.
    at_peak: f64,
    elementwise: f64,
    rest: f64,
    bubble: f64,
    /// Logarithm of the share that products reached, over the usual one.
    target: f64,
}

impl Row {
    /// The step as this share has it, over the published one.
    fn ratio(&self, log_share: f64) -> f64 {
        let share = (USUAL * log_share.exp()).clamp(0.01, 0.95);
        let busy = self.at_peak / share + self.elementwise;
        (busy * (1.0 + self.bubble) + self.rest) / self.step
    }
}

/// Who published a row: the repository or paper before the `@` or `:`.
fn publisher(source: &str) -> String {
    let rest = source.strip_prefix("github ").unwrap_or(source);
    let end = rest.find(['@', ':', ' ']).unwrap_or(rest.len());
    let name = &rest[..end];
    if source.contains("arXiv") {
        "papers".to_owned()
    } else {
        name.to_owned()
    }
}

fn rows() -> Vec<Row> {
    let configs: HashMap<String, Value> = CONFIGS
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("a config"))
        .map(|line| (line["id"].as_str().expect("an id").to_owned(), line["config"].clone()))
        .collect();
    let mut blueprints: HashMap<String, Arc<Blueprint>> = HashMap::new();
    let mut reader = csv::Reader::from_reader(RUNS.as_bytes());
    let mut all = Vec::new();
    for published in reader.deserialize::<Published>() {
        let published = published.expect("a run");
        if published.metric == "peak_memory_bytes" {
            continue;
        }
        let blueprint = blueprints
            .entry(published.model.clone())
            .or_insert_with(|| Arc::new(Blueprint::from_value(configs[&published.model].clone()).expect("a model")));
        let words: Vec<&str> = published.arguments.split_whitespace().collect();
        let given: Vec<(String, String)> = words
            .chunks(2)
            .map(|pair| (pair[0].trim_start_matches("--").to_owned(), pair[1].to_owned()))
            .collect();
        let mut scenario = Scenario::default();
        set_flags(&mut scenario, &given).expect("flags");
        let setup = Setup::new(blueprint, &scenario).expect("a setup");
        let training = match Training::of(&setup) {
            Ok(training) => training,
            Err(why) => {
                println!("left out: {} {}: {why}", published.model, published.arguments);
                continue;
            }
        };
        let (Some(time), Some(device)) = (&training.time, setup.device()) else {
            continue;
        };
        let plan = &training.plan;
        let step = if published.metric == "mfu" {
            time.seconds * time.mfu(plan) / published.value
        } else {
            plan.step_tokens() as f64 / (published.value * plan.devices as f64)
        };
        let rest = time.exposed() + time.optimizer;
        let busy = (step - rest) / (1.0 + time.bubble) - time.elementwise;
        let share = (time.compute_at_peak / busy.max(1e-9)).clamp(0.01, 0.95);
        all.push(Row {
            model: published.model.clone(),
            device: device.id.clone(),
            publisher: publisher(&published.source),
            question: Question::new(&setup, plan, device),
            step,
            at_peak: time.compute_at_peak,
            elementwise: time.elementwise,
            rest,
            bubble: time.bubble,
            target: (share / USUAL).ln(),
        });
    }
    all
}

/// How strongly a term is pulled towards zero.
fn pull(term: &str) -> f64 {
    match term {
        "all" => 0.0,
        _ if term.starts_with("device ") || term.contains(" on ") => 0.6,
        _ => 0.3,
    }
}

fn fit(rows: &[Row], takes_part: &[bool]) -> BTreeMap<String, f64> {
    let mut index: BTreeMap<&str, usize> = BTreeMap::new();
    let mut publishers: HashMap<&str, f64> = HashMap::new();
    let mine = || {
        rows.iter()
            .zip(takes_part)
            .filter(|(_, here)| **here)
            .map(|(row, _)| row)
    };
    for row in mine() {
        *publishers.entry(&row.publisher).or_default() += 1.0;
        for (term, _) in &row.question.terms {
            let next = index.len();
            index.entry(term).or_insert(next);
        }
    }
    let mut found = vec![0.0; index.len()];
    let guess = |found: &[f64], row: &Row| -> f64 {
        row.question
            .terms
            .iter()
            .map(|(term, weight)| found[index[term.as_str()]] * weight)
            .sum()
    };
    for _ in 0..30 {
        let mut matrix = Symmetric::new(index.len());
        let mut right = vec![0.0; index.len()];
        for row in mine() {
            let off = (row.target - guess(&found, row)).abs();
            let weight = 2.0 / publishers[row.publisher.as_str()].sqrt() * (0.1 / off.max(1e-6)).min(1.0);
            let sparse: Vec<(usize, f64)> = row
                .question
                .terms
                .iter()
                .map(|(term, value)| (index[term.as_str()], *value))
                .collect();
            matrix.add(&sparse, weight);
            for (at, value) in sparse {
                right[at] += weight * value * row.target;
            }
        }
        for (term, at) in &index {
            matrix.add_at(*at, pull(term) + 1e-9);
        }
        found = matrix.solve(right);
    }
    index
        .into_iter()
        .map(|(term, at)| (term.to_owned(), found[at]))
        .collect()
}

fn guess(terms: &BTreeMap<String, f64>, row: &Row) -> f64 {
    row.question
        .terms
        .iter()
        .map(|(term, weight)| terms.get(term).copied().unwrap_or(0.0) * weight)
        .sum()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Medians of errors by publisher, and their mean.
fn report(title: &str, rows: &[Row], ratios: &[f64]) {
    let mut groups: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for (row, ratio) in rows.iter().zip(ratios) {
        groups
            .entry(&row.publisher)
            .or_default()
            .push((1.0 / ratio - 1.0).abs());
    }
    println!("{title}");
    let mut sum = 0.0;
    for (publisher, errors) in &groups {
        let middle = median(errors.clone());
        sum += middle;
        println!("  {publisher:40} {:5.1} %  {} runs", 100.0 * middle, errors.len());
    }
    println!("  mean of publishers {:.1} %", 100.0 * sum / groups.len().max(1) as f64);
}

fn left_out(rows: &[Row], of: impl Fn(&Row) -> String) -> Vec<f64> {
    let names: std::collections::BTreeSet<String> = rows.iter().map(&of).collect();
    let mut ratios = vec![f64::NAN; rows.len()];
    for name in names {
        let takes_part: Vec<bool> = rows.iter().map(|row| of(row) != name).collect();
        let terms = fit(rows, &takes_part);
        for (at, row) in rows.iter().enumerate().filter(|(_, row)| of(row) == name) {
            ratios[at] = row.ratio(guess(&terms, row));
        }
    }
    ratios
}

/// Ends between which four of five ratios of published over estimated time lie.
fn ends(mut factors: Vec<f64>) -> (f64, f64) {
    factors.sort_by(f64::total_cmp);
    let at = |share: f64| factors[((factors.len() - 1) as f64 * share).round() as usize];
    (at(0.09).min(0.97), at(0.91).max(1.03))
}

pub fn run() {
    let rows = rows();
    println!("{} runs take part", rows.len());
    let terms = fit(&rows, &vec![true; rows.len()]);
    let seen: Vec<f64> = rows.iter().map(|row| row.ratio(guess(&terms, row))).collect();
    report("all runs", &rows, &seen);
    let by_model = left_out(&rows, |row| row.model.clone());
    report("models left out", &rows, &by_model);
    let by_device = left_out(&rows, |row| row.device.clone());
    report("devices left out", &rows, &by_device);
    let by_publisher = left_out(&rows, |row| row.publisher.clone());
    report("publishers left out", &rows, &by_publisher);
    let mut near: BTreeMap<&str, u64> = BTreeMap::new();
    for row in &rows {
        *near.entry(&row.question.nearness).or_default() += 1;
    }
    let known: Vec<f64> = rows
        .iter()
        .zip(&by_model)
        .filter(|(row, _)| near[row.question.nearness.as_str()] >= FEW)
        .map(|(_, ratio)| 1.0 / ratio)
        .collect();
    let near_ends = ends(known);
    let far_ends = ends(by_publisher.iter().chain(&by_device).map(|ratio| 1.0 / ratio).collect());
    println!("near {near_ends:.2?}, far {far_ends:.2?}");
    let mut out = "kind,name,value,second,runs\n".to_owned();
    for (term, value) in &terms {
        let runs = rows
            .iter()
            .filter(|row| row.question.terms.iter().any(|(name, _)| name == term))
            .count();
        writeln!(out, "term,{term},{value:.4},,{runs}").expect("a string");
    }
    for (name, runs) in &near {
        writeln!(out, "runs,{name},,,{runs}").expect("a string");
    }
    for (name, (low, high)) in [("near", near_ends), ("far", far_ends)] {
        writeln!(out, "spread,{name},{low:.3},{high:.3},").expect("a string");
    }
    std::fs::write(PATH, out).expect("the table");
}
