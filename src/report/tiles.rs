//! The five numbers of an answer.

use super::{between, limit, run};
use crate::analysis::time::PassTime;
use crate::analysis::{Analysis, Figure, Fit, Speed, Verdict, cost, share_words};
use crate::scenario::Mode;
use crate::units::{UnitSystem, decimal, dollars, grouped, percent, seconds, short_count};

/// A number as it is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Tile {
    /// What it opens.
    pub figure: Figure,
    /// What it is called.
    pub what: &'static str,
    /// The number.
    pub value: String,
    /// Its unit.
    pub unit: String,
    /// What stands below it.
    pub note: String,
    /// Whether there is no number.
    pub none: bool,
}

impl Tile {
    pub(super) fn new(
        figure: Figure,
        what: &'static str,
        value: impl Into<String>,
        unit: impl Into<String>,
        note: impl Into<String>,
    ) -> Self {
        Self {
            figure,
            what,
            value: value.into(),
            unit: unit.into(),
            note: note.into(),
            none: false,
        }
    }
    /// A time, its unit set apart.
    pub(super) fn time(figure: Figure, what: &'static str, time: f64, note: impl Into<String>) -> Self {
        let words = seconds(time);
        let (value, unit) = words.rsplit_once(' ').unwrap_or((&words, ""));
        Self::new(figure, what, value, unit, note)
    }
    fn none(figure: Figure, what: &'static str, note: &str) -> Self {
        Self {
            none: true,
            ..Self::new(figure, what, "–", "", note)
        }
    }
    /// Its name in the page.
    pub const fn key(&self) -> &'static str {
        match self.figure {
            Figure::Memory => "answer.memory",
            Figure::TokensPerSecond => "answer.speed",
            Figure::FirstToken => "answer.first_token",
            Figure::Time => "answer.seconds",
            Figure::LongestContext => "answer.max_context",
            Figure::LargestBatch => "answer.max_batch",
            Figure::Cost => "answer.cost",
            Figure::Mfu => "answer.mfu",
            Figure::Trainable | Figure::Parameters => "answer.trainable",
            Figure::RunTime => "answer.run",
            _ => "answer.intensity",
        }
    }
}

/// All of them, in order.
pub fn tiles(analysis: &Analysis, units: UnitSystem) -> Vec<Tile> {
    let mode = analysis.setup.scenario.workload.mode;
    if let (Some(training), Some(words)) = (&analysis.training, run::words())
        && analysis.fit.is_some()
    {
        return (words.tiles)(analysis, training, units);
    }
    let mut all = vec![memory(analysis, units)];
    all.extend(speeds(analysis, mode));
    all.push(room(analysis, mode));
    all.push(limited(analysis));
    all.extend(money(analysis));
    all
}

pub(super) fn memory(analysis: &Analysis, units: UnitSystem) -> Tile {
    let held = analysis.held().total_bytes as f64;
    let what = if analysis.setup.layout.devices > 1 {
        "Memory per device"
    } else {
        "Memory"
    };
    let (used, unit) = units.split(held);
    let Some(fit) = &analysis.fit else {
        return Tile::new(Figure::Memory, what, used, unit, "no device chosen");
    };
    let giga = |bytes: u64| decimal(bytes as f64 / units.giga());
    let (usable, whole) = (giga(fit.capacity_bytes), giga(fit.device_bytes));
    let share = held / (fit.capacity_bytes as f64).max(1.0);
    if share >= 10.0 {
        return Tile::new(
            Figure::Memory,
            what,
            used,
            unit,
            format!("{} times {usable} {units}", short_count(share)),
        );
    }
    let note = if usable == whole {
        percent(share)
    } else {
        let device = analysis.setup.device();
        device.map_or_else(String::new, |device| share_words(&analysis.setup, device, units))
    };
    // Both sides of "of" in one unit.
    let value = decimal(held / units.giga());
    Tile::new(Figure::Memory, what, value, format!("of {usable} {units}"), note)
}

/// The hour, and a million tokens; none without a price.
fn money(analysis: &Analysis) -> Option<Tile> {
    let cost = cost(&analysis.setup, analysis.speed.as_ref())?;
    let devices = analysis.setup.layout.devices;
    let hour = match devices {
        1 => format!("{} an hour", dollars(cost.usd_per_hour)),
        _ if analysis.setup.requested.is_mixed() => format!("{} an hour for all", dollars(cost.usd_per_hour)),
        some => format!(
            "{} an hour, {} a device",
            dollars(cost.usd_per_hour),
            dollars(cost.usd_per_hour / some as f64)
        ),
    };
    let each = cost.usd_per_million_tokens?;
    Some(Tile::new(
        Figure::Cost,
        "A million tokens",
        dollars(each),
        "",
        unless_it_runs(analysis, &hour),
    ))
}

/// Whether it runs; what does not has no speed of its own.
pub(super) fn unless_it_runs(analysis: &Analysis, note: &str) -> String {
    let runs = |fit: &Fit| matches!(fit.verdict, Verdict::Fits | Verdict::Offload);
    match &analysis.fit {
        Some(fit) if fit.verdict == Verdict::Unsupported => "if it ran".to_owned(),
        Some(fit) if !runs(fit) => "if it fit".to_owned(),
        _ => note.to_owned(),
    }
}

fn rate(analysis: &Analysis, what: &'static str, speed: &Speed) -> Tile {
    let note = match speed.tokens_per_second_between {
        Some((low, high)) => format!("{} likely", between(low, high)),
        None => "at most".to_owned(),
    };
    Tile::new(
        Figure::TokensPerSecond,
        what,
        decimal(speed.tokens_per_second),
        "tokens/s",
        unless_it_runs(analysis, &note),
    )
}

fn time(analysis: &Analysis, figure: Figure, what: &'static str, time: &PassTime) -> Tile {
    let note = format!("{} to {} likely", seconds(time.low), seconds(time.high));
    Tile::time(figure, what, time.seconds, unless_it_runs(analysis, &note))
}

fn speeds(analysis: &Analysis, mode: Mode) -> [Tile; 2] {
    let no_rate = if analysis.fit.is_none() {
        "needs a device"
    } else {
        "this device's peak rate is unknown"
    };
    let Some(speed) = &analysis.speed else {
        return [
            Tile::none(Figure::TokensPerSecond, "Speed", no_rate),
            Tile::none(Figure::FirstToken, "First token", no_rate),
        ];
    };
    let timed = |figure, what, found: &Option<PassTime>| match found {
        Some(found) => time(analysis, figure, what, found),
        None => Tile::none(figure, what, no_rate),
    };
    match mode {
        Mode::Decode | Mode::Serve => [
            rate(
                analysis,
                if mode == Mode::Serve { "All users" } else { "Decode" },
                speed,
            ),
            timed(Figure::FirstToken, "First token", &speed.prefill),
        ],
        Mode::Prefill => {
            let (what, whole) = if analysis.setup.encodes() {
                ("Encode", "Latency")
            } else {
                ("Prefill", "Whole prompt")
            };
            [rate(analysis, what, speed), timed(Figure::Time, whole, &speed.pass)]
        }
        // Without a device; with one a run has numbers of its own.
        Mode::Pretrain | Mode::Finetune => [
            Tile::none(Figure::Time, "Step", no_rate),
            Tile::none(Figure::TokensPerSecond, "Training", no_rate),
        ],
    }
}

fn room(analysis: &Analysis, mode: Mode) -> Tile {
    let Some(fit) = &analysis.fit else {
        return Tile::none(Figure::LongestContext, "Longest context", "needs a device");
    };
    match mode {
        Mode::Pretrain | Mode::Finetune => Tile::new(
            Figure::LargestBatch,
            "Largest batch",
            grouped(fit.max_batch),
            "",
            "sequences of this length",
        ),
        Mode::Serve => match &analysis.serving {
            Some(serving) => Tile::new(
                Figure::LargestBatch,
                "Users at once",
                grouped(serving.admission.max_running),
                "",
                format!("{} run now", grouped(serving.admission.running)),
            ),
            None => Tile::none(Figure::LargestBatch, "Users at once", "none fits beside the weights"),
        },
        Mode::Decode | Mode::Prefill if fit.max_context == 0 => Tile::new(
            Figure::LongestContext,
            "Longest context",
            "none",
            "",
            "not even one token fits",
        ),
        Mode::Decode | Mode::Prefill => {
            let note = analysis.setup.blueprint.max_context.as_ref().map_or_else(
                || "tokens; the config names no limit".to_owned(),
                |most| {
                    if most.value == fit.max_context {
                        "tokens, the model's own limit".to_owned()
                    } else {
                        format!("of {} tokens", grouped(most.value))
                    }
                },
            );
            Tile::new(
                Figure::LongestContext,
                "Longest context",
                grouped(fit.max_context),
                "",
                note,
            )
        }
    }
}

fn limited(analysis: &Analysis) -> Tile {
    let intensity = decimal(analysis.intensity());
    match (&analysis.speed, limit(analysis)) {
        (Some(speed), Some((limit, share))) => Tile::new(
            Figure::Intensity,
            "Limited by",
            limit.short(),
            "",
            if analysis.setup.scenario.workload.mode.trains() || analysis.serving.is_some() {
                format!("{intensity} FLOP/byte, ridge {}", decimal(speed.ridge))
            } else {
                format!("{:.0} % of the time; {intensity} FLOP/byte", 100.0 * share)
            },
        ),
        _ => Tile::new(
            Figure::Intensity,
            "Intensity",
            intensity,
            "FLOP/byte",
            "operations for each byte moved",
        ),
    }
}
