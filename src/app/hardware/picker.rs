//! The list of devices: search, vendor, segment; the keyboard is enough.

use std::borrow::Cow;

use leptos::ev::KeyboardEvent;
use leptos::prelude::*;
use weighbridge::hardware::{self, Device, devices, devices_as_owned};
use weighbridge::naming;
use weighbridge::scenario::MOST_BESIDE;

use super::ThisComputer;
use super::custom_device::CustomDevice;
use super::facts::{facts, group_name, is_of, price, price_words, segments, vendors};
use crate::app::case::Case;
use crate::app::dialogs::Frame;
use crate::app::first_choice;
use crate::app::icon::Icon;
use crate::app::page::Choosing;

/// Choose a device, or one to set beside it.
#[component]
pub fn DevicePicker(what: Choosing) -> impl IntoView {
    let case = Case::here();
    let query = RwSignal::new(String::new());
    let vendor = RwSignal::new(String::new());
    let segment = RwSignal::new(String::new());
    let at = RwSignal::new(0_usize);
    let now = case
        .scenario
        .with_untracked(|scenario| scenario.hardware.device.clone());
    // Each machine in the memory it is owned or asked for with.
    let table = StoredValue::new(devices_as_owned(now.iter()));
    let found = Memo::new(move |_| {
        let (query, vendor, segment) = (query.get(), vendor.get(), segment.get());
        let lets = |device: &Device| is_of(device, &vendor, &segment) && hardware::answers(device, &query);
        if query.trim().is_empty() {
            return table.with_value(|all| all.iter().filter(|device| lets(device)).cloned().collect::<Vec<_>>());
        }
        // The group of the best one first, the best of each first.
        let found = hardware::found(&query).into_iter().map(|(_, device)| device);
        naming::grouped(found.filter(|device| lets(device)).collect(), |device| {
            group_name(device)
        })
    });
    Effect::new(move |before: Option<()>| {
        found.track();
        if before.is_some() {
            at.set(0);
        }
    });
    // The device in use is in sight when the list opens.
    let place = table.with_value(|all| all.iter().position(|device| Some(&device.id) == now.as_ref()));
    if let Some(row) = place {
        at.set(row);
        request_animation_frame(move || scroll_to(row));
    }
    let beside = what == Choosing::Beside;
    let take = move |id: &str| {
        let id = id.to_owned();
        case.page.dialog.set(None);
        first_choice::for_device(case, |scenario| choose(scenario, id, beside));
    };
    let enter = move || {
        let device = found.with_untracked(|rows| rows.get(at.get_untracked()).cloned());
        if let Some(device) = device {
            take(&device.id);
        }
    };
    let step = move |by: isize| {
        let count = found.with_untracked(Vec::len);
        if count > 0 {
            at.update(|at| *at = at.saturating_add_signed(by).min(count - 1));
            scroll_to(at.get_untracked());
        }
    };
    let keys = move |event: KeyboardEvent| {
        match event.key().as_str() {
            "ArrowDown" => step(1),
            "ArrowUp" => step(-1),
            "PageDown" => step(10),
            "PageUp" => step(-10),
            "Enter" => enter(),
            _ => return,
        }
        event.prevent_default();
    };
    let count = move || match found.with(Vec::len) {
        0 => "No device matches.".to_owned(),
        all if all == devices().len() => format!("{all} devices"),
        some => format!("{some} of {} devices", devices().len()),
    };
    view! {
        <Frame title=if beside { "Compare with another device" } else { "Choose a device" } class="picker">
            <div class="filter devices">
                <label class="omnibox">
                    <Icon name="search" />
                    <input id="device-filter" type="search" role="combobox" aria-expanded="true" aria-controls="device-list" aria-autocomplete="list" autofocus
                        autocomplete="off" spellcheck="false" placeholder="Name, generation or memory: 4090, m4 max 64, Hopper" aria-label="Find a device"
                        aria-activedescendant=move || found.with(|rows| (at.get() < rows.len()).then(|| format!("device-{}", at.get())))
                        on:input:target=move |event| query.set(event.target().value()) on:keydown=keys />
                </label>
                {(!beside).then(|| view! { <ThisComputer take=Callback::new(move |id: String| take(&id))/> })}
                <div class="row">
                    <Kind label="Vendor" all="Every vendor" kinds=vendors() value=vendor/>
                    <Kind label="Segment" all="Every segment" kinds=segments() value=segment/>
                    <span class="count num" aria-live="polite">{count}</span>
                </div>
            </div>
            <div id="device-list" role="listbox" aria-label="Devices">
                {move || {
                    let named: Vec<(usize, Cow<'static, Device>)> = found.get().into_iter().enumerate().collect();
                    let groups: Vec<_> = named.chunk_by(|one, next| group_name(&one.1) == group_name(&next.1)).map(|rows| {
                        let title = rows.first().map(|row| group_name(&row.1)).unwrap_or_default();
                        let label = title.clone();
                        let options: Vec<_> = rows.iter().map(|(place, device)| option(case, *place, device, at, now.as_deref(), take)).collect();
                        view! { <div class="family" role="group" aria-label=label><h3 aria-hidden="true">{title}</h3>{options}</div> }
                    }).collect();
                    groups
                }}
            </div>
            {(!beside).then(|| view! { <button class="link" type="button" on:click=move |_| { case.page.dialog.set(None); case.scenario.update(|scenario| scenario.hardware.device = None) }>"Estimate without a device"</button> })}
            <CustomDevice take=Callback::new(move |id: String| take(&id))/>
        </Frame>
    }
}

/// Sets the device, or adds one beside it.
pub fn choose(scenario: &mut weighbridge::scenario::Scenario, id: String, beside: bool) {
    if beside && scenario.hardware.device.is_some() {
        if scenario.hardware.device.as_ref() != Some(&id)
            && !scenario.hardware.beside.contains(&id)
            && scenario.hardware.beside.len() < MOST_BESIDE
        {
            scenario.hardware.beside.push(id);
        }
        return;
    }
    scenario.hardware.beside.retain(|one| *one != id);
    if scenario.hardware.device.as_ref() != Some(&id) {
        // A machine belongs to its device.
        scenario.hardware.host = None;
    }
    if scenario.is_mixed() {
        scenario.hardware.devices = 1;
    }
    scenario.hardware.mixed.clear();
    scenario.hardware.device = Some(id);
}

/// A menu of vendors or segments.
#[component]
fn Kind(
    label: &'static str,
    all: &'static str,
    kinds: Vec<(&'static str, &'static str)>,
    value: RwSignal<String>,
) -> impl IntoView {
    view! {
        <select aria-label=label on:change:target=move |event| value.set(event.target().value())>
            <option value="">{all}</option>
            {kinds.into_iter().map(|(key, name)| view! { <option value=key>{name}</option> }).collect_view()}
        </select>
    }
}

fn option(
    case: Case,
    place: usize,
    device: &Device,
    at: RwSignal<usize>,
    now: Option<&str>,
    take: impl Fn(&str) + Copy + 'static,
) -> AnyView {
    let facts = facts(device, case.page.units.get_untracked());
    let price = price(device).map(price_words).unwrap_or_default();
    let (id, name) = (device.id.clone(), device.name.clone());
    view! {
        <div class="choice" id=format!("device-{place}") role="option" aria-selected=move || (at.get() == place).to_string()
            aria-current=(now == Some(device.id.as_str())).then_some("true") on:click=move |_| take(&id)
            on:mousemove=move |_| if at.get_untracked() != place { at.set(place) }>
            <span class="name">{name}</span><span class="meta">{facts}{(!price.is_empty()).then(|| view! { <span class="optional">" · "{price}</span> })}</span>
        </div>
    }
    .into_any()
}

/// Brings a row of the list into sight.
fn scroll_to(place: usize) {
    if let Some(option) = document().get_element_by_id(&format!("device-{place}")) {
        option.scroll_into_view_with_bool(false);
    }
}
