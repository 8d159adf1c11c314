//! The card "Hardware": device, devices beside it, engine; what few people turn is folded.

use leptos::prelude::*;
use weighbridge::hardware::{self, hosts_of};
use weighbridge::scenario::{Group, KNOBS, Knob, KnobId, MOST_BESIDE, Offload, Scenario};
use weighbridge::units::grouped;

use super::facts::{self, price_words, resolve};
use crate::app::icon::Icon;
use crate::app::knob::KnobControl;
use crate::app::panel::Sheet;
use crate::app::state::{Choosing, Dialog, State};

/// Knobs that say how several devices share the model.
const SHARED: &[KnobId] = &[
    KnobId::Split,
    KnobId::TensorParallel,
    KnobId::PipelineParallel,
    KnobId::ExpertParallel,
    KnobId::AttentionParallel,
];
/// Knobs of the machine around the device.
const MACHINE: &[KnobId] = &[KnobId::HostMemory, KnobId::Offload];

/// The card.
#[component]
pub fn HardwareCard() -> impl IntoView {
    let state = State::here();
    let several = Memo::new(move |_| state.scenario.with(|scenario| scenario.devices > 1));
    view! {
        <Sheet id="sheet-hardware" title="Hardware" open=true>
            <DeviceButton/>
            <Knobs ids=&[KnobId::Devices]/>
            <Show when=move || several.get()>
                <Fold title="Several devices" now=Signal::derive(move || state.scenario.with(sharing)) open=true ids=SHARED/>
            </Show>
            <Knobs ids=&[KnobId::Engine]/>
            <Fold title="Machine" now=Signal::derive(move || state.scenario.with(machine)) open=false ids=MACHINE/>
        </Sheet>
    }
}

/// The device as a button that opens the list, and the ones beside it as chips.
#[component]
fn DeviceButton() -> impl IntoView {
    let state = State::here();
    let id = Memo::new(move |_| state.scenario.with(|scenario| scenario.hardware.clone()));
    let also = Memo::new(move |_| state.scenario.with(|scenario| scenario.also.clone()));
    let words = move || {
        let found = id.get().as_deref().and_then(resolve);
        found
            .map(|device| facts::facts(&device, state.units.get()))
            .unwrap_or_default()
    };
    let mixed = Memo::new(move |_| state.scenario.with(weighbridge::analysis::devices_in_words));
    let name = move || match id.get() {
        None => "No device".to_owned(),
        Some(_) if mixed.get().is_some() => mixed.get().unwrap_or_default(),
        Some(id) => resolve(&id).map_or(id, |device| device.name.clone()),
    };
    let choose = move |what| state.dialog.set(Some(Dialog::Devices(what)));
    view! {
        <div class="choose">
            <span class="label" id="hardware-label"><span>"Device"</span>" "<i class="num">{words}</i></span>
            <button class="pick" id="hardware" type="button" aria-haspopup="dialog" aria-labelledby="hardware-label hardware"
                on:click=move |_| choose(Choosing::Device)>{name}</button>
            <div class="also">
                {move || also.get().into_iter().map(|id| {
                    let name = resolve(&id).map_or_else(|| id.clone(), |device| device.short_name().to_owned());
                    view! {
                        <span class="tag">{name.clone()}
                            <button class="icon-button" type="button" aria-label=format!("Take {name} out of the comparison")
                                on:click=move |_| state.scenario.update(|scenario| scenario.also.retain(|one| *one != id))><Icon name="cross"/></button>
                        </span>
                    }
                }).collect_view()}
                {move || (also.with(Vec::len) < MOST_BESIDE && id.with(Option::is_some)).then(|| view! {
                    <button class="link" type="button" aria-haspopup="dialog" on:click=move |_| choose(Choosing::Beside)>"Compare with another"</button>
                })}
            </div>
        </div>
    }
}

/// Some knobs, as far as the mode has them.
#[component]
fn Knobs(ids: &'static [KnobId]) -> impl IntoView {
    let state = State::here();
    let mode = Memo::new(move |_| state.scenario.with(|scenario| scenario.mode));
    let list = move || -> Vec<&'static Knob> {
        KNOBS
            .iter()
            .filter(|knob| knob.group == Group::Hardware && ids.contains(&knob.id) && knob.applies(mode.get()))
            .collect()
    };
    view! { <For each=list key=|knob| knob.key let(knob)><KnobControl knob=knob/></For> }
}

/// Knobs behind a line that says how they stand.
#[component]
fn Fold(title: &'static str, now: Signal<String>, open: bool, ids: &'static [KnobId]) -> impl IntoView {
    let node = ids.contains(&KnobId::HostMemory);
    view! {
        <details class="fold" open=open>
            <summary>{title}" "<span class="now num">{now}</span></summary>
            <div class="inner">
                {node.then(|| view! { <NodeMenu/> })}
                <Knobs ids=ids/>
            </div>
        </details>
    }
}

/// Machines that hold the chosen device.
#[component]
fn NodeMenu() -> impl IntoView {
    let state = State::here();
    let id = Memo::new(move |_| {
        state
            .scenario
            .with(|scenario| scenario.hardware.clone().unwrap_or_default())
    });
    let chosen = Memo::new(move |_| {
        state
            .scenario
            .with(|scenario| scenario.node.clone().unwrap_or_else(|| "none".to_owned()))
    });
    // A machine has its devices, its RAM and its links: choosing one sets what it says.
    let choose = move |key: String| {
        state.scenario.update(|scenario| match hardware::find_host(&key) {
            None => scenario.node = None,
            Some(host) => {
                scenario.node = Some(host.id.clone());
                scenario.devices = scenario.devices.min(host.device_count.max(1));
            }
        });
    };
    let note = move || {
        let host = hardware::find_host(&chosen.get());
        host.and_then(|host| {
            host.price_usd_h
                .map(|price| format!("{}, {}", price_words(price), host.price_basis()))
        })
        .unwrap_or_default()
    };
    view! {
        <div class="choose">
            <label for="node">"Machine "<i>{note}</i></label>
            <select id="node" prop:value=move || chosen.get() on:change:target=move |event| choose(event.target().value())>
                <option value="none" selected=move || chosen.get() == "none">"Any machine"</option>
                {move || {
                    let id = id.get();
                    hosts_of(&id).map(|host| {
                        let (key, name) = (host.id.as_str(), format!("{}: {} × {}", host.name, host.device_count, short_of(&host.device_id)));
                        view! { <option value=key selected=move || chosen.get() == key>{name}</option> }
                    }).collect_view()
                }}
            </select>
        </div>
    }
}

fn short_of(id: &str) -> String {
    hardware::find(id).map_or_else(|| id.to_owned(), |device| device.short_name().to_owned())
}

/// How several devices share the model, in a few words.
fn sharing(scenario: &Scenario) -> String {
    let tensor = scenario.tensor.unwrap_or(scenario.devices / scenario.pipeline.max(1));
    let mut words = match scenario.split {
        Some(weighbridge::scenario::Split::Layer) => "whole layers each".to_owned(),
        _ if scenario.pipeline > 1 => format!("TP {} × PP {}", grouped(tensor), grouped(scenario.pipeline)),
        _ => format!("TP {}", grouped(tensor)),
    };
    if scenario.expert > 1 {
        words.push_str(&format!(", EP {}", grouped(scenario.expert)));
    }
    words
}

/// Machine, RAM and offload in a few words.
fn machine(scenario: &Scenario) -> String {
    let host = scenario.node.as_deref().and_then(hardware::find_host);
    let name = host.map_or_else(|| "any".to_owned(), |host| host.name.clone());
    let memory = match scenario.host_memory {
        None => "enough RAM".to_owned(),
        Some(bytes) => format!("{} GiB of RAM", grouped(bytes >> 30)),
    };
    match scenario.offload {
        Offload::Auto => format!("{name}, {memory}"),
        Offload::None => format!("{name}, {memory}, nothing in it"),
        Offload::Experts(layers) => format!("{name}, {memory}, experts of {} layers in it", grouped(layers)),
        Offload::Layers(layers) => format!("{name}, {memory}, {} layers in it", grouped(layers)),
    }
}
