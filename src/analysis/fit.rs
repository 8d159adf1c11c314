//! Does it fit, and how far could it go.

use serde::Serialize;

use super::memory::memory;
use super::question::Question;
use crate::hardware::Device;
use crate::scenario::Scenario;
use crate::units::Exact;

/// The answer in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Verdict {
    /// It fits.
    Fits,
    /// It does not.
    DoesNotFit,
}

/// Fit on a device.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Fit {
    /// The answer.
    pub verdict: Verdict,
    /// Memory of the device in bytes.
    pub capacity_bytes: u64,
    /// What stays free; negative is what is missing.
    pub headroom_bytes: i64,
    /// Longest sequence that fits with this batch, in tokens, prompt and generated; zero if not even one does.
    pub max_context: u64,
    /// Largest batch that fits with these tokens; zero if not even one does.
    pub max_batch: u64,
}

/// Fit of a question on a device.
pub fn fit(question: &Question<'_>, total: u64, device: &Device) -> Fit {
    let capacity = device.memory_bytes;
    let headroom = i128::from(capacity) - i128::from(total);
    Fit {
        verdict: if total <= capacity {
            Verdict::Fits
        } else {
            Verdict::DoesNotFit
        },
        capacity_bytes: capacity,
        headroom_bytes: i64::try_from(headroom).unwrap_or(i64::MIN),
        max_context: longest(question, capacity),
        max_batch: widest(question, capacity),
    }
}

fn total(question: &Question<'_>, change: impl FnOnce(&mut Scenario)) -> u64 {
    let mut scenario = question.scenario.clone();
    change(&mut scenario);
    memory::<Exact>(&Question {
        scenario: &scenario,
        ..question.clone()
    })
    .total
    .0
}

/// Longest context that fits: the model's own limit, or what memory allows.
fn longest(question: &Question<'_>, capacity: u64) -> u64 {
    let most = question
        .blueprint
        .max_context
        .as_ref()
        .map_or(10_000_000, |found| found.value.max(1));
    // Generated tokens are part of the context; the shortest prompt is one token.
    let generated = question.scenario.generated();
    let fits = |context: u64| {
        let all = |scenario: &mut Scenario| {
            scenario.prompt = context.saturating_sub(generated).max(1);
            scenario.generate = Some(context.saturating_sub(scenario.prompt));
        };
        total(question, all) <= capacity
    };
    largest(most, fits)
}

/// Largest batch that fits.
fn widest(question: &Question<'_>, capacity: u64) -> u64 {
    largest(1_000_000, |batch| {
        total(question, |scenario| scenario.batch = batch) <= capacity
    })
}

/// The largest number up to `most` for which `fits` holds; memory never falls when the number rises.
fn largest(most: u64, fits: impl Fn(u64) -> bool) -> u64 {
    if !fits(1) {
        return 0;
    }
    // Doubling first: most answers are far below the limit.
    let (mut low, mut high) = (1, 2);
    while high <= most && fits(high) {
        low = high;
        high *= 2;
    }
    high = high.min(most.saturating_add(1));
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if fits(middle) { low = middle } else { high = middle }
    }
    low
}
