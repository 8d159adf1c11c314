//! The card "Hardware": device, devices beside it, engine; what few people turn is folded.

use leptos::prelude::*;
use weighbridge::analysis::devices_in_words;
use weighbridge::hardware::{self, hosts_of};
use weighbridge::scenario::{Group, KNOBS, Knob, KnobId, MOST_BESIDE, Offload, Scenario};
use weighbridge::units::grouped;

use super::facts::{self, price_with_range, price_words, resolve};
use crate::app::case::Case;
use crate::app::icon::Icon;
use crate::app::knob::KnobControl;
use crate::app::page::{Choosing, Dialog, Shows};
use crate::app::panel::Sheet;
use crate::app::parts::{Later, Part, training};
use crate::app::slices::Slice;

/// Knobs that say how several devices share the model.
const SHARED: &[KnobId] = &[
    KnobId::Split,
    KnobId::TensorParallel,
    KnobId::PipelineParallel,
    KnobId::ExpertParallel,
    KnobId::AttentionParallel,
];
/// The engine, and knobs of the machine around the device.
const MACHINE: &[KnobId] = &[KnobId::Engine, KnobId::HostMemory, KnobId::Offload, KnobId::Price];

/// The card.
#[component]
pub fn HardwareCard() -> impl IntoView {
    let case = Case::here();
    let several = Memo::new(move |_| case.scenario.with(|scenario| scenario.hardware.devices > 1));
    let choose = move |what| case.page.dialog.set(Some(Dialog::Devices(what)));
    let more = Memo::new(move |_| {
        case.scenario
            .with(|scenario| scenario.hardware.device.is_some() && scenario.hardware.beside.len() < MOST_BESIDE)
    });
    let aside = view! {
        <Show when=move || more.get()>
            <button class="link" type="button" aria-haspopup="dialog" on:click=move |_| choose(Choosing::Beside)>"Compare with another"</button>
        </Show>
    }
    .into_any();
    view! {
        <Sheet id="sheet-hardware" title="Hardware" aside=aside>
            <div class="pickrow"><DeviceButton/><DeviceCount/></div>
            <Slice view=|| view! { <DeviceFacts/> }.into_any()/>
            <button class="link" id="runs-here" type="button" on:click=move |_| case.page.toggle(Shows::Models)>"What else runs here"</button>
            <Slice view=|| view! { <super::MemorySize/><BesideChips/> }.into_any()/>
            <Show when=move || several.get()>
                <Fold title="How they share it" now=Signal::derive(move || case.scenario.with(sharing)) open=true ids=SHARED/>
            </Show>
            <Fold title="Engine, machine, price" now=Signal::derive(move || engine_and_machine(case)) open=false ids=MACHINE/>
        </Sheet>
    }
}

/// The device as a button that opens the list.
#[component]
fn DeviceButton() -> impl IntoView {
    let case = Case::here();
    let name = move || {
        case.scenario.with(|scenario| match &scenario.hardware.device {
            None => "No device".to_owned(),
            Some(_) if scenario.is_mixed() => devices_in_words(scenario).unwrap_or_default(),
            Some(id) => resolve(id).map_or_else(|| id.clone(), |device| device.name.clone()),
        })
    };
    view! {
        <button class="pick" id="hardware" type="button" aria-haspopup="dialog" aria-label=move || format!("Device: {}", name())
            on:click=move |_| case.page.dialog.set(Some(Dialog::Devices(Choosing::Device)))>{name}</button>
    }
}

/// How many: one less, the number, one more.
#[component]
fn DeviceCount() -> impl IntoView {
    let case = Case::here();
    let count = Memo::new(move |_| case.scenario.with(|scenario| scenario.hardware.devices));
    let wrong = RwSignal::new(None::<(String, String)>);
    let set = move |text: String| {
        let Some(knob) = KnobId::Devices.knob() else { return };
        let mut next = case.scenario.get_untracked();
        match knob.read_field(&mut next, &text) {
            Ok(()) => {
                wrong.set(None);
                case.scenario.set(next);
            }
            Err(error) => wrong.set(Some((text, error.to_string()))),
        }
    };
    let step = move |by: i64| set(count.get_untracked().saturating_add_signed(by).max(1).to_string());
    let shown = move || wrong.get().map_or_else(|| grouped(count.get()), |(text, _)| text);
    view! {
        <div class="stepper num" role="group" aria-label="Devices" class:invalid=move || wrong.with(Option::is_some)>
            <button type="button" aria-label="One device less" disabled=move || count.get() <= 1 on:click=move |_| step(-1)>"−"</button>
            <input id="devices" inputmode="numeric" autocomplete="off" aria-label="How many devices" prop:value=shown
                aria-invalid=move || wrong.with(Option::is_some).then_some("true") on:change:target=move |event| set(event.target().value())/>
            <button type="button" aria-label="One device more" on:click=move |_| step(1)>"+"</button>
        </div>
        {move || wrong.get().map(|(_, words)| view! { <p class="error" role="alert">{words}</p> })}
    }
}

/// Memory, bandwidth, rate and price in a line.
#[component]
fn DeviceFacts() -> impl IntoView {
    let case = Case::here();
    let words = move || {
        let id = case.scenario.with(|scenario| scenario.hardware.device.clone())?;
        let device = resolve(&id)?;
        let price = price_with_range(&device).map(|price| format!(" · {price}"));
        Some(format!(
            "{}{}",
            facts::facts(&device, case.page.units.get()),
            price.unwrap_or_default()
        ))
    };
    view! { <p class="line num" data-figure="device.facts">{words}</p> }
}

/// The devices set beside it, as chips.
#[component]
fn BesideChips() -> impl IntoView {
    let case = Case::here();
    let beside = Memo::new(move |_| case.scenario.with(|scenario| scenario.hardware.beside.clone()));
    move || {
        let chips: Vec<_> = beside.get().into_iter().map(|id| {
            let name = resolve(&id).map_or_else(|| id.clone(), |device| device.short_name().to_owned());
            view! {
                <span class="tag">{name.clone()}
                    <button class="icon-button" type="button" aria-label=format!("Take {name} out of the comparison")
                        on:click=move |_| case.scenario.update(|scenario| scenario.hardware.beside.retain(|one| *one != id))><Icon name="cross"/></button>
                </span>
            }
        }).collect();
        (!chips.is_empty()).then(|| view! { <div class="also">{chips}</div> })
    }
}

/// Engine and machine in a few words.
fn engine_and_machine(case: Case) -> String {
    if case.scenario.with(|scenario| scenario.workload.mode.trains()) {
        return case.scenario.with(machine);
    }
    let automatic = case.scenario.with(|scenario| scenario.serving.engine.is_none());
    let engine = case.shown.with(|shown| {
        let engine = shown.as_ref()?.analysis.setup.engine.label();
        Some(if automatic {
            format!("{engine} (automatic)")
        } else {
            engine.to_owned()
        })
    });
    let machine = case.scenario.with(machine);
    [engine, Some(machine)]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" · ")
}

/// Some knobs, as far as the mode has them.
#[component]
fn Knobs(ids: &'static [KnobId]) -> impl IntoView {
    let case = Case::here();
    let mode = Memo::new(move |_| case.scenario.with(|scenario| scenario.workload.mode));
    let list = move || -> Vec<&'static Knob> {
        KNOBS
            .iter()
            .filter(|knob| knob.group == Group::Hardware && ids.contains(&knob.id) && knob.applies(mode.get()))
            .collect()
    };
    view! { <For each=list key=|knob| knob.key let(knob)><Slice view=move || view! { <KnobControl knob=knob/> }.into_any()/></For> }
}

/// Knobs behind a line that says how they stand.
#[component]
fn Fold(title: &'static str, now: Signal<String>, open: bool, ids: &'static [KnobId]) -> impl IntoView {
    let host = ids.contains(&KnobId::HostMemory);
    let shared = ids.contains(&KnobId::Split);
    let trains = Case::here().trains();
    view! {
        <details class="fold" open=open>
            <summary>{title}" "<span class="now num">{now}</span></summary>
            <div class="inner">
                <Knobs ids=ids/>
                {shared.then(|| view! { <Show when=move || trains.get()><Later part=Part::Training view=|| training().map(|training| training.layout)/></Show> })}
                {host.then(|| view! { <Slice view=|| view! { <HostMenu/> }.into_any()/> })}
            </div>
        </details>
    }
}

/// Machines that hold the chosen device.
#[component]
fn HostMenu() -> impl IntoView {
    let case = Case::here();
    let id = Memo::new(move |_| {
        case.scenario
            .with(|scenario| scenario.hardware.device.clone().unwrap_or_default())
    });
    let chosen = Memo::new(move |_| {
        case.scenario
            .with(|scenario| scenario.hardware.host.clone().unwrap_or_else(|| "none".to_owned()))
    });
    let several = Memo::new(move |_| case.scenario.with(|scenario| scenario.hardware.devices > 1));
    // A machine has its devices, its RAM and its links: choosing one sets what it says.
    let choose = move |key: String| {
        case.scenario.update(|scenario| match hardware::find_host(&key) {
            None => scenario.hardware.host = None,
            Some(host) => {
                scenario.hardware.host = Some(host.id.clone());
                scenario.hardware.devices = scenario.hardware.devices.min(host.device_count.max(1));
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
                    let chosen_now = chosen.get_untracked();
                    let several = several.get();
                    // Machines of one device do not hold several; one that was chosen stays.
                    let room = |host: &&hardware::Host| !several || host.device_count > 1 || host.id == chosen_now;
                    hosts_of(&id).filter(room).map(|host| {
                        let (key, name) = (host.id.as_str(), host_in_words(host));
                        view! { <option value=key selected=move || chosen.get() == key>{name}</option> }
                    }).collect_view()
                }}
            </select>
        </div>
    }
}

/// A machine with whose it is and how many devices it has: `AWS p5.48xlarge, 8 × H100 SXM5 80GB`.
fn host_in_words(host: &hardware::Host) -> String {
    format!(
        "{}, {} × {}",
        host.full_name(),
        host.device_count,
        short_of(&host.device_id)
    )
}

fn short_of(id: &str) -> String {
    hardware::find(id).map_or_else(|| id.to_owned(), |device| device.short_name().to_owned())
}

/// How several devices share the model, in a few words.
fn sharing(scenario: &Scenario) -> String {
    // A run shares no layer unless it is told to.
    let usual = match scenario.workload.mode.trains() {
        true => 1,
        false => scenario.hardware.devices / scenario.hardware.pipeline.max(1),
    };
    let tensor = scenario.hardware.tensor.unwrap_or(usual);
    let mut words = match scenario.hardware.split {
        Some(weighbridge::scenario::Split::Layer) => "whole layers each".to_owned(),
        _ if scenario.hardware.pipeline > 1 => {
            let stages = format!("PP {}", grouped(scenario.hardware.pipeline));
            match tensor {
                1 => stages,
                some => format!("TP {} × {stages}", grouped(some)),
            }
        }
        _ if scenario.workload.mode.trains() && tensor == 1 => "each its own sequences".to_owned(),
        _ => format!("TP {}", grouped(tensor)),
    };
    if scenario.hardware.expert > 1 {
        words.push_str(&format!(", EP {}", grouped(scenario.hardware.expert)));
    }
    words
}

/// Machine, RAM and offload in a few words.
fn machine(scenario: &Scenario) -> String {
    let host = scenario.hardware.host.as_deref().and_then(hardware::find_host);
    let name = host.map_or_else(|| "any".to_owned(), hardware::Host::full_name);
    let memory = match scenario.hardware.host_memory {
        None if host.is_none() && scenario.hardware.offload == Offload::Auto => return "any machine".to_owned(),
        None => "enough RAM".to_owned(),
        Some(bytes) => format!("{} GiB of RAM", grouped(bytes >> 30)),
    };
    match scenario.hardware.offload {
        Offload::Auto => format!("{name}, {memory}"),
        Offload::None => format!("{name}, {memory}, nothing in it"),
        Offload::Experts(layers) => format!("{name}, {memory}, experts of {} layers in it", grouped(layers)),
        Offload::Layers(layers) => format!("{name}, {memory}, {} layers in it", grouped(layers)),
    }
}
