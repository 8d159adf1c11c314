//! The first visit: well-known models and devices, each one press, with what comes of it. Gone after the first choice.

use std::sync::Arc;

use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::Value;
use weighbridge::analysis::at_best;
use weighbridge::model::Blueprint;
use weighbridge::scenario::{ModelSource, Scenario};

use super::case::Case;
use super::first_choice;
use super::hardware::icon;
use super::icon::Icon;
use super::loaded::at_hand;
use super::page::{Choosing, Dialog};
use super::parts::{self, Part};
use super::settings;
use super::slices::breath;

/// Set in the browser's store once a choice was made; `public/theme.js` reads it before the first paint.
const MET: &str = "met";
/// Built-in models that many ask for, with names that fit on a chip.
const MODELS: [(&str, &str); 6] = [
    ("meta-llama/Llama-3.1-8B-Instruct", "Llama 3.1 8B"),
    ("Qwen/Qwen3-8B", "Qwen3 8B"),
    ("openai/gpt-oss-20b", "gpt-oss 20B"),
    ("google/gemma-3-27b-it", "Gemma 3 27B"),
    ("Qwen/Qwen3-30B-A3B", "Qwen3 30B-A3B"),
    ("openai/gpt-oss-120b", "gpt-oss 120B"),
];
/// Devices that many own or rent.
const DEVICES: [(&str, &str); 6] = [
    ("rtx-3060-12gb", "RTX 3060"),
    ("rtx-4090", "RTX 4090"),
    ("rtx-5090", "RTX 5090"),
    ("apple-m4-pro", "M4 Pro"),
    ("apple-m4-max-40c", "M4 Max"),
    ("h100-sxm", "H100"),
];

/// The card; nothing once somebody has chosen.
#[component]
pub fn FirstVisit() -> impl IntoView {
    let case = Case::here();
    let root = document().document_element();
    let first = RwSignal::new(root.as_ref().is_some_and(|root| root.has_attribute("data-first")));
    let dismiss = move || {
        settings::keep(settings::local(), MET, Some("yes"));
        if let Some(root) = document().document_element() {
            let _ = root.remove_attribute("data-first");
        }
        first.set(false);
    };
    // A model and a device chosen, or anything else changed: the example has served. One of the two alone leaves the other row.
    Effect::new(move |_| {
        let served = case.scenario.with(|now| {
            let example = Scenario::example();
            let (model, device) = (
                now.model != example.model,
                now.hardware.device != example.hardware.device,
            );
            (model && device) || (!model && !device && *now != example) || now.workload != example.workload
        });
        if served && first.get_untracked() {
            dismiss();
        }
    });
    // After the first paint: the answer to the example comes first.
    let verdicts = RwSignal::new(None::<(Vec<&'static str>, Vec<&'static str>)>);
    if first.get_untracked() {
        // Other models are known to the library, which comes when the browser is idle.
        parts::put_off(Part::Library, move || {
            spawn_local(async move {
                let mut found = (Vec::new(), Vec::new());
                for (id, _) in MODELS {
                    let asked = Scenario::example().with(|s| s.model.source = ModelSource::Id(id.to_owned()));
                    found.0.push(verdict(&asked).await);
                }
                for (id, _) in DEVICES {
                    let asked = Scenario::example().with(|s| s.hardware.device = Some(id.to_owned()));
                    found.1.push(verdict(&asked).await);
                }
                verdicts.try_set(Some(found));
            });
        });
    }
    let model_sign =
        move |at: usize| verdicts.with(|found| found.as_ref().and_then(|(models, _)| models.get(at).copied()));
    let device_sign =
        move |at: usize| verdicts.with(|found| found.as_ref().and_then(|(_, devices)| devices.get(at).copied()));
    view! {
        <Show when=move || first.get()>
            <section class="card first" aria-label="Start">
                <div class="head">
                    <h2>{move || heading(case)}</h2>
                    <span class="side">"✓ fits, if need be in 4 bits · ◐ with part of it in RAM"</span>
                    <button class="icon-button" type="button" aria-label="Keep the example" on:click=move |_| dismiss()><Icon name="cross"/></button>
                </div>
                <div class="chiprow" role="group" aria-label="Model"><span>"Model"</span>
                    {MODELS.iter().enumerate().map(|(at, (id, name))| {
                        let now = move || case.scenario.with(|now| matches!(&now.model.source, ModelSource::Id(one) if one == id));
                        view! {
                            <button class="startchip" type="button" data-verdict=move || model_sign(at) aria-pressed=move || now().to_string()
                                on:click=move |_| parts::reader::load(case, id)>{*name}<span class="sign">{move || model_sign(at).map(sign)}</span></button>
                        }
                    }).collect_view()}
                    <button class="startchip" type="button" aria-haspopup="dialog" on:click=move |_| case.page.dialog.set(Some(Dialog::Picker))>"More…"</button>
                </div>
                <div class="chiprow" role="group" aria-label="Hardware"><span>"Hardware"</span>
                    // The list of devices asks the browser, once it is told to.
                    <button class="startchip" type="button" aria-haspopup="dialog" on:click=move |_| case.page.dialog.set(Some(Dialog::Devices(Choosing::Device)))>"This computer?"</button>
                    {DEVICES.iter().enumerate().map(|(at, (id, name))| {
                        let now = move || case.scenario.with(|now| now.hardware.device.as_deref() == Some(*id));
                        view! {
                            <button class="startchip" type="button" data-verdict=move || device_sign(at) aria-pressed=move || now().to_string()
                                on:click=move |_| first_choice::for_device(case, |scenario| scenario.hardware.device = Some((*id).to_owned()))>{*name}<span class="sign">{move || device_sign(at).map(sign)}</span></button>
                        }
                    }).collect_view()}
                    <button class="startchip" type="button" aria-haspopup="dialog" on:click=move |_| case.page.dialog.set(Some(Dialog::Devices(Choosing::Device)))>"More…"</button>
                </div>
            </section>
        </Show>
    }
}

fn sign(verdict: &'static str) -> impl IntoView {
    view! { <Icon name=icon(verdict)/> }
}

/// What a question comes to at best, worked out in small tasks.
async fn verdict(scenario: &Scenario) -> &'static str {
    breath().await;
    let loaded = at_hand(&scenario.model.source);
    breath().await;
    let blueprint = loaded.and_then(|loaded| Blueprint::from_value(Value::clone(&loaded.config)).ok());
    breath().await;
    let verdict = blueprint.and_then(|blueprint| at_best(&Arc::new(blueprint), scenario));
    verdict.map_or("unknown", <&str>::from)
}

/// What is left to choose.
fn heading(case: Case) -> &'static str {
    let example = Scenario::example();
    case.scenario.with(|now| {
        let model = now.model.source != example.model.source;
        match (model, now.hardware.device != example.hardware.device) {
            (true, false) => "Your model is on the scale. On which device?",
            (false, true) => "Your device holds an example. Which model?",
            _ => "An example is on the scale. Put yours on it.",
        }
    })
}
