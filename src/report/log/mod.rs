//! A log of an engine beside the estimate: what was asked, part by part with the reason of each difference, and what of it is
//! worth keeping as assumptions of this machine.

mod asked;
mod assume;
mod reasons;
mod rows;

pub use asked::{Taken, as_logged};
pub use assume::{Assumption, assume, assumptions};
pub use rows::{Measure, Row};

use crate::analysis::Analysis;
use crate::logs::{Log, Source};
use crate::units::{counted, shown};

/// A log beside an estimate.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// Part by part.
    pub rows: Vec<Row>,
    /// What to know of the log.
    pub notes: Vec<String>,
    /// What of it holds for this machine.
    pub assumptions: Vec<Assumption>,
}

/// Holds a log beside the analysis of the question it answers ([`as_logged`]). `model` is the id of the model in hand.
pub fn check(log: &Log, analysis: &Analysis, model: &str) -> Check {
    Check {
        rows: rows::rows(log, analysis),
        notes: notes(log, analysis, model),
        assumptions: assumptions(log, analysis),
    }
}

fn notes(log: &Log, analysis: &Analysis, model: &str) -> Vec<String> {
    let mut all = Vec::new();
    let name = log.source.label();
    if let Some(why) = log.failed {
        all.push(format!("{name} did not start. {why}"));
    }
    if let Some(other) = log.options.model.as_deref().filter(|other| !same_model(other, model)) {
        all.push(format!(
            "The log is of {}, the estimate of {}.",
            shown(other),
            shown(model)
        ));
    }
    if log.starts > 1 {
        let which = if matches!(log.source, Source::LlamaCpp | Source::Ollama) {
            "the largest is compared"
        } else {
            "the last is compared"
        };
        all.push(format!("The log holds {}; {which}.", counted(log.starts, "start")));
    }
    let ranks = u64::try_from(log.devices()).unwrap_or(0);
    if ranks > 1 {
        let which = match log.source {
            Source::LlamaCpp | Source::Ollama => "all of them together are compared",
            _ => "the fullest is compared",
        };
        all.push(format!("It tells of {}; {which}.", counted(ranks, "device")));
    }
    if let Some((on, layers)) = log.layers {
        all.push(format!(
            "{on} of {layers} layers lie on the devices; the output counts as one."
        ));
    }
    if log.options.speculative {
        all.push(
            "A second model writes drafts; its weights and cache are in the log's figures, not in the estimate."
                .to_owned(),
        );
    }
    if analysis.setup.device().is_none() {
        all.push("No device is chosen, so nothing is said of its room and speed.".to_owned());
    }
    if log.source == Source::NvidiaSmi {
        all.push("nvidia-smi tells what is taken of a card, not by what: the log of the engine says more.".to_owned());
    }
    all
}

/// Whether two names are of one model: paths, owners, letters and signs aside.
fn same_model(one: &str, other: &str) -> bool {
    let plain = |text: &str| -> String {
        let tail = text.trim_end_matches('/').rsplit('/').next().unwrap_or(text);
        let signs = tail.chars().filter(char::is_ascii_alphanumeric);
        signs.map(|sign| sign.to_ascii_lowercase()).collect()
    };
    let (one, other) = (plain(one), plain(other));
    one == other || one.contains(&other) || other.contains(&one)
}
