//! What a button changed, beside the verdict, and the way back.

use leptos::prelude::*;
use weighbridge::scenario::{KNOBS, Knob, KnobKind, Scenario};

use super::case::Case;
use super::hardware::facts::resolve;
use super::icon::Icon;
use super::knob::spoken;
use super::verdict::focus_answer;

/// Most knobs that are named.
const MOST: usize = 4;

/// A change that a button made.
#[derive(Clone, Debug, PartialEq)]
pub struct Changed {
    before: Scenario,
    after: Scenario,
}

impl Case {
    /// Takes a scenario that a button offers, and remembers the one before it.
    pub fn take(&self, after: Scenario) {
        let before = self.scenario.get_untracked();
        self.changed.set(Some(Changed {
            before,
            after: after.clone(),
        }));
        self.scenario.set(after);
        self.deeds.update(|count| *count = count.wrapping_add(1));
        // The button may be gone with what it offered.
        focus_answer();
    }
}

/// `Changed: Weights IQ2_XS, Engine llama.cpp. Undo`; gone once something else is changed.
#[component]
pub fn ChangedLine() -> impl IntoView {
    let case = Case::here();
    let stands = Memo::new(move |_| {
        let changed = case.changed.get()?;
        case.scenario.with(|now| *now == changed.after).then_some(changed)
    });
    move || {
        stands.get().map(|changed| {
            let words = format!("Changed: {}.", named(&changed.before, &changed.after));
            let before = changed.before.clone();
            view! {
                <span class="changed" role="status"><Icon name="check"/><span>{words}</span>
                    <button class="link" type="button" on:click=move |_| case.scenario.set(before.clone())>"Undo"</button></span>
            }
        })
    }
}

/// The knobs that differ, each with its new value.
pub fn named(before: &Scenario, after: &Scenario) -> String {
    let differs: Vec<&Knob> = KNOBS
        .iter()
        .filter(|knob| (knob.get)(before) != (knob.get)(after))
        .collect();
    let named = differs
        .iter()
        .take(MOST)
        .map(|knob| format!("{} {}", knob.label, value(knob, after)));
    let mut list: Vec<String> = named.collect();
    if differs.len() > MOST {
        list.push(format!("{} more", differs.len() - MOST));
    }
    list.join(", ")
}

fn value(knob: &Knob, scenario: &Scenario) -> String {
    let value = (knob.get)(scenario);
    match knob.kind {
        KnobKind::Device => resolve(&value).map_or(value, |device| device.short_name().to_owned()),
        _ => spoken(knob, &value),
    }
}
