//! What is compared: one table, a measure a row.

use std::cmp::Ordering;

use super::super::between;
use super::super::verdict::{sentence, verdict_name};
use crate::analysis::time::PassTime;
use crate::analysis::{Analysis, RankMemory, cost};
use crate::scenario::Mode;
use crate::units::{UnitSystem, count, decimal, dollars, grouped, seconds, short_count};

/// Which way is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// More.
    More,
    /// Less.
    Less,
    /// Neither: it only differs.
    Neither,
}

impl Better {
    /// How one number stands to another: greater is better.
    pub fn compare(self, one: f64, other: f64) -> Ordering {
        match self {
            Self::More => one.total_cmp(&other),
            Self::Less => other.total_cmp(&one),
            Self::Neither => Ordering::Equal,
        }
    }
}

/// Rows that belong together, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::EnumIter, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Group {
    /// What was asked.
    Question,
    /// Does it fit.
    Verdict,
    /// Bytes, part by part.
    Memory,
    /// Tokens a second.
    Speed,
    /// Times.
    Latency,
    /// Money.
    Cost,
    /// How far it goes: context and users.
    Room,
    /// What the model is.
    Architecture,
}

impl Group {
    /// Its heading.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Question => "What",
            Self::Verdict => "Verdict",
            Self::Memory => "Memory",
            Self::Speed => "Speed",
            Self::Latency => "Latency",
            Self::Cost => "Cost",
            Self::Room => "Context and users",
            Self::Architecture => "Architecture",
        }
    }
}

/// A value of a measure.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Value {
    /// As it is read.
    pub text: String,
    /// What stands after it, smaller: the unit, or what it is of.
    pub unit: String,
    /// The number behind it; none of words.
    pub number: Option<f64>,
    /// The unit of that number: `bytes`, `s`, `tokens/s`; empty where it is a bare count.
    pub base: &'static str,
    /// Its interval.
    pub between: Option<(f64, f64)>,
    /// The same in words: `42–62`, `0.9 s to 1.3 s`.
    pub likely: String,
    /// A mark on its bar: what the device has.
    pub mark: Option<f64>,
    /// Parts of its bar: key, name and number.
    pub parts: Vec<(&'static str, &'static str, f64)>,
    /// Whether there is no value, and the text says why.
    pub none: bool,
}

impl Value {
    fn words(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            ..Self::default()
        }
    }
    fn none(why: &str) -> Self {
        Self {
            none: true,
            ..Self::words(why)
        }
    }
    fn number(number: f64, text: impl Into<String>, unit: impl Into<String>) -> Self {
        Self {
            unit: unit.into(),
            number: Some(number),
            ..Self::words(text)
        }
    }
    /// The same, its number in this unit.
    fn counted_in(self, base: &'static str) -> Self {
        Self { base, ..self }
    }
    /// Bytes with the unit that suits them.
    fn bytes(bytes: u64, units: UnitSystem) -> Self {
        let (text, unit) = units.split(bytes as f64);
        Self::number(bytes as f64, text, unit).counted_in("bytes")
    }
    fn time(time: &PassTime) -> Self {
        Self {
            between: Some((time.low, time.high)),
            likely: format!("{} to {}", seconds(time.low), seconds(time.high)),
            ..Self::seconds(time.seconds)
        }
    }
    fn seconds(time: f64) -> Self {
        let words = seconds(time);
        let (text, unit) = words.rsplit_once(' ').unwrap_or((&words, ""));
        Self::number(time, text, unit).counted_in("s")
    }
}

/// A row of the table.
pub struct Measure {
    /// Its name in the page and in files.
    pub key: &'static str,
    /// Where it stands.
    pub group: Group,
    /// What it is called.
    pub label: &'static str,
    /// What it means, small.
    pub note: &'static str,
    /// Which way is better.
    pub better: Better,
    /// Whether it speaks of a run: then only what runs is compared, and only in one mode.
    pub of_a_run: bool,
    /// Whether it has bars.
    pub bars: bool,
    /// The value; none leaves the row out where no column has one.
    pub value: fn(&Analysis, UnitSystem) -> Option<Value>,
}

/// A row of words.
const fn asked(key: &'static str, label: &'static str, value: fn(&Analysis, UnitSystem) -> Option<Value>) -> Measure {
    Measure {
        key,
        group: Group::Question,
        label,
        note: "",
        better: Better::Neither,
        of_a_run: false,
        bars: false,
        value,
    }
}

/// A row of numbers.
const fn row(
    group: Group,
    key: &'static str,
    label: &'static str,
    note: &'static str,
    better: Better,
    value: fn(&Analysis, UnitSystem) -> Option<Value>,
) -> Measure {
    Measure {
        key,
        group,
        label,
        note,
        better,
        of_a_run: matches!(group, Group::Speed | Group::Latency) || matches!(key.as_bytes(), b"cost"),
        bars: !matches!(group, Group::Architecture | Group::Verdict),
        value,
    }
}

use Better::{Less, More, Neither};
use Group::{Architecture, Cost, Latency, Memory, Room, Speed, Verdict};

/// All of them, in order.
pub static MEASURES: [Measure; 38] = [
    asked("hardware", "Hardware", |one, _| {
        Some(on(one).map_or_else(|| Value::none("none chosen"), Value::words))
    }),
    asked("weights_in", "Weights in", |one, _| {
        Some(Value::words(one.setup.weights.method.clone()))
    }),
    asked("cache_in", "KV cache in", |one, _| {
        Some(Value::words(one.setup.kv.label.to_string()))
    }),
    asked("engine", "Engine", |one, _| {
        (!trains(one)).then(|| Value::words(one.setup.engine.label()))
    }),
    asked("mode", "Mode", |one, _| {
        Some(Value::words(one.setup.requested.workload.mode.label()))
    }),
    asked("tokens", "Tokens", |one, _| {
        let asked = &one.setup.requested;
        let written = match asked.generated() {
            0 => String::new(),
            some => format!(" + {}", grouped(some)),
        };
        Some(Value::words(format!("{}{written}", grouped(asked.workload.prompt))))
    }),
    asked("sequences", "Sequences at once", |one, _| {
        let asked = &one.setup.requested.workload;
        Some(Value::words(if asked.endless {
            "as many as run".to_owned()
        } else {
            grouped(asked.batch)
        }))
    }),
    row(Verdict, "verdict", "Verdict", "", Neither, |one, _| {
        Some(match &one.fit {
            Some(_) => Value::words(sentence(one, "", UnitSystem::Gib).pill),
            None => Value::none(verdict_name("unknown")),
        })
    }),
    row(
        Memory,
        "memory",
        "Memory",
        "the mark: what the engine may take",
        Less,
        |one, units| {
            let held = one.held();
            let whole = one.fit.as_ref().map(|fit| fit.capacity_bytes as f64);
            let giga = |bytes: f64| decimal(bytes / units.giga());
            let unit = whole.map_or_else(|| units.to_string(), |whole| format!("{units} of {}", giga(whole)));
            Some(Value {
                mark: whole,
                parts: held
                    .parts()
                    .into_iter()
                    .map(|(key, name, bytes)| (key, name, bytes as f64))
                    .collect(),
                ..Value::number(held.total_bytes as f64, giga(held.total_bytes as f64), unit).counted_in("bytes")
            })
        },
    ),
    row(Memory, "free", "Left free", "", More, |one, units| {
        let fit = one.fit.as_ref()?;
        let free = fit.headroom_bytes.max(0) as f64;
        let giga = |bytes: f64| decimal(bytes / units.giga());
        let unit = match fit.headroom_bytes {
            0.. => units.to_string(),
            short => format!("{units}, {} short", giga(short.unsigned_abs() as f64)),
        };
        Some(Value::number(free, giga(free), unit).counted_in("bytes"))
    }),
    row(Memory, "weights", "Weights", "", Less, |one, units| {
        part(one, units, |held| held.weights_bytes)
    }),
    row(Memory, "kv_cache", "KV cache", "", Less, |one, units| {
        part(one, units, |held| held.kv_cache_bytes)
    }),
    row(Memory, "state_cache", "State cache", "", Less, |one, units| {
        part(one, units, |held| held.state_cache_bytes)
    }),
    row(Memory, "activations", "Activations", "", Less, |one, units| {
        part(one, units, |held| held.activation_bytes)
    }),
    row(Memory, "gradients", "Gradients", "", Less, |one, units| {
        part(one, units, |held| held.gradient_bytes)
    }),
    row(Memory, "optimizer", "Optimizer", "", Less, |one, units| {
        part(one, units, |held| held.optimizer_bytes)
    }),
    row(Memory, "overhead", "Overhead", "", Neither, |one, units| {
        part(one, units, |held| held.overhead_bytes)
    }),
    row(
        Speed,
        "written",
        "Written",
        "tokens a second, all sequences; pale: likely",
        More,
        |one, _| matches!(mode(one), Mode::Decode | Mode::Serve).then(|| pace(one)),
    ),
    row(
        Speed,
        "read",
        "Read",
        "tokens a second; pale: likely",
        More,
        |one, _| (mode(one) == Mode::Prefill).then(|| pace(one)),
    ),
    row(
        Speed,
        "trained",
        "Trained",
        "tokens a second, at most",
        More,
        |one, _| trains(one).then(|| pace(one)),
    ),
    row(Latency, "first_token", "First token", "pale: likely", Less, |one, _| {
        if !matches!(mode(one), Mode::Decode | Mode::Serve) {
            return None;
        }
        timed(one.speed.as_ref()?.prefill.as_ref())
    }),
    row(
        Latency,
        "whole_prompt",
        "Whole prompt",
        "pale: likely",
        Less,
        |one, _| {
            if mode(one) != Mode::Prefill {
                return None;
            }
            timed(one.speed.as_ref()?.pass.as_ref())
        },
    ),
    row(
        Latency,
        "each_token",
        "Between tokens",
        "pale: likely",
        Less,
        |one, _| {
            if !matches!(mode(one), Mode::Decode | Mode::Serve) {
                return None;
            }
            timed(one.speed.as_ref()?.pass.as_ref())
        },
    ),
    row(Latency, "step", "Step, at least", "", Less, |one, _| {
        trains(one)
            .then(|| one.speed.as_ref().map(|speed| Value::seconds(speed.roof.seconds)))
            .flatten()
    }),
    row(Cost, "hour", "An hour", "all devices", Less, |one, _| {
        Some(match cost(&one.setup, None) {
            Some(cost) => Value::number(cost.usd_per_hour, dollars(cost.usd_per_hour), "").counted_in("USD"),
            None => Value::none("no price"),
        })
    }),
    row(Cost, "cost", "A million tokens", "never idle", Less, |one, _| {
        let cost = cost(&one.setup, one.speed.as_ref());
        Some(match cost.map(|cost| cost.usd_per_million_tokens) {
            Some(Some(each)) => Value::number(each, dollars(each), "").counted_in("USD"),
            Some(None) => Value::none("not known"),
            None => Value::none("no price"),
        })
    }),
    row(
        Room,
        "max_context",
        "Longest context",
        "tokens, as far as the model goes",
        More,
        |one, _| {
            let fit = one.fit.as_ref()?;
            Some(Value::number(fit.max_context as f64, grouped(fit.max_context), "").counted_in("tokens"))
        },
    ),
    row(Room, "max_batch", "Most sequences", "of this length", More, |one, _| {
        let most = match &one.serving {
            Some(serving) => serving.admission.max_running,
            None => one.fit.as_ref()?.max_batch,
        };
        Some(Value::number(most as f64, grouped(most), "").counted_in("sequences"))
    }),
    row(Architecture, "parameters", "Parameters", "", Neither, |one, _| {
        Some(Value::number(
            one.parameters.total.0 as f64,
            short_count(one.parameters.total.0 as f64),
            "",
        ))
    }),
    row(Architecture, "active", "Active a token", "", Neither, |one, _| {
        Some(Value::number(
            one.parameters.active.0 as f64,
            short_count(one.parameters.active.0 as f64),
            "",
        ))
    }),
    row(Architecture, "layers", "Layers", "", Neither, |one, _| {
        whole(one.setup.blueprint.layers.value)
    }),
    row(Architecture, "width", "Width", "", Neither, |one, _| {
        whole(one.setup.blueprint.hidden.value)
    }),
    row(
        Architecture,
        "attention",
        "Attention",
        "query : stored heads",
        Neither,
        |one, _| Some(Value::words(one.setup.blueprint.attention.clone())),
    ),
    row(Architecture, "experts", "Experts", "", Neither, |one, _| {
        Some(
            one.setup
                .blueprint
                .experts
                .clone()
                .map_or_else(|| Value::none("none"), Value::words),
        )
    }),
    row(Architecture, "vocabulary", "Vocabulary", "", Neither, |one, _| {
        whole(one.setup.blueprint.vocabulary.value)
    }),
    row(Architecture, "made_for", "Made for", "tokens", Neither, |one, _| {
        let most = one.setup.blueprint.max_context.as_ref();
        Some(most.map_or_else(
            || Value::none("not said"),
            |most| Value::number(most.value as f64, grouped(most.value), "").counted_in("tokens"),
        ))
    }),
    row(
        Architecture,
        "cache_a_token",
        "KV cache a token",
        "beyond every window",
        Less,
        |one, units| Some(Value::bytes(one.memory.kv_cache_per_token.0, units)),
    ),
    row(
        Architecture,
        "operations",
        "Operations",
        "of one pass",
        Neither,
        |one, _| {
            let words = count(one.flops, "FLOP");
            let (text, unit) = words.rsplit_once(' ').unwrap_or((&words, ""));
            Some(Value::number(one.flops, text, unit).counted_in("FLOP"))
        },
    ),
];

fn mode(one: &Analysis) -> Mode {
    one.setup.requested.workload.mode
}

fn trains(one: &Analysis) -> bool {
    mode(one).trains()
}

fn whole(number: u64) -> Option<Value> {
    Some(Value::number(number as f64, grouped(number), ""))
}

fn part(one: &Analysis, units: UnitSystem, of: fn(&RankMemory) -> u64) -> Option<Value> {
    Some(Value::bytes(of(one.held()), units))
}

fn pace(one: &Analysis) -> Value {
    match &one.speed {
        Some(speed) => Value {
            between: speed.tokens_per_second_between,
            likely: speed
                .tokens_per_second_between
                .map_or_else(String::new, |(low, high)| between(low, high)),
            ..Value::number(speed.tokens_per_second, decimal(speed.tokens_per_second), "").counted_in("tokens/s")
        },
        None if one.fit.is_none() => Value::none("needs a device"),
        None => Value::none("not known"),
    }
}

fn timed(time: Option<&PassTime>) -> Option<Value> {
    time.map(Value::time)
}

/// The devices in short: `RTX 4090`, `2 × H100 SXM`, `RTX 3090 + RTX 4090`.
pub fn on(one: &Analysis) -> Option<String> {
    if let Some(words) = crate::analysis::devices_in_words(&one.setup.requested) {
        return Some(words);
    }
    let device = one.setup.device()?.short_name();
    Some(match one.setup.layout.devices {
        1 => device.to_owned(),
        some => format!("{} × {device}", grouped(some)),
    })
}
