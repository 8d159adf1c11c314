//! A device of one's own, described field by field.

use std::collections::BTreeMap;

use leptos::prelude::*;
use weighbridge::hardware::{self, CUSTOM, CUSTOM_FIELDS, CustomError};

use crate::app::case::Case;

/// The form; `take` gets the description as links hold it.
#[component]
pub fn CustomDevice(take: Callback<String>) -> impl IntoView {
    let case = Case::here();
    let now = case
        .scenario
        .with_untracked(|scenario| scenario.hardware.device.clone());
    let own = now.filter(|id| id.starts_with(CUSTOM));
    let open = own.is_some();
    let values = RwSignal::new(own.as_deref().map(read).unwrap_or_default());
    // The field that is wrong, and why.
    let error = RwSignal::new(None::<(&'static str, String)>);
    let weigh = move || {
        let text = values.with_untracked(write);
        match hardware::resolve(&text) {
            Ok(device) => take.run(device.id.clone()),
            Err(Some(why)) => {
                let field = match &why {
                    CustomError::Missing(field) | CustomError::Number { field, .. } => *field,
                    CustomError::Field(_) => "",
                };
                error.set(Some((field, why.to_string())));
            }
            Err(None) => error.set(Some(("", "This is no description of a device.".to_owned()))),
        }
    };
    let keys = move |event: leptos::ev::KeyboardEvent| {
        if event.key() == "Enter" {
            event.prevent_default();
            weigh();
        }
    };
    let set = move |key: &'static str, value: String| {
        error.set(None);
        values.update(|values| {
            if value.trim().is_empty() {
                values.remove(key);
            } else {
                values.insert(key.to_owned(), value.trim().to_owned());
            }
        });
    };
    let fields = CUSTOM_FIELDS.iter().map(move |&(key, label, unit)| {
        let id = format!("custom-{key}");
        let value = move || values.with(|values| values.get(key).cloned()).unwrap_or_default();
        if key == "unified" {
            return view! {
                <label class="check"><input id=id type="checkbox" prop:checked=move || value() == "yes"
                    on:change:target=move |event| set(key, if event.target().checked() { "yes".to_owned() } else { String::new() })/>
                    <span>{label}</span></label>
            }
            .into_any();
        }
        let text = key == "name";
        view! {
            <div class="knob" class:invalid=move || error.with(|error| error.as_ref().is_some_and(|(field, _)| *field == key || *field == label))>
                <label for=id.clone()>{label}{matches!(key, "memory" | "bandwidth").then_some(", needed")}</label>
                <div class="field num" class:text=text>
                    <input id=id inputmode=if text { "text" } else { "decimal" } autocomplete="off" prop:value=value
                        on:input:target=move |event| set(key, event.target().value()) on:keydown=keys/>
                    {(!unit.is_empty()).then(|| view! { <span class="unit">{unit}</span> })}
                </div>
            </div>
        }
        .into_any()
    });
    view! {
        <details class="fold own" open=open>
            <summary>"A device of your own "<span class="now">"from its data sheet, dense rates"</span></summary>
            <div class="inner">
                <div class="fields">{fields.collect::<Vec<_>>()}</div>
                {move || error.get().map(|(_, words)| view! { <p class="error" role="alert">{words}</p> })}
                <div class="row"><button class="button primary" type="button" on:click=move |_| weigh()>"Use this device"</button></div>
            </div>
        </details>
    }
}

/// The fields of a description.
fn read(text: &str) -> BTreeMap<String, String> {
    let pairs = text.strip_prefix(CUSTOM).unwrap_or(text).split(',');
    pairs
        .filter_map(|pair| pair.split_once('='))
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}

/// A description from its fields; commas would end a field.
fn write(values: &BTreeMap<String, String>) -> String {
    let fields = CUSTOM_FIELDS.iter().filter_map(|(key, ..)| {
        let value: String = values
            .get(*key)?
            .chars()
            .filter(|sign| !matches!(sign, ',' | '='))
            .collect();
        Some(format!("{key}={value}"))
    });
    format!("{CUSTOM}{}", fields.collect::<Vec<_>>().join(","))
}
