//! Published measurements of speed: `data/measurements.csv`, one figure a row.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::device::find;
use super::efficiency::{FormatClass, group, same_generation};

const TABLE: &str = include_str!("../../data/measurements.csv");

/// What was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, strum::EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Metric {
    /// Tokens written a second by the whole batch.
    Decode,
    /// Prompt tokens read a second.
    Prefill,
    /// Tokens written a second by all users of a server, in steady state.
    Throughput,
}

/// A row of the table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    /// Id, stable.
    pub id: String,
    /// Hub id of the model.
    pub model: String,
    /// Format of the weights.
    pub weights: String,
    /// Engine.
    pub engine: String,
    /// Backend or front end, where the publisher names one.
    pub variant: String,
    /// Device id.
    pub device: String,
    /// Devices.
    pub devices: u64,
    /// `layer` or `tensor`, where given.
    pub split: String,
    /// Tensor-parallel devices.
    pub tensor: Option<u64>,
    /// Pipeline stages.
    pub pipeline: Option<u64>,
    /// Expert-parallel devices.
    pub expert: Option<u64>,
    /// `dp` where each device keeps attention of its own sequences.
    pub attention: String,
    /// Sequences at once, or `max`.
    pub batch: String,
    /// Tokens of each prompt.
    pub prompt: u64,
    /// Tokens written.
    pub generate: Option<u64>,
    /// Format of the cache; empty is the engine's own.
    pub cache: String,
    /// Percentage of the memory the engine was given.
    pub fraction: Option<u64>,
    /// Requests of a run that ended.
    pub requests: Option<u64>,
    /// `spread` where lengths differ as in chats and the row has means.
    pub lengths: String,
    /// Most sequences at once, where the publisher set it.
    pub sequences: Option<u64>,
    /// Most tokens of a step, where the publisher set it.
    pub tokens: Option<u64>,
    /// Tokens of a micro-batch, where the publisher set it.
    pub micro_batch: Option<u64>,
    /// What was measured.
    pub metric: Metric,
    /// Tokens a second.
    pub value: f64,
    /// Key of the source, see `data/README.md`.
    pub source: String,
    /// Where in the source.
    pub r#where: String,
    /// What to know.
    pub note: String,
    /// Why it is left out of the fit; empty where it is not.
    pub excluded: String,
}

/// Every row.
pub fn measurements() -> &'static [Measurement] {
    static ROWS: LazyLock<Vec<Measurement>> = LazyLock::new(|| {
        let mut reader = csv::Reader::from_reader(TABLE.as_bytes());
        // A row that does not parse is left out; a test counts them.
        reader.deserialize().filter_map(Result::ok).collect()
    });
    &ROWS
}

/// How often each engine was measured on each device and by how many, as the text of `data/measured.csv`. Excluded rows do not count.
pub fn counts() -> String {
    let mut all = BTreeMap::new();
    for row in measurements().iter().filter(|row| row.excluded.is_empty()) {
        let (rows, sources): &mut (u32, BTreeSet<&str>) =
            all.entry((row.metric, &row.engine, &row.device)).or_default();
        *rows += 1;
        sources.insert(&row.source);
    }
    let mut text = "metric,engine,device,rows,machines\n".to_owned();
    for ((metric, engine, device), (rows, sources)) in all {
        let metric = match metric {
            Metric::Decode => "decode",
            Metric::Prefill => "prefill",
            Metric::Throughput => "throughput",
        };
        text.push_str(&format!("{metric},{engine},{device},{rows},{}\n", sources.len()));
    }
    text
}

/// What a measurement should be near to.
#[derive(Clone, Copy, Debug)]
pub struct Near<'a> {
    /// What is asked.
    pub metric: Metric,
    /// Engine key.
    pub engine: &'a str,
    /// The device.
    pub device: &'a super::Device,
    /// Devices.
    pub devices: u64,
    /// Main format of the weights.
    pub format: &'a str,
    /// Parameters a token uses.
    pub active: f64,
    /// Sequences.
    pub batch: u64,
    /// Tokens of context.
    pub context: u64,
}

/// A row that may be shown, with what it is compared by.
struct Shown {
    row: &'static Measurement,
    device: &'static super::Device,
    class: FormatClass,
    batch: f64,
    context: u64,
}

static SHOWN: LazyLock<Vec<Shown>> = LazyLock::new(|| {
    let rows = measurements().iter();
    let rows = rows.filter(|row| row.excluded.is_empty() && !row.note.contains("CPU"));
    rows.filter_map(|row| {
        Some(Shown {
            row,
            device: find(&row.device)?,
            class: FormatClass::of(&row.weights),
            batch: row.batch.parse().unwrap_or(1e3),
            context: row.prompt + row.generate.unwrap_or(0) / 2,
        })
    })
    .collect()
});

/// The rows nearest to a question, best first: device, engine, format and size of the model count in that order.
/// `size` gives the parameters a token uses of a model by its id.
pub fn nearest(near: &Near<'_>, count: usize, size: impl Fn(&str) -> Option<f64>) -> Vec<&'static Measurement> {
    let home = group(near.device);
    let class = FormatClass::of(near.format);
    let mut found: Vec<(f64, &Measurement)> = SHOWN
        .iter()
        .filter(|shown| shown.row.metric == near.metric)
        .filter_map(|shown| {
            let (row, device, batch, context) = (shown.row, shown.device, shown.batch, shown.context);
            let far = |apart: bool, cost: f64| if apart { cost } else { 0.0 };
            let place = if device.id == near.device.id {
                0.0
            } else if same_generation(device, near.device) {
                2.0
            } else if group(device) == home {
                4.0
            } else if near.metric == Metric::Throughput {
                // Servers were measured on few devices: a far one says more than none.
                8.0
            } else {
                return None;
            };
            let model = size(&row.model)?;
            let distance = place
                + far(row.engine != near.engine, 4.0)
                + far(shown.class != class, 1.5)
                + far(row.devices != near.devices, 1.0)
                + 0.8 * apart(model, near.active)
                + 0.5 * apart(batch, near.batch as f64)
                + 0.15 * apart(context.max(64) as f64, near.context.max(64) as f64);
            Some((distance, row))
        })
        .collect();
    found.sort_by(|one, other| one.0.total_cmp(&other.0));
    let mut seen: Vec<(&str, &str, &str, u64)> = Vec::new();
    found
        .into_iter()
        .filter_map(|(_, row)| {
            let key = (
                row.device.as_str(),
                row.model.as_str(),
                row.weights.as_str(),
                row.devices,
            );
            // One of each kind says more than the same at four lengths.
            if seen.contains(&key) {
                return None;
            }
            seen.push(key);
            Some(row)
        })
        .take(count)
        .collect()
}

/// How far two sizes are apart, in doublings.
fn apart(one: f64, other: f64) -> f64 {
    (one.max(1e-9) / other.max(1e-9)).log2().abs()
}

const MODELS: &str = include_str!("../../data/measured_models.csv");
const SOURCES: &str = include_str!("../../data/measurement_sources.csv");

/// Parameters a token uses of a model that was measured.
pub fn active(model: &str) -> Option<f64> {
    static FOUND: LazyLock<std::collections::HashMap<&'static str, f64>> = LazyLock::new(|| {
        let lines = MODELS.lines().skip(1).filter_map(|line| line.split_once(','));
        lines
            .filter_map(|(id, active)| active.trim().parse().ok().map(|active| (id, active)))
            .collect()
    });
    FOUND.get(model).copied()
}

impl Measurement {
    /// Where it was published: repository, commit, file.
    pub fn publication(&self) -> String {
        let line = SOURCES
            .lines()
            .filter_map(|line| line.split_once(','))
            .find(|(key, _)| *key == self.source)
            .map_or(self.source.as_str(), |(_, rest)| rest.split(',').next().unwrap_or(rest));
        if self.r#where.is_empty() {
            line.to_owned()
        } else {
            format!("{line} {}", self.r#where)
        }
    }
}
