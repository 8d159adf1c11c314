//! One knob as a control: number with slider, segments, menu, or menu of devices.

use leptos::prelude::*;
use weighbridge::analysis::Question;
use weighbridge::hardware::{Device, devices};
use weighbridge::scenario::{Group, Knob, KnobKind, Mode, Scenario};
use weighbridge::units::{count, grouped, rate};

use super::state::State;

/// The control of a knob. A refused value shows why and leaves the scenario as it was.
#[component]
pub fn KnobControl(knob: &'static Knob) -> impl IntoView {
    let state = State::here();
    let refused = RwSignal::new(None::<(String, String)>);
    let set = Callback::new(move |text: String| {
        let mut next = state.scenario.get_untracked();
        match (knob.set)(&mut next, &text) {
            Ok(()) => {
                refused.set(None);
                state.scenario.set(next);
            }
            Err(error) => refused.set(Some((text, error.to_string()))),
        }
    });
    // A value that comes from elsewhere (a link, a way out) clears the refusal.
    let value = Memo::new(move |_| state.scenario.with(knob.get));
    Effect::new(move |_| {
        value.track();
        refused.set(None);
    });
    let control = match knob.kind {
        KnobKind::Whole {
            slider, least, unit, ..
        } => view! { <Number knob=knob value=value set=set refused=refused least=least slider=slider unit=unit/> }
            .into_any(),
        KnobKind::Bytes { .. } => view! { <Size knob=knob value=value set=set refused=refused/> }.into_any(),
        KnobKind::Choice(_) if knob.flag == "mode" => view! { <Modes knob=knob set=set/> }.into_any(),
        KnobKind::Choice(rows) => view! { <Menu knob=knob value=value set=set rows=rows/> }.into_any(),
        KnobKind::Device => view! { <DeviceMenu knob=knob value=value set=set/> }.into_any(),
    };
    if knob.group != Group::Assumptions {
        return control;
    }
    let default = move || knob.is_default(&state.scenario.get());
    let reset = move |_| set.run((knob.get)(&Scenario::default()));
    view! {
        <div class="assumption">
            {control}
            <p class="from" class:yours=move || !default()>
                {move || if default() {
                    view! { <span>{knob.help}</span> }.into_any()
                } else {
                    view! { <span>"Your choice. "</span><button class="link" type="button" on:click=reset>"Back to the default"</button> }.into_any()
                }}
            </p>
        </div>
    }
    .into_any()
}

type Refused = RwSignal<Option<(String, String)>>;

/// Position of a slider (0 to 100) for a value on a logarithmic scale, and back. Small ranges are linear.
fn position(value: u64, least: u64, most: u64) -> f64 {
    let (low, high) = ((least.max(1) as f64).ln(), (most.max(2) as f64).ln());
    (((value.max(1) as f64).ln() - low) / (high - low) * 100.0).clamp(0.0, 100.0)
}

fn at_position(position: f64, least: u64, most: u64) -> u64 {
    if position <= 0.0 {
        return least;
    }
    let (low, high) = ((least.max(1) as f64).ln(), (most.max(2) as f64).ln());
    let value = (low + (high - low) * position / 100.0).exp();
    // Round figures: powers of two and their halves up to a thousand, then steps of an eighth of the power below.
    let power = 2f64.powf(value.log2().floor());
    let step = (power / 8.0).max(1.0);
    ((value / step).round() * step).max(least as f64) as u64
}

/// A whole number: typed, or slid on a logarithmic scale.
#[component]
fn Number(
    knob: &'static Knob,
    value: Memo<String>,
    set: Callback<String>,
    refused: Refused,
    least: u64,
    slider: u64,
    unit: &'static str,
) -> impl IntoView {
    let state = State::here();
    let _ = unit;
    // "auto" shows the number it stands for.
    let number = Memo::new(move |_| {
        value
            .get()
            .parse::<u64>()
            .unwrap_or_else(|_| state.scenario.with(Scenario::generated))
    });
    let shown = move || refused.get().map_or_else(|| grouped(number.get()), |(text, _)| text);
    let message = move || {
        refused
            .get()
            .map(|(_, message)| view! { <p class="error" role="alert">{message}</p> })
    };
    let at = move || position(number.get(), least, slider);
    let slide = move |event: leptos::ev::Targeted<leptos::ev::Event, web_sys::HtmlInputElement>| {
        if let Ok(position) = event.target().value().parse::<f64>() {
            set.run(at_position(position, least, slider).to_string());
        }
    };
    let id = knob.flag;
    view! {
        <div class="knob" class:invalid=move || refused.with(Option::is_some)>
            <label for=id title=knob.help>{knob.label}</label>
            <div class="field num">
                <input id=id inputmode="numeric" autocomplete="off" prop:value=shown aria-invalid=move || refused.with(Option::is_some).then_some("true")
                    on:change:target=move |event| set.run(event.target().value())/>
            </div>
            <input id=format!("{id}-range") type="range" min="0" max="100" step="0.5" aria-label=format!("{}, quick", knob.label)
                aria-valuetext=move || grouped(number.get()) prop:value=move || at().to_string() style:--fill=move || format!("{:.1}", at()) on:input:target=slide/>
            {message}
        </div>
    }
}

/// A size in bytes, written with a unit.
#[component]
fn Size(knob: &'static Knob, value: Memo<String>, set: Callback<String>, refused: Refused) -> impl IntoView {
    let shown = move || {
        refused.get().map_or_else(
            || {
                let bytes: u64 = value.get().parse().unwrap_or(0);
                if bytes.is_multiple_of(1 << 20) {
                    format!("{} MiB", grouped(bytes >> 20))
                } else {
                    format!("{} B", grouped(bytes))
                }
            },
            |(text, _)| text,
        )
    };
    let message = move || {
        refused
            .get()
            .map(|(_, message)| view! { <p class="error" role="alert">{message}</p> })
    };
    view! {
        <div class="knob" class:invalid=move || refused.with(Option::is_some)>
            <label for=knob.flag>{knob.label}</label>
            <div class="field num">
                <input id=knob.flag autocomplete="off" prop:value=shown aria-invalid=move || refused.with(Option::is_some).then_some("true")
                    on:change:target=move |event| set.run(event.target().value())/>
            </div>
            {message}
        </div>
    }
}

/// The modes as segments.
#[component]
fn Modes(knob: &'static Knob, set: Callback<String>) -> impl IntoView {
    use strum::IntoEnumIterator;
    let state = State::here();
    view! {
        <div class="segments" role="group" aria-label=knob.label>
            {Mode::iter().map(|mode| view! {
                <button type="button" title=mode.help() aria-pressed=move || state.scenario.with(|scenario| scenario.mode == mode).to_string()
                    on:click=move |_| set.run(mode.key().to_owned())>{mode.label()}</button>
            }).collect_view()}
        </div>
    }
}

/// One of a list.
#[component]
fn Menu(
    knob: &'static Knob,
    value: Memo<String>,
    set: Callback<String>,
    rows: fn() -> Vec<weighbridge::scenario::OptionRow>,
) -> impl IntoView {
    let state = State::here();
    let note = move || note(knob.flag, state);
    let label = move |key: &'static str, label: String| {
        move || {
            if key == "auto" {
                automatic(knob.flag, state, &label)
            } else {
                label.clone()
            }
        }
    };
    view! {
        <div class="choose">
            <label for=knob.flag>{knob.label}" "<i>{note}</i></label>
            <select id=knob.flag title=knob.help prop:value=move || value.get() on:change:target=move |event| set.run(event.target().value())>
                {rows().into_iter().map(|row| {
                    let key = row.key;
                    view! { <option value=key title=row.help.clone() selected=move || value.get() == key>{label(key, row.label)}</option> }
                }).collect_view()}
            </select>
        </div>
    }
}

/// What stands beside the label of a menu.
fn note(flag: &str, state: State) -> String {
    state.shown.with(|shown| {
        let Some(answer) = shown else { return String::new() };
        let Ok(question) = Question::new(&answer.blueprint, &answer.scenario) else {
            return String::new();
        };
        match flag {
            "weights" => {
                let bits = question.weights.format.bits_per_weight();
                if bits.fract() == 0.0 {
                    format!("{bits} bits per weight")
                } else {
                    format!("{bits:.2} bits per weight")
                }
            }
            "kv-cache" => "K and V alike".to_owned(),
            _ => String::new(),
        }
    })
}

/// What "as published" or "automatic" stands for at the moment.
fn automatic(flag: &str, state: State, label: &str) -> String {
    let found = state.shown.with(|shown| {
        let answer = shown.as_ref()?;
        let question = Question::new(&answer.blueprint, &answer.scenario).ok()?;
        match flag {
            "weights" => Some(format!("{} (as published)", answer.blueprint.published.method)),
            "kv-cache" => Some(format!("{} (as published)", question.activation.label)),
            "engine" => Some(format!("{} (automatic)", question.engine.label())),
            _ => None,
        }
    });
    found.unwrap_or_else(|| label.to_owned())
}

/// The devices, by vendor and segment.
#[component]
fn DeviceMenu(knob: &'static Knob, value: Memo<String>, set: Callback<String>) -> impl IntoView {
    let mut groups: Vec<(String, Vec<&'static Device>)> = Vec::new();
    for device in devices() {
        let name = group_name(device);
        match groups.iter_mut().find(|(known, _)| *known == name) {
            Some((_, list)) => list.push(device),
            None => groups.push((name, vec![device])),
        }
    }
    let facts = move || weighbridge::hardware::find(&value.get()).map(facts).unwrap_or_default();
    view! {
        <div class="choose">
            <label for=knob.flag>{knob.label}" "<i>{facts}</i></label>
            <select id=knob.flag title=knob.help prop:value=move || value.get() on:change:target=move |event| set.run(event.target().value())>
                <option value="none" selected=move || value.get() == "none">"No device"</option>
                {groups.into_iter().map(|(name, list)| view! {
                    <optgroup label=name>
                        {list.into_iter().map(|device| view! {
                            <option value=device.id.clone() selected=move || value.get() == device.id>{device.name.clone()}</option>
                        }).collect_view()}
                    </optgroup>
                }).collect_view()}
            </select>
        </div>
    }
}

fn group_name(device: &Device) -> String {
    let segment = match device.segment.as_str() {
        "consumer" => "consumer",
        "workstation" => "workstation",
        "datacenter" => "data centre",
        "apple" | "tpu" | "cpu" => {
            return if device.segment == "apple" {
                "Apple".to_owned()
            } else {
                device.segment.to_uppercase()
            };
        }
        other => other,
    };
    format!("{}, {segment}", device.vendor)
}

/// Memory, bandwidth and 16-bit rate of a device.
fn facts(device: &Device) -> String {
    let memory = format!("{:.0} GiB", device.memory_bytes as f64 / (1u64 << 30) as f64);
    let bandwidth = rate(device.bandwidth_bytes_per_s, "B");
    match device.rate_16(true) {
        Some(peak) => format!("{memory} · {bandwidth} · {}", count(peak.flops, "FLOP/s")),
        None => format!("{memory} · {bandwidth}"),
    }
}
