//! One key in the editor: its value, where it came from, a way back, and what is wrong with it.

use std::collections::BTreeMap;

use leptos::prelude::*;
use serde_json::Value;
use weighbridge::model::families;
use weighbridge::scenario::fields::{self, Field, FieldKind, FieldOrigin, FieldValue, blamed};
use weighbridge::units::grouped;

use crate::app::case::{Case, NoAnswer};
use crate::app::loaded::Loaded;
use crate::app::source;

/// What can be undone: the model as it was, and its edits.
type Before = (Option<Loaded>, BTreeMap<String, Value>);

/// Changes keys of the config in hand while the editor is open.
#[derive(Clone, Copy)]
pub struct Changes {
    case: Case,
    before: RwSignal<Vec<Before>>,
}

impl Changes {
    /// None yet.
    pub fn new(case: Case) -> Self {
        Self {
            case,
            before: RwSignal::new(Vec::new()),
        }
    }
    /// Sets a key; `None` takes it out of the config.
    pub fn set(self, key: &str, value: Option<Value>) {
        let Some(config) = self
            .case
            .model
            .with_untracked(|model| model.as_ref().map(|model| model.config.clone()))
        else {
            return;
        };
        self.change(|edits| fields::set_edit(&config, edits, key, value));
    }
    /// Gives a key back to the config.
    pub fn reset(self, key: &str) {
        self.change(|edits| drop(edits.remove(key)));
    }
    /// Gives every key back.
    pub fn reset_all(self) {
        self.change(BTreeMap::clear);
    }
    /// Puts another config in the place of the model.
    pub fn template(self, config: Value, name: &str) {
        let now = self.now();
        self.before.update(|before| before.push(now));
        source::use_config(self.case, config, Some(name));
    }
    /// Whether there is something to undo.
    pub fn any(self) -> bool {
        self.before.with(|before| !before.is_empty())
    }
    /// Takes the last change back.
    pub fn undo(self) {
        let Some((model, edits)) = self.before.try_update(Vec::pop).flatten() else {
            return;
        };
        let asked = model.as_ref().map(|model| model.asked.clone());
        if self
            .case
            .model
            .with_untracked(|now| now.as_ref().map(|now| now.asked.clone()) != asked)
        {
            self.case.model.set(model);
        }
        self.case.scenario.update(|scenario| {
            if let Some(asked) = asked {
                scenario.model.source = asked;
            }
            scenario.model.edits = edits;
        });
    }
    fn now(self) -> Before {
        (
            self.case.model.get_untracked(),
            self.case
                .scenario
                .with_untracked(|scenario| scenario.model.edits.clone()),
        )
    }
    fn change(self, with: impl FnOnce(&mut BTreeMap<String, Value>)) {
        let now = self.now();
        let mut edits = now.1.clone();
        with(&mut edits);
        if edits != now.1 {
            self.before.update(|before| before.push(now));
            self.case.scenario.update(|scenario| scenario.model.edits = edits);
        }
    }
}

/// A field of the table.
#[component]
pub fn Property(field: &'static Field, changes: Changes) -> impl IntoView {
    let case = Case::here();
    let read = Memo::new(move |_| {
        case.model.with(|model| {
            let config = model.as_ref().map(|model| model.config.clone()).unwrap_or_default();
            case.scenario
                .with(|scenario| field.read(&config, &scenario.model.edits))
        })
    });
    let id = format!("edit-{}", field.key());
    let set = move |text: String| changes.set(&read.get_untracked().key, fields::typed(field.kind, &text));
    let error = Memo::new(move |_| complaint(case, field.keys));
    let text = move || read.with(|read| shown(read.value.as_ref()));
    let input = match field.kind {
        FieldKind::Whole => view! {
            <div class="field num">
                <input id=id.clone() inputmode="numeric" autocomplete="off" placeholder="not set" aria-invalid=move || error.get().is_some().to_string()
                    prop:value=text on:change:target=move |event| set(event.target().value()) />
            </div>
        }
        .into_any(),
        FieldKind::Flag => menu(id.clone(), vec!["true".to_owned(), "false".to_owned()], read, set).into_any(),
        FieldKind::Word(words) => menu(id.clone(), words.iter().map(ToString::to_string).collect(), read, set).into_any(),
        FieldKind::ModelType => {
            let mut known: Vec<String> = families::known().map(|(name, _)| name.to_owned()).collect();
            known.sort();
            menu(id.clone(), known, read, set).into_any()
        }
    };
    view! {
        <div class="prop" class:changed=move || read.with(is_edited) class:invalid=move || error.get().is_some() title=field.help>
            <label for=id>{field.label} <code>{move || read.get().key}</code></label>
            {input}
            {move || error.get().map(|words| view! { <p class="error" role="alert">{words}</p> })}
            <Origin read changes />
        </div>
    }
}

/// A key that no field shows: its value as JSON.
#[component]
pub fn RawProperty(key: String, changes: Changes) -> impl IntoView {
    let case = Case::here();
    let name = StoredValue::new(key.clone());
    let read = Memo::new(move |_| {
        let key = name.get_value();
        case.model.with(|model| {
            let config = model.as_ref().map(|model| model.config.clone()).unwrap_or_default();
            let said = fields::language_model(&config).0.and_then(|map| map.get(&key)).cloned();
            case.scenario.with(|scenario| match scenario.model.edits.get(&key) {
                Some(edit) => FieldValue {
                    key: key.clone(),
                    value: Some(edit.clone()).filter(|value| !value.is_null()),
                    origin: FieldOrigin::Edited(said),
                },
                None => FieldValue {
                    key: key.clone(),
                    value: said,
                    origin: FieldOrigin::Config,
                },
            })
        })
    });
    let error = Memo::new(move |_| name.with_value(|key| complaint(case, &[key.as_str()])));
    let id = format!("edit-{key}");
    view! {
        <div class="prop" class:changed=move || read.with(is_edited) class:invalid=move || error.get().is_some()>
            <label for=id.clone()><code>{key}</code></label>
            <div class="field text">
                <input id=id autocomplete="off" spellcheck="false" placeholder="not set"
                    prop:value=move || read.with(|read| read.value.as_ref().map(Value::to_string).unwrap_or_default())
                    on:change:target=move |event| changes.set(&name.get_value(), fields::typed_raw(&event.target().value())) />
            </div>
            {move || error.get().map(|words| view! { <p class="error" role="alert">{words}</p> })}
            <Origin read changes />
        </div>
    }
}

/// Where the value is from, and the way back.
#[component]
fn Origin(read: Memo<FieldValue>, changes: Changes) -> impl IntoView {
    let case = Case::here();
    move || {
        let FieldValue { key, value, origin } = read.get();
        let built_in = case
            .model
            .with(|model| model.as_ref().is_some_and(|model| model.facts.source == "catalogue"));
        let words = match origin {
            FieldOrigin::Config if built_in => "built in".to_owned(),
            FieldOrigin::Config => "config.json".to_owned(),
            FieldOrigin::ClassDefault => "not in the config; default of its class".to_owned(),
            FieldOrigin::NotSet => "not set".to_owned(),
            FieldOrigin::Edited(before) => {
                let back = before.map_or("Back to not set".to_owned(), |value| {
                    format!("Back to {}", short(&shown(Some(&value))))
                });
                let yours = if value.is_none() { "taken out by you" } else { "yours" };
                return view! {
                    <p class="from"><span class="yours">{yours}</span><button class="link" type="button" on:click=move |_| changes.reset(&key)>{back}</button></p>
                }
                .into_any();
            }
        };
        view! { <p class="from">{words}</p> }.into_any()
    }
}

/// A menu of words; a value that is none of them is shown too.
fn menu(
    id: String,
    words: Vec<String>,
    read: Memo<FieldValue>,
    set: impl Fn(String) + Copy + 'static,
) -> impl IntoView {
    let options = move || {
        let now = read.with(|read| shown(read.value.as_ref()));
        let mut all = words.clone();
        if !now.is_empty() && !all.contains(&now) {
            all.push(now.clone());
        }
        let option = |word: String| view! { <option value=word.clone() selected=word == now>{word.clone()}</option> };
        let none = now.is_empty();
        view! { <option value="" selected=none>"not set"</option>{all.into_iter().map(option).collect::<Vec<_>>()} }
    };
    view! { <select id=id on:change:target=move |event| set(event.target().value())>{options}</select> }
}

/// The engine's error, if it is about one of these keys.
fn complaint(case: Case, keys: &[&str]) -> Option<String> {
    case.blueprint.with(|blueprint| match blueprint {
        Err(NoAnswer::Model(error)) => blamed(error)
            .filter(|key| keys.contains(key))
            .map(|_| error.to_string()),
        _ => None,
    })
}

fn is_edited(read: &FieldValue) -> bool {
    matches!(read.origin, FieldOrigin::Edited(_))
}

/// A value as one types it.
fn shown(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.as_u64().map_or_else(|| number.to_string(), grouped),
        Some(other) => other.to_string(),
    }
}

fn short(text: &str) -> String {
    if text.chars().count() > 24 {
        text.chars().take(22).chain(['…']).collect()
    } else {
        text.to_owned()
    }
}
