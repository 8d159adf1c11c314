//! What runs here: one model on a device, in the format that is best there. Asked of every built-in model it is a list.

use std::sync::Arc;

use super::answers::formats::{RankedBy, best};
use super::error::AnalysisError;
use super::fit::Verdict;
use super::setup::Setup;
use super::summary::{Analysis, analyse_setup};
use crate::model::Blueprint;
use crate::model::quantisation::{Loss, Quality, quality};
use crate::scenario::{KvFormat, Mode, Scenario, weight_key};

/// What is tried where no format fits whole: the quantisation that most repositories offer.
const SMALLER: &str = "q4_k_m";

/// A model on the scenario's devices at its best.
#[derive(Clone, Debug)]
pub struct RunsHere {
    /// The scenario with the format; its own where none runs.
    pub scenario: Scenario,
    /// What follows from it.
    pub analysis: Analysis,
    /// What the format loses.
    pub loss: Loss,
}

impl RunsHere {
    /// A model on the scenario's devices: as published if that fits, else in the format that loses least and fits whole, else
    /// with a part in RAM in the format that most repositories offer. Format, cache and engine of the scenario do not matter.
    ///
    /// # Errors
    /// See [`AnalysisError`]; a mode that the model does not have among them.
    pub fn of(blueprint: &Arc<Blueprint>, scenario: &Scenario) -> Result<Self, AnalysisError> {
        let free = scenario.clone().with(|s| {
            s.precision.weights = None;
            s.precision.kv_cache = KvFormat::Auto;
            s.precision.value_cache = KvFormat::Auto;
            s.serving.engine = None;
        });
        let setup = Setup::new(blueprint, &free)?;
        let found = setup.device().and_then(|device| {
            let trains = free.workload.mode == Mode::Pretrain;
            (!trains).then(|| best(&setup, device, &free)).flatten()
        });
        if let Some(best) = found.filter(|best| best.format.is_some()) {
            let scenario = best.scenario.clone().with(|s| s.serving.engine = Some(best.engine));
            let analysis = analyse_setup(Setup::new(blueprint, &scenario)?)?;
            return Ok(Self {
                loss: loss(&best.ranked_by),
                analysis,
                scenario,
            });
        }
        let published = analyse_setup(setup)?;
        let smaller = free.clone().with(|s| s.precision.weights = weight_key(SMALLER));
        let other = analyse_setup(Setup::new(blueprint, &smaller)?)?;
        let verdict = |analysis: &Analysis| analysis.fit.as_ref().map_or(Verdict::Unsupported, |fit| fit.verdict);
        // Where neither runs, the smaller one says how much is missing at least.
        Ok(
            if verdict(&published) < verdict(&other) || verdict(&other) == Verdict::Unsupported {
                Self {
                    scenario: free,
                    analysis: published,
                    loss: Loss::Nothing,
                }
            } else {
                let loss = quality(SMALLER).map_or(Loss::Unknown, Quality::loss);
                Self {
                    scenario: smaller,
                    analysis: other,
                    loss,
                }
            },
        )
    }
    /// The verdict; [`Verdict::Unsupported`] without a device.
    pub fn verdict(&self) -> Verdict {
        self.analysis
            .fit
            .as_ref()
            .map_or(Verdict::Unsupported, |fit| fit.verdict)
    }
}

/// What the format loses that was chosen for that reason.
fn loss(ranked_by: &RankedBy) -> Loss {
    match ranked_by {
        RankedBy::Published => Loss::Nothing,
        RankedBy::Measured(figure) => figure.loss(),
        RankedBy::Bits => Loss::Unknown,
    }
}
