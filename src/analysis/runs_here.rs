//! What runs here: one model on a device, in the format that is best there. Asked of every built-in model it is a list.

use std::sync::Arc;

use super::at_best::SMALLER;
use super::defaults::{first_choice, is_bearable};
use super::error::AnalysisError;
use super::fit::Verdict;
use super::matrix::{FORMATS, Matrix};
use super::setup::Setup;
use super::summary::{Analysis, analyse_setup};
use crate::hardware::{Engine, Support};
use crate::model::Blueprint;
use crate::model::quantisation::{Loss, WeightFileKind, choice, loss_of};
use crate::scenario::{Scenario, weight_key};

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
    /// A model on the scenario's devices in the format to begin with there ([`first_choice`]); if that does not fit, in the
    /// usual one of most bits that a server loads; else with a part in RAM, in the format that most
    /// repositories offer. Format, cache and engine of the scenario do not matter.
    ///
    /// # Errors
    /// See [`AnalysisError`]; a mode that the model does not have among them.
    pub fn of(blueprint: &Arc<Blueprint>, scenario: &Scenario) -> Result<Self, AnalysisError> {
        let free = scenario.clone().on_any_engine().with(|s| s.precision.weights = None);
        let analysed = |scenario: Scenario| {
            let analysis = analyse_setup(Setup::new(blueprint, &scenario)?)?;
            let loss = scenario.precision.weights.map_or(Loss::Nothing, loss_of);
            Ok(Self {
                scenario,
                analysis,
                loss,
            })
        };
        let first = first_choice(blueprint, &free, None);
        let first = analysed(free.clone().with(|s| {
            s.precision.weights = first.weights;
            s.serving.engine = first.engine;
        }))?;
        if first.verdict() == Verdict::Fits || free.workload.mode.trains() {
            return Ok(first);
        }
        if let Some(converted) = for_a_server(&first.analysis.setup, &free) {
            return analysed(converted);
        }
        // What is published in as few bits is smaller as it is.
        let bits = |key: &str| choice(key).map_or(0.0, |choice| choice.format.bits_per_weight());
        let converts = blueprint.published.format.bits_per_weight() > bits(SMALLER);
        let smaller = analysed(free.with(|s| {
            s.precision.weights = converts.then(|| weight_key(SMALLER)).flatten();
            s.serving.engine = Some(Engine::LlamaCpp);
        }))?;
        // Where neither runs, the smaller one says how much is missing at least.
        Ok(
            if first.verdict() < smaller.verdict() || smaller.verdict() == Verdict::Unsupported {
                first
            } else {
                smaller
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

/// The scenario in the usual format of most bits that servers load as it is and that fits whole; none where none does.
fn for_a_server(published: &Setup, free: &Scenario) -> Option<Scenario> {
    let (blueprint, device) = (&published.blueprint, published.device()?);
    let most = blueprint.published.format.bits_per_weight();
    let mut matrix = Matrix::new(blueprint, free, &FORMATS);
    FORMATS.into_iter().find_map(|key| {
        let choice = choice(key)?;
        let usual = choice.container == WeightFileKind::Safetensors && is_bearable(&choice);
        if !usual || choice.format.bits_per_weight() > most {
            return None;
        }
        let cell = matrix.cell(device, key)?;
        let slower = matches!(cell.judgement.support.support, Support::Emulated | Support::Unpacked);
        (cell.judgement.verdict == Verdict::Fits && !slower).then(|| {
            free.clone().with(|s| {
                s.precision.weights = weight_key(key);
                s.serving.engine = Some(cell.engine);
            })
        })
    })
}
