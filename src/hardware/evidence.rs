//! How near published measurements come to a question, and how wide an estimate is because of it: `data/measured.csv`
//! counts them, and `data/intervals.csv` has the errors of rows that a fit had not seen. `calibrate` writes both.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::efficiency::{generation, group};
use super::measurement::Metric;
use super::{Device, Engine, find};
use crate::tables;
use crate::units::counted;

const TABLE: &str = include_str!("../../data/intervals.csv");
/// How often an engine was measured on a device. The measurements themselves are long, and few views need them.
const MEASURED: &str = include_str!("../../data/measured.csv");

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
    strum::EnumString,
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

#[derive(Clone, Debug)]
struct Row {
    metric: Metric,
    engine: String,
    seen: Seen,
    low: f64,
    high: f64,
}

static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| {
    // A row that does not parse is left out; a test counts them.
    tables::read(TABLE, |row| {
        Some(Row {
            metric: row.of("metric")?,
            engine: row.text("engine"),
            seen: row.of("seen")?,
            low: row.of("low")?,
            high: row.of("high")?,
        })
    })
});

/// Rows of the table that are read.
pub fn rows() -> usize {
    ROWS.len()
}

type Counts = HashMap<(Metric, &'static str, Seen, String), (u32, u32)>;

/// Rows of measurements and the machines they are of, by engine and metric, on a device, a generation, a group, and in all.
/// A machine is a publisher's device: who measures on one machine shares what is particular to it.
static COUNTS: LazyLock<Counts> = LazyLock::new(|| {
    let mut all = Counts::new();
    tables::read(MEASURED, |row| {
        let (device, engine): (_, Engine) = (find(row.get("device"))?, row.of("engine")?);
        let (metric, rows, machines): (_, u32, u32) = (row.of("metric")?, row.of("rows")?, row.of("machines")?);
        for (seen, name) in places(device) {
            let entry = all.entry((metric, engine.key(), seen, name)).or_insert((0, 0));
            entry.0 += rows;
            entry.1 += machines;
        }
        Some(())
    });
    all
});

/// How much wider an interval is, as a factor on its logarithms, where few machines stand behind an estimate.
///
/// A new machine strays from the mean of n others with the variance σ²·(1 + 1/n): its own, and that of the mean (the
/// prediction interval for a sample of n). The table's intervals are of rows left out that had others beside them, so only
/// what 1 + 1/n is beyond the mean of theirs is added.
fn few(metric: Metric, engine: &str, seen: Seen, machines: u32) -> f64 {
    let spread = |n: u32| 1.0 + 1.0 / f64::from(n.max(1));
    let (mut sum, mut units) = (0.0, 0.0);
    for ((of, by, at, _), (_, all)) in &*COUNTS {
        // With one left out, the others beside it; without others it is no evidence of this kind.
        if (*of, *by, *at) == (metric, engine, seen) && *all > 1 {
            sum += spread(all - 1) * f64::from(*all);
            units += f64::from(*all);
        }
    }
    if units == 0.0 || machines == 0 {
        return 1.0;
    }
    (spread(machines) / (sum / units)).sqrt().max(1.0)
}

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
        let (rows, machines) = counts.get(&(metric, engine.key(), seen, name)).copied()?;
        Some((seen, rows, few(metric, engine.key(), seen, machines)))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measurements_are_counted() {
        assert_eq!(
            MEASURED,
            crate::hardware::measurement::counts(),
            "data/measured.csv is old: run calibrate, or put this text there"
        );
    }
}
