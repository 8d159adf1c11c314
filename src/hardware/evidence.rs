//! How near published measurements come to a question, and how wide an estimate is because of it: `data/intervals.csv`,
//! written by `calibrate` from the errors of rows that a fit had not seen.

use std::collections::{BTreeSet, HashMap};
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::efficiency::{generation, group};
use super::measurement::{Metric, measurements};
use super::{Device, Engine, find};
use crate::units::counted;

const TABLE: &str = include_str!("../../data/intervals.csv");

/// What of a question was measured, the nearest first.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    strum::IntoStaticStr,
    strum::EnumIter,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Seen {
    /// The engine on this device.
    Device,
    /// The engine on other devices of its generation.
    Generation,
    /// The engine on other generations of its kind.
    Group,
    /// The engine, on devices of other kinds.
    Engine,
    /// Other engines only.
    Nothing,
}

/// What an estimate stands on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Evidence {
    /// How near the nearest measurements are.
    pub level: Seen,
    /// How many there are of that kind.
    pub rows: u32,
    /// Measured ÷ estimated time: one in ten is less.
    #[serde(skip)]
    pub low: f64,
    /// One in ten is more.
    #[serde(skip)]
    pub high: f64,
}

#[derive(Clone, Debug, Deserialize)]
struct Row {
    metric: Metric,
    engine: String,
    seen: Seen,
    low: f64,
    high: f64,
}

static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| {
    let mut reader = csv::Reader::from_reader(TABLE.as_bytes());
    // A row that does not parse is left out; a test counts them.
    reader.deserialize().filter_map(Result::ok).collect()
});

/// Rows of the table that are read.
pub fn rows() -> usize {
    ROWS.len()
}

type Counts = HashMap<(Metric, &'static str, Seen, String), u32>;

/// Machines that were measured, each a publisher's device: who measures on one machine shares what is particular to it.
type Machines = HashMap<(Metric, &'static str, Seen, String), BTreeSet<(&'static str, &'static str)>>;

static MACHINES: LazyLock<Machines> = LazyLock::new(|| {
    let mut all = Machines::new();
    for row in measurements().iter().filter(|row| row.excluded.is_empty()) {
        let Some(device) = find(&row.device) else { continue };
        for (seen, name) in places(device) {
            let key = (row.metric, row.engine.as_str(), seen, name);
            all.entry(key).or_default().insert((&row.source, &row.device));
        }
    }
    all
});

/// How much wider an interval is, as a factor on its logarithms, where few machines stand behind an estimate.
///
/// A new machine strays from the mean of n others with the variance σ²·(1 + 1/n): its own, and that of the mean (the
/// prediction interval for a sample of n). The table's intervals are of rows left out that had others beside them, so only
/// what 1 + 1/n is beyond the mean of theirs is added.
fn few(metric: Metric, engine: &str, seen: Seen, machines: usize) -> f64 {
    let spread = |n: usize| 1.0 + 1.0 / (n.max(1) as f64);
    let (mut sum, mut units) = (0.0, 0.0);
    for ((of, by, at, _), all) in &*MACHINES {
        // With one left out, the others beside it; without others it is no evidence of this kind.
        if (*of, *by, *at) == (metric, engine, seen) && all.len() > 1 {
            sum += spread(all.len() - 1) * all.len() as f64;
            units += all.len() as f64;
        }
    }
    if units == 0.0 || machines == 0 {
        return 1.0;
    }
    (spread(machines) / (sum / units)).sqrt().max(1.0)
}

/// Rows of measurements, by engine and metric, on a device, a generation, a group, and in all.
static COUNTS: LazyLock<Counts> = LazyLock::new(|| {
    let mut all = Counts::new();
    for row in measurements().iter().filter(|row| row.excluded.is_empty()) {
        let Some(device) = find(&row.device) else { continue };
        for (seen, name) in places(device) {
            *all.entry((row.metric, row.engine.as_str(), seen, name)).or_insert(0) += 1;
        }
    }
    all
});

fn places(device: &Device) -> [(Seen, String); 4] {
    [
        (Seen::Device, device.id.clone()),
        (Seen::Generation, generation(device)),
        (Seen::Group, group(device).to_owned()),
        (Seen::Engine, String::new()),
    ]
}

/// What is known of an engine on a device. Servers are measured by their throughput, which is made of the same steps: it stands
/// for their single passes too.
pub fn evidence(metric: Metric, engine: Engine, device: &Device) -> Evidence {
    let metric = if engine.serves() { Metric::Throughput } else { metric };
    let counts = &*COUNTS;
    let found = places(device).into_iter().find_map(|(seen, name)| {
        let key = (metric, engine.key(), seen, name);
        let count = counts.get(&key).copied()?;
        let machines = MACHINES.get(&key).map_or(0, BTreeSet::len);
        Some((seen, count, few(metric, engine.key(), seen, machines)))
    });
    let (level, rows, wider) = found.unwrap_or((Seen::Nothing, 0, 1.0));
    let (low, high) = interval(metric, engine.key(), level);
    // What was measured nearby but by few is not less sure than what nobody measured.
    let (least, most) = interval(metric, engine.key(), Seen::Nothing);
    Evidence {
        level,
        rows,
        low: low.powf(wider).max(low.min(least)),
        high: high.powf(wider).min(high.max(most)),
    }
}

/// Of the engine, or of all engines where it has none of its own.
fn interval(metric: Metric, engine: &str, seen: Seen) -> (f64, f64) {
    let of = |engine: &str| {
        let mut rows = ROWS.iter();
        rows.find(|row| row.metric == metric && row.engine == engine && row.seen == seen)
    };
    of(engine)
        .or_else(|| of(""))
        .map_or((0.5, 2.0), |row| (row.low, row.high))
}

impl Evidence {
    /// In words: where the shares of peak are from.
    pub fn words(&self, engine: Engine, device: &Device) -> String {
        let engine = engine.label();
        let count = counted(u64::from(self.rows), "measurement");
        match self.level {
            Seen::Device => format!("fitted on {count} of {engine} on {}", device.name),
            Seen::Generation => format!(
                "fitted on {count} of {engine} on other {} {} devices",
                device.vendor.name(),
                device.family
            ),
            Seen::Group => format!(
                "fitted on {count} of {engine} on other {} devices",
                device.vendor.name()
            ),
            Seen::Engine => format!("fitted on {count} of {engine} on devices of other kinds"),
            Seen::Nothing => format!("taken over from other engines: no measurement of {engine} is known"),
        }
    }
}
