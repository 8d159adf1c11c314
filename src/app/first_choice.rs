//! Format and engine when a person chooses a model or a device: the engine's rule, applied and said.

use leptos::prelude::*;
use weighbridge::analysis::{FirstChoice, first_choice};
use weighbridge::model::quantisation::WeightFileKind;
use weighbridge::scenario::{Precision, Scenario};

use super::case::Case;
use super::source::FROM_GGUF;
use super::toasts;

/// Another model is in hand: the formats and the engine that were chosen for the one before go, the usual ones come.
pub fn for_model(case: Case) {
    case.scenario.update(|scenario| {
        scenario.precision = Precision::default();
        scenario.serving.engine = None;
    });
    set(case);
}

/// Another device is chosen by `change`: format and engine follow it, unless they were chosen by hand.
pub fn for_device(case: Case, change: impl FnOnce(&mut Scenario)) {
    let by_hand = case.scenario.with_untracked(|scenario| {
        let chosen = (scenario.precision.weights, scenario.serving.engine);
        let first = of(case, scenario);
        chosen != (None, None) && first.is_none_or(|first| chosen != (first.weights, first.engine))
    });
    let before = case
        .scenario
        .with_untracked(|scenario| scenario.hardware.device.clone());
    case.scenario.update(change);
    let same = case
        .scenario
        .with_untracked(|scenario| scenario.hardware.device == before);
    if !by_hand && !same {
        set(case);
    }
}

/// What is chosen first; none without a model that is understood.
fn of(case: Case, scenario: &Scenario) -> Option<FirstChoice> {
    let gguf = case
        .model
        .with_untracked(|model| model.as_ref().is_some_and(|model| model.facts.source == FROM_GGUF));
    let blueprint = case.blueprint.get_untracked().ok()?;
    Some(first_choice(&blueprint, scenario, gguf.then_some(WeightFileKind::Gguf)))
}

fn set(case: Case) {
    let Some(first) = case.scenario.with_untracked(|scenario| of(case, scenario)) else {
        return;
    };
    let after = case.scenario.get_untracked().with(|scenario| {
        scenario.precision.weights = first.weights;
        scenario.serving.engine = first.engine;
    });
    // Said beside the verdict, with a way back.
    if case.scenario.with_untracked(|scenario| *scenario != after) {
        case.take(after);
    }
    if !first.why.is_empty() {
        toasts::say(case.page, first.why);
    }
}
