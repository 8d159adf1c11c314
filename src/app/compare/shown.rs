//! What is shown: the cases that have an answer, set side by side, and those that wait for one.

use leptos::prelude::*;
use weighbridge::report::compare::{Column, SideBySide};
use weighbridge::units::UnitSystem;

use crate::app::case::{Answer, Case};
use crate::app::state::State;

/// Cases with answers, and the comparison of these.
#[derive(Clone)]
pub struct Shown {
    /// The cases, in the order of the columns.
    pub cases: Vec<Case>,
    /// Their answers.
    pub answers: Vec<Answer>,
    /// The comparison; the first is the base.
    pub beside: SideBySide,
}

impl PartialEq for Shown {
    fn eq(&self, other: &Self) -> bool {
        let ids = |shown: &Self| shown.cases.iter().map(|case| case.id).collect::<Vec<_>>();
        ids(self) == ids(other) && self.answers == other.answers && self.beside == other.beside
    }
}

/// Whether a case has no answer of its own yet: it reads another model, or something is wrong.
pub fn waits(case: Case) -> bool {
    case.loading.with(Option::is_some) || case.problem.with(Option::is_some) || case.shown.with(Option::is_none)
}

/// Sets the cases of the page side by side; tracked.
pub fn shown(state: State, units: UnitSystem) -> Shown {
    let ready = state.cases().into_iter().filter(|case| !waits(*case));
    let (cases, answers): (Vec<Case>, Vec<Answer>) = ready.filter_map(|case| Some((case, case.shown.get()?))).unzip();
    let names: Vec<String> = cases
        .iter()
        .map(|case| case.model_name().unwrap_or_else(|| "No name".to_owned()))
        .collect();
    let columns: Vec<Column<'_>> = names
        .iter()
        .zip(&answers)
        .map(|(name, answer)| Column {
            name,
            analysis: &answer.analysis,
        })
        .collect();
    let beside = SideBySide::of(&columns, 0, units);
    Shown { cases, answers, beside }
}
