//! The planner as the rest of the analysis calls it.
//!
//! It is always at hand but in the published page (`cfg(split)`), whose first load leaves it out. There a part of the
//! program hands it over ([`arrive`]); until then whatever needs it is still loading, never another answer.

use std::any::Any;

use super::launch::{self, Program};
use super::{Training, explained, memory, traced};
use crate::analysis::error::AnalysisError;
use crate::analysis::explain::Figure;
use crate::analysis::launch::Launch;
use crate::analysis::memory::Memory;
use crate::analysis::setup::Setup;
use crate::analysis::summary::Analysis;
#[cfg(split)]
use crate::model::ModelError;
use crate::units::{Exact, Number, Trace, Traced, Unit};

/// What the rest of the analysis asks of the planner.
#[derive(Debug)]
pub struct Planner {
    /// Analyses the run of a setup.
    pub training: fn(&Setup) -> Result<Training, AnalysisError>,
    /// The trace of a figure of a run.
    pub traced_figure: fn(&Setup, Figure) -> Option<(Trace, Unit)>,
    /// The expected time of a step, by its parts.
    pub step: fn(&Setup) -> Option<Traced<f64>>,
    /// Tokens of a step.
    pub tokens: fn(&Setup) -> Option<Traced<f64>>,
    /// The command that starts a run.
    pub launch: fn(&Analysis, &str, Option<Program>) -> Result<Launch, String>,
    exact: fn(&Setup) -> Memory<Exact>,
    traced: fn(&Setup) -> Memory<Traced<Exact>>,
}

static WHOLE: Planner = Planner {
    training: Training::of,
    traced_figure: traced::trace,
    step: explained::step,
    tokens: explained::tokens,
    launch: launch::launch,
    exact: memory::<Exact>,
    traced: memory::<Traced<Exact>>,
};

#[cfg(split)]
static ARRIVED: std::sync::OnceLock<&'static Planner> = std::sync::OnceLock::new();

/// Hands the planner over. Only a part of the page may call it: the planner lies where this is called.
pub fn arrive() {
    #[cfg(split)]
    let _ = ARRIVED.set(&WHOLE);
}

/// The planner.
///
/// # Errors
/// [`ModelError::StillLoading`].
pub fn planner() -> Result<&'static Planner, AnalysisError> {
    #[cfg(split)]
    return ARRIVED.get().copied().ok_or(ModelError::StillLoading.into());
    #[cfg(not(split))]
    Ok(&WHOLE)
}

impl Planner {
    /// Memory of the fullest rank, in the kind of number that is asked for.
    pub fn memory<N: Number>(&self, setup: &Setup) -> Option<Memory<N>> {
        let as_asked = |found: Box<dyn Any>| found.downcast::<Memory<N>>().ok().map(|found| *found);
        if std::any::TypeId::of::<N>() == std::any::TypeId::of::<Exact>() {
            return as_asked(Box::new((self.exact)(setup)));
        }
        as_asked(Box::new((self.traced)(setup)))
    }
}
