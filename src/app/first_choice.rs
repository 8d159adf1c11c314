//! Format, engine and the length of the request when a person chooses a model or a device: the engine's rule, applied and said.

use leptos::prelude::*;
use weighbridge::analysis::{FirstChoice, first_choice, within_context};
use weighbridge::model::quantisation::WeightFileKind;
use weighbridge::scenario::{Precision, Scenario};

use super::case::Case;
use super::source::FROM_GGUF;
use super::toasts;

/// Another model is in hand: the formats and the engine that were chosen for the one before go, the usual ones come. A request
/// that nobody chose is no longer than the model was made for.
pub fn for_model(case: Case) {
    let example = request(&Scenario::example());
    case.scenario.update(|scenario| {
        scenario.precision = Precision::default();
        scenario.serving.engine = None;
        if case.shortened.get_value() == Some(request(scenario)) {
            ask(scenario, example);
        }
    });
    let shorter = case.scenario.with_untracked(|scenario| {
        let blueprint = case.blueprint.get_untracked().ok()?;
        let untouched = request(scenario) == example;
        untouched.then(|| within_context(&blueprint, scenario)).flatten()
    });
    case.shortened.set_value(shorter);
    set(case, shorter);
}

/// Tokens of the prompt, and those written.
type Request = (u64, Option<u64>);

fn request(scenario: &Scenario) -> Request {
    (scenario.workload.prompt, scenario.workload.generate)
}

fn ask(scenario: &mut Scenario, (prompt, generate): Request) {
    scenario.workload.prompt = prompt;
    scenario.workload.generate = generate;
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
        set(case, None);
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

fn set(case: Case, shorter: Option<Request>) {
    let Some(first) = case.scenario.with_untracked(|scenario| of(case, scenario)) else {
        return;
    };
    let after = case.scenario.get_untracked().with(|scenario| {
        scenario.precision.weights = first.weights;
        scenario.serving.engine = first.engine;
        if let Some(shorter) = shorter {
            ask(scenario, shorter);
        }
    });
    // Said beside the verdict, with a way back.
    if case.scenario.with_untracked(|scenario| *scenario != after) {
        case.take(after);
    }
    if !first.why.is_empty() {
        toasts::say(case.page, first.why);
    }
    if shorter.is_some() {
        toasts::say(case.page, "The request is cut to what this model was made for.");
    }
}
