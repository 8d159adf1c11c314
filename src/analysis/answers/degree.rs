//! The fewest devices that share every layer and carry it.

use serde::Serialize;

use crate::analysis::fit::{Need, Verdict};
use crate::analysis::memory::memory;
use crate::analysis::placement::ranks;
use crate::analysis::question::Question;
use crate::hardware::Device;
use crate::scenario::{Scenario, Split};
use crate::units::Exact;

/// Most devices tried.
pub(super) const MOST: u64 = 64;

/// A tensor-parallel degree.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Degree {
    /// How many devices; `None` where even the most that were tried are too few.
    pub devices: Option<u64>,
    /// The scenario with them.
    #[serde(skip)]
    pub scenario: Scenario,
}

/// The least power of two, as engines split heads.
pub(super) fn degree(question: &Question<'_>, device: &Device) -> Degree {
    let with = |count: u64| Scenario {
        devices: count,
        split: (count > 1).then_some(Split::Tensor),
        tensor: None,
        pipeline: 1,
        expert: 1,
        engine: Some(question.engine),
        ..question.asked.clone()
    };
    let fits = |scenario: &Scenario| {
        let question = Question::new(question.blueprint, scenario).ok()?;
        let held = ranks(&question, &memory::<Exact>(&question)).ok()?;
        Some(Need::of(&question, &held).judge(device).verdict == Verdict::Fits)
    };
    let mut counts = std::iter::successors(Some(1), |count| Some(count * 2)).take_while(|count| *count <= MOST);
    let found = counts.find(|count| fits(&with(*count)).unwrap_or(false));
    let scenario = Scenario {
        engine: question.asked.engine,
        ..with(found.unwrap_or(question.layout.devices))
    };
    Degree {
        devices: found,
        scenario,
    }
}
