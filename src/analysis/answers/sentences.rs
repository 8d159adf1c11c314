//! The answers in sentences, for the page and the command line alike.

use super::{Answers, BestFormat, Cheapest, Degree, LongestContext, MostUsers, RankedBy, degree};
use crate::analysis::setup::Setup;
use crate::hardware::Engine;
use crate::scenario::{KvFormat, Mode, Scenario};
use crate::units::{UnitSystem, capital, counted, grouped, one_or_times, times};

/// An answer as it is told.
#[derive(Clone, Debug, PartialEq)]
pub struct Said {
    /// Which answer: `runs`, `context`, `users`, `format`, `cheapest`, `degree`.
    pub key: &'static str,
    /// The answer.
    pub words: String,
    /// What it rests on.
    pub basis: String,
    /// What would change the scenario to it, and to which; `None` where it already is so.
    pub deed: Option<(String, Scenario)>,
}

impl Answers {
    /// All of them, in order.
    pub fn said(&self, setup: &Setup, units: UnitSystem) -> Vec<Said> {
        let now = &*setup.requested;
        let runs = self.unsupported.map(|why| unsupported(setup, why));
        let context = self.context.as_ref().map(|one| one.said(setup));
        let users = self.users.as_ref().map(|one| one.said(setup));
        let format = self.format.as_ref().map(|one| one.said(setup, units));
        let cheapest = (!now.workload.mode.trains() || self.cheapest.is_some()).then(|| {
            self.cheapest
                .as_ref()
                .map_or_else(|| none_priced(now), |one| one.said(now))
        });
        let degree = self.degree.as_ref().map(|one| one.said(setup));
        [runs, context, users, format, cheapest, degree]
            .into_iter()
            .flatten()
            .collect()
    }
}

/// What does not run as it was asked, and the way that the engine or the cache is left to the device.
fn unsupported(setup: &Setup, why: &str) -> Said {
    let now = &*setup.requested;
    let cache = !setup.caches_as_usual() && now.serving.engine.is_none();
    let (label, scenario) = if cache {
        let own = now.clone().with(|s| {
            s.precision.kv_cache = KvFormat::Auto;
            s.precision.value_cache = KvFormat::Auto;
        });
        ("Use the engine's default KV cache", own)
    } else {
        let free = now.clone().with(|s| {
            s.serving.engine = None;
        });
        ("Use the usual engine for this device", free)
    };
    Said {
        key: "runs",
        words: format!("This setup does not run: {why}."),
        basis: "The answers below are for any engine that runs it.".to_owned(),
        deed: (scenario != *now).then(|| (label.to_owned(), scenario)),
    }
}

fn here(setup: &Setup) -> String {
    setup.devices_in_words().unwrap_or_else(|| "this device".to_owned())
}

/// The same, with what lies in RAM.
fn here_with(setup: &Setup, offload: bool) -> String {
    let here = here(setup);
    if offload {
        format!("{here} with part of the model in RAM")
    } else {
        here
    }
}

impl LongestContext {
    fn said(&self, setup: &Setup) -> Said {
        let here = here_with(setup, self.with_offload);
        let (words, basis) = match self.tokens {
            0 => (
                format!("No context is short enough for {here} in this format."),
                "Not even one token fits beside the weights.",
            ),
            most if self.limited_by_model => (
                format!(
                    "The longest context on {here} is {}, the model's own limit.",
                    counted(most, "token")
                ),
                "Memory has room for it; the model's own limit is reached first.",
            ),
            most => (
                format!("The longest context on {here} is {}.", counted(most, "token")),
                "With this format and batch; prompt and answer together.",
            ),
        };
        let deed = self.change(&setup.requested);
        let deed = deed.map(|scenario| (format!("Try {}", counted(self.tokens, "token")), scenario));
        Said {
            key: "context",
            words,
            basis: basis.to_owned(),
            deed,
        }
    }
}

impl MostUsers {
    fn said(&self, setup: &Setup) -> Said {
        let here = here_with(setup, self.with_offload);
        let what = if setup.requested.workload.mode.trains() {
            "sequence"
        } else {
            "user"
        };
        let each = grouped(self.tokens_each);
        let words = match self.count {
            0 => format!("Not even one {what} with {each} tokens fits on {here}."),
            most => format!(
                "{here} {} {} at once, each with {each} tokens.",
                if setup.layout.devices > 1 {
                    "have room for"
                } else {
                    "has room for"
                },
                counted(most, what)
            ),
        };
        let deed = self.change(&setup.requested);
        let deed = deed.map(|scenario| (format!("Try {}", counted(self.count, what)), scenario));
        Said {
            key: "users",
            words: capital(&words),
            basis: match setup.requested.workload.mode {
                Mode::Serve => {
                    "By memory alone; running sequences are at all stages of their answers, so half of each answer is counted."
                }
                _ => "By memory alone; the more there are, the slower each gets.",
            }
            .to_owned(),
            deed,
        }
    }
}

impl BestFormat {
    fn said(&self, setup: &Setup, units: UnitSystem) -> Said {
        let here = here(setup);
        if self.format.is_none() {
            return Said {
                key: "format",
                words: format!("No format is small enough for {here} at this length."),
                basis: "Tried were all formats that an engine runs there.".to_owned(),
                deed: None,
            };
        }
        let (engine, bits) = (self.engine.label(), self.bits_per_weight);
        let basis = match &self.ranked_by {
            RankedBy::Published => format!("This is the published format, so no quality is lost; with {engine}."),
            RankedBy::Measured(figure) => format!(
                "Least loss of those with a published figure: a KL divergence of {} and {:.2} % more perplexity on {} ({}). Other models lose more or less; with {engine}, {bits:.2} bits per weight.",
                figure.kl_divergence,
                100.0 * figure.perplexity_increase / (figure.perplexity - figure.perplexity_increase),
                figure.model,
                figure.source
            ),
            RankedBy::Bits => format!(
                "Best by bits per weight ({bits:.2}) among formats that {engine} or another engine runs there; no published figure of its loss went into it."
            ),
        };
        Said {
            key: "format",
            words: format!(
                "The best format that fits whole on {here} is {}, with {} of {}.",
                self.label,
                units.bytes(self.needed_bytes as f64),
                units.bytes(self.capacity_bytes as f64)
            ),
            basis,
            deed: self
                .change(&setup.requested)
                .map(|scenario| (format!("Use {}", self.label), scenario)),
        }
    }
}

/// What hardware is to carry: of a server all its requests at once.
fn load(now: &Scenario) -> String {
    match now.workload.mode {
        Mode::Serve if !now.workload.endless && now.workload.batch > 1 => {
            format!("all {} requests at once", grouped(now.workload.batch))
        }
        _ => "the whole model".to_owned(),
    }
}

fn none_priced(now: &Scenario) -> Said {
    Said {
        key: "cheapest",
        words: format!(
            "No hardware with a known price has room for {}, up to 8 devices.",
            load(now)
        ),
        basis: "Only devices and machines whose price somebody published are ranked.".to_owned(),
        deed: None,
    }
}

impl Cheapest {
    fn said(&self, now: &Scenario) -> Said {
        let what = one_or_times(self.devices, &self.name);
        Said {
            key: "cheapest",
            words: format!(
                "The cheapest hardware with room for {} is {what}, at ${:.2} an hour.",
                load(now),
                self.price.usd_per_hour
            ),
            basis: format!(
                "{}. Prices age; hardware without a published price is not ranked.",
                self.price.basis.trim_end_matches('.')
            ),
            deed: self.change(now).map(|scenario| (format!("Use {what}"), scenario)),
        }
    }
}

impl Degree {
    fn said(&self, setup: &Setup) -> Said {
        let name = setup.device().map_or("device", |device| device.short_name());
        let targets = degree::has_targets(&setup.requested);
        let by_layers = setup.engine == Engine::LlamaCpp;
        let shared = if by_layers {
            ", whole layers on each"
        } else {
            ", every layer shared among them"
        };
        let tp = |count: u64| match by_layers {
            true => String::new(),
            false => format!(" (TP {count})"),
        };
        let words = match self.devices {
            None if targets => format!(
                "Not even {} meet the targets with this load{shared}.",
                times(degree::MOST, name)
            ),
            Some(1) if targets => format!("One {name} meets the targets with this load."),
            Some(some) if targets => {
                format!(
                    "{} meet the targets with this load{shared}{tp}.",
                    times(some, name),
                    tp = tp(some)
                )
            }
            None => format!(
                "Not even {} have room for {}{shared}.",
                times(degree::MOST, name),
                load(&setup.requested)
            ),
            Some(1) => format!("One {name} is enough: nothing needs to be split."),
            Some(some) => format!(
                "{} have room for {}{shared}{tp}.",
                times(some, name),
                load(&setup.requested),
                tp = tp(some)
            ),
        };
        Said {
            key: "degree",
            words,
            basis: match setup.requested.workload.mode {
                Mode::Serve => "Only powers of two in one tensor-parallel group were tried, no replicas.",
                _ => "Powers of two were tried.",
            }
            .to_owned(),
            deed: self
                .devices
                .zip(self.change(&setup.requested))
                .map(|(devices, scenario)| (format!("Use {}", counted(devices, "device")), scenario)),
        }
    }
}
