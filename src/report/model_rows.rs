//! Models on a device as rows of a table: what each comes to, which are asked for, in which order.

use serde::Serialize;
use strum::{EnumIter, EnumString, IntoStaticStr};

use super::{likely, likely_value};
use crate::analysis::{RunsHere, Verdict, bits_per_weight};
use crate::export::{Field, Sheet};
use crate::hardware::Engine;
use crate::model::catalogue::Entry;
use crate::model::quantisation::Loss;
use crate::naming::words;
use crate::scenario::Scenario;
use crate::units::{UnitSystem, counted, grouped};

/// A model at its best on the devices of a scenario.
#[derive(Clone, Debug, Serialize)]
pub struct ModelRow {
    /// Its id.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// Its licence, where it is known.
    pub licence: Option<String>,
    /// Month of release, where it is known.
    pub released: Option<String>,
    /// What it reads beside text: images, sound.
    pub reads: Vec<&'static str>,
    /// The devices, in words.
    pub hardware: String,
    /// Parameters.
    pub parameters: u64,
    /// Parameters that one token uses.
    pub active: u64,
    /// Key of the format.
    pub format: String,
    /// The format's name.
    pub method: String,
    /// Bits a weight takes on average.
    pub bits_per_weight: f64,
    /// What the format loses.
    pub loss: Loss,
    /// The engine.
    pub engine: Engine,
    /// The verdict.
    pub verdict: Verdict,
    /// Why it is not supported, or runs otherwise than natively; empty where there is nothing to say.
    pub why: &'static str,
    /// What lies in RAM, in words.
    pub offload: Option<String>,
    /// What the fullest device must hold, bytes.
    pub needed_bytes: u64,
    /// What the engine may take of it, bytes.
    pub capacity_bytes: u64,
    /// What is missing, bytes.
    pub missing_bytes: u64,
    /// Tokens a second: expected, slow end, fast end; none where it does not run.
    pub tokens_per_second: Option<(f64, f64, f64)>,
    /// Longest sequence that fits, tokens; zero where it does not run.
    pub max_context: u64,
    /// Most sequences of this length at once; zero where it does not run.
    pub max_batch: u64,
    /// The scenario with the format.
    #[serde(skip)]
    pub scenario: Scenario,
}

impl ModelRow {
    /// A row; `entry` is the built-in model of that id, if there is one.
    pub fn of(id: &str, name: &str, entry: Option<&Entry>, runs: &RunsHere) -> Self {
        let analysis = &runs.analysis;
        let fit = analysis.fit.as_ref();
        let verdict = runs.verdict();
        let there = matches!(verdict, Verdict::Fits | Verdict::Offload);
        let speed = analysis.speed.as_ref().filter(|_| there).map(|speed| {
            let expected = speed.tokens_per_second;
            let (low, high) = speed.tokens_per_second_between.unwrap_or((expected, expected));
            (expected, low, high)
        });
        let plan = fit
            .filter(|_| verdict == Verdict::Offload)
            .and_then(|fit| fit.offload.as_ref());
        Self {
            id: id.to_owned(),
            name: entry.map_or_else(|| name.to_owned(), |entry| entry.name.clone()),
            licence: entry.and_then(|entry| entry.licence.clone()),
            released: entry.and_then(|entry| entry.released.clone()),
            reads: analysis.setup.blueprint.reads(),
            hardware: analysis.setup.devices_in_words().unwrap_or_default(),
            parameters: analysis.parameters.total.0,
            active: analysis.parameters.active.0,
            format: analysis.setup.weights.format.id.to_string(),
            method: analysis.setup.weights.method.clone(),
            bits_per_weight: bits_per_weight(&analysis.setup),
            loss: runs.loss,
            engine: analysis.setup.engine,
            verdict,
            why: fit.map_or("", |fit| fit.why),
            offload: plan.map(|plan| plan.words(UnitSystem::Gib)),
            needed_bytes: analysis.held().total_bytes,
            capacity_bytes: fit.map_or(0, |fit| fit.capacity_bytes),
            missing_bytes: fit.map_or(0, |fit| fit.missing_bytes),
            tokens_per_second: speed,
            max_context: fit.filter(|_| there).map_or(0, |fit| fit.max_context),
            max_batch: fit.filter(|_| there).map_or(0, |fit| fit.max_batch),
            scenario: runs.scenario.clone(),
        }
    }
    /// Whether it runs, whole or with a part in RAM.
    pub const fn runs(&self) -> bool {
        matches!(self.verdict, Verdict::Fits | Verdict::Offload)
    }
    /// The verdict in words.
    pub fn verdict_in_words(&self, units: UnitSystem) -> String {
        match (self.verdict, &self.offload) {
            (Verdict::Fits, _) => "Fits".to_owned(),
            (Verdict::Offload, Some(plan)) => format!("With a part in RAM: {plan}"),
            (Verdict::Offload, None) => "With a part in RAM".to_owned(),
            (Verdict::DoesNotFit, _) => format!("{} missing", units.bytes(self.missing_bytes as f64)),
            (Verdict::Unsupported, _) => format!("Not supported: {}", self.why),
        }
    }
    /// Tokens a second, expected and its likely range.
    fn speed(&self) -> Option<(f64, Option<(f64, f64)>)> {
        self.tokens_per_second
            .map(|(expected, low, high)| (expected, (low < high).then_some((low, high))))
    }
    /// Tokens a second, its likely range: `25.1 – 41.4`.
    pub fn speed_in_words(&self) -> String {
        self.speed()
            .map_or_else(String::new, |(expected, between)| likely(expected, between))
    }
}

/// Which rows are asked for; the default is all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RowFilter {
    /// Words that the id, the name or the licence must contain.
    pub query: String,
    /// Only what runs whole (`fits`), or at all (`runs`); empty is everything.
    pub verdict: String,
    /// What it must read beside text: `images`, `sound`.
    pub reads: String,
    /// Its licence.
    pub licence: String,
    /// Most parameters.
    pub most_parameters: Option<f64>,
    /// Shortest context that must fit, tokens.
    pub least_context: Option<u64>,
    /// Fewest tokens a second, expected.
    pub least_speed: Option<f64>,
}

impl RowFilter {
    /// Whether a row is asked for.
    pub fn lets(&self, row: &ModelRow) -> bool {
        let named = format!("{} {} {}", row.id, row.name, row.licence.as_deref().unwrap_or_default()).to_lowercase();
        let verdict = match self.verdict.as_str() {
            "fits" => row.verdict == Verdict::Fits,
            "runs" => row.runs(),
            _ => true,
        };
        verdict
            && words(&self.query).iter().all(|word| named.contains(word.as_str()))
            && (self.reads.is_empty() || row.reads.contains(&self.reads.as_str()))
            && (self.licence.is_empty() || row.licence.as_deref() == Some(&self.licence))
            && self.most_parameters.is_none_or(|most| row.parameters as f64 <= most)
            && self.least_context.is_none_or(|least| row.max_context >= least)
            && self
                .least_speed
                .is_none_or(|least| row.tokens_per_second.is_some_and(|(expected, ..)| expected >= least))
    }
}

/// What rows are sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, EnumIter, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum SortBy {
    /// The verdict, then the largest.
    #[default]
    Verdict,
    /// The name.
    Name,
    /// Parameters.
    Parameters,
    /// What the format loses.
    Loss,
    /// What the device must hold.
    Memory,
    /// Tokens a second.
    Speed,
    /// The longest context.
    Context,
    /// Sequences at once.
    AtOnce,
    /// Month of release.
    Released,
}

impl SortBy {
    /// Whether the greatest comes first when it is chosen.
    pub const fn begins_with_most(self) -> bool {
        matches!(
            self,
            Self::Parameters | Self::Memory | Self::Speed | Self::Context | Self::AtOnce | Self::Released
        )
    }
}

/// Places of the rows that are asked for, in their order; `down` is greatest first. Rows that have no value come last either way.
pub fn arranged(rows: &[ModelRow], filter: &RowFilter, by: SortBy, down: bool) -> Vec<usize> {
    use std::cmp::Ordering;
    let mut found: Vec<(usize, &ModelRow)> = rows.iter().enumerate().filter(|(_, row)| filter.lets(row)).collect();
    let way = |order: Ordering| if down { order.reverse() } else { order };
    let number = |a: Option<f64>, b: Option<f64>| match (a, b) {
        (Some(a), Some(b)) => way(a.total_cmp(&b)),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    };
    let there = |value: u64| (value > 0).then_some(value as f64);
    found.sort_by(|(_, a), (_, b)| {
        let order = match by {
            SortBy::Verdict => way(a.verdict.cmp(&b.verdict)),
            SortBy::Name => way(a.name.to_lowercase().cmp(&b.name.to_lowercase())),
            SortBy::Parameters => way(a.parameters.cmp(&b.parameters)),
            SortBy::Loss => way(a.loss.cmp(&b.loss)),
            SortBy::Memory => way(a.needed_bytes.cmp(&b.needed_bytes)),
            SortBy::Speed => number(
                a.tokens_per_second.map(|all| all.0),
                b.tokens_per_second.map(|all| all.0),
            ),
            SortBy::Context => number(there(a.max_context), there(b.max_context)),
            SortBy::AtOnce => number(there(a.max_batch), there(b.max_batch)),
            SortBy::Released => match (&a.released, &b.released) {
                (Some(a), Some(b)) => way(a.cmp(b)),
                (a, b) => b.is_some().cmp(&a.is_some()),
            },
        };
        // What is alike: what runs best, the largest, the name.
        let usual = || {
            a.verdict
                .cmp(&b.verdict)
                .then(b.parameters.cmp(&a.parameters))
                .then_with(|| a.id.cmp(&b.id))
        };
        order.then_with(usual)
    });
    found.into_iter().map(|(at, _)| at).collect()
}

/// How many of them run, in a sentence.
pub fn sentence(rows: &[ModelRow]) -> String {
    let devices = rows.first().map_or("", |row| row.hardware.as_str());
    let of = |verdict: Verdict| rows.iter().filter(|row| row.verdict == verdict).count() as u64;
    let (whole, part) = (of(Verdict::Fits), of(Verdict::Offload));
    let models = counted(rows.len() as u64, "model");
    let fit = |count: u64| if count == 1 { "fits" } else { "fit" };
    let bounded = rows
        .first()
        .is_some_and(|row| row.scenario.hardware.host_memory.is_some());
    match (whole, part) {
        (0, 0) => format!("None of {models} runs on {devices}."),
        (whole, 0) => format!("{} of {models} {} {devices}.", grouped(whole), fit(whole)),
        (whole, part) => format!(
            "{} of {models} {} {devices} whole; {} more {} with a part in RAM{}.",
            grouped(whole),
            fit(whole),
            grouped(part),
            if part == 1 { "runs" } else { "run" },
            if bounded { "" } else { ", if there is enough of it" }
        ),
    }
}

/// The rows as a table.
pub fn sheet<'a>(rows: impl Iterator<Item = &'a ModelRow>, units: UnitSystem) -> Sheet {
    let mut sheet = Sheet::new(
        "",
        &[
            "model",
            "parameters",
            "best format",
            "loss",
            "verdict",
            "needs",
            "tokens/s",
            "longest context",
            "at once",
        ],
    )
    .with_units(&[("needs", "bytes")]);
    for row in rows {
        let number = |value: u64| {
            if row.runs() {
                Field::count(value)
            } else {
                Field::default()
            }
        };
        sheet.push([
            Field::text(&row.id),
            Field::short(row.parameters),
            Field::text(&row.method),
            Field::text(row.loss.words()),
            Field::text(row.verdict_in_words(units)),
            Field::bytes(row.needed_bytes, units),
            row.speed()
                .map_or_else(Field::default, |(expected, between)| likely_value(expected, between)),
            number(row.max_context),
            number(row.max_batch),
        ]);
    }
    sheet
}
