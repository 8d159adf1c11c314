//! The editor: the config in hand, key by key. Each change answers at once and goes into the link.

use leptos::prelude::*;
use serde_json::Value;
use strum::IntoEnumIterator;
use weighbridge::scenario::apply_edits;
use weighbridge::scenario::fields::{self, FIELDS, Field, FieldGroup, blamed};
use weighbridge::units::{Exact, grouped};

use super::Frame;
use super::config_field::{Changes, Property, RawProperty};
use crate::app::case::{Case, NoAnswer};

/// Edit the architecture.
#[component]
pub fn Editor() -> impl IntoView {
    let case = Case::here();
    let changes = Changes::new(case);
    let edited = Memo::new(move |_| edited_config(case));
    let of = move |group: FieldGroup| {
        Memo::new(move |_| {
            edited.with(|config| {
                FIELDS
                    .iter()
                    .enumerate()
                    .filter(|(_, field)| field.group == group && field.applies(config))
                    .map(|(at, _)| at)
                    .collect::<Vec<_>>()
            })
        })
    };
    let section = move |group: FieldGroup| {
        let list = of(group);
        view! {
            <Show when=move || list.with(|list| !list.is_empty())>
                <section class="section"><h3>{group.title()}</h3><Props list changes /></section>
            </Show>
        }
    };
    let basic = FieldGroup::iter()
        .filter(|group| *group != FieldGroup::Advanced)
        .map(section)
        .collect::<Vec<_>>();
    let advanced = of(FieldGroup::Advanced);
    // An error below the fold must be seen.
    let opened = move || {
        case.blueprint
            .with(|blueprint| matches!(blueprint, Err(NoAnswer::Model(error)) if !is_basic(blamed(error))))
    };
    let has_edits = move || case.scenario.with(|scenario| !scenario.model.edits.is_empty());
    let template = move |config: Value, name: &'static str| changes.template(config, name);
    let foot = move || {
        view! {
            <button class="button left" type="button" disabled=move || !has_edits() on:click=move |_| changes.reset_all()>"Reset all"</button>
            <button class="button" type="button" disabled=move || !changes.any() on:click=move |_| changes.undo()>"Undo"</button>
            <button class="button primary" type="button" on:click=move |_| case.page.dialog.set(None)>"Done"</button>
        }
    };
    view! {
        <Frame title="Edit architecture" class="editor" foot=foot>
            <div class="row">
                <span class="from">"Start from"</span>
                <button class="button small" type="button" on:click=move |_| template(fields::dense_template(), "Plain dense model")>"A plain dense model"</button>
                <button class="button small" type="button" on:click=move |_| template(fields::moe_template(), "Plain mixture of experts")>"A mixture of experts"</button>
            </div>
            <Count />
            {basic}
            <details class="more" open=opened>
                <summary>"Advanced"</summary>
                <div class="section"><Props list=advanced changes /></div>
            </details>
            <OtherKeys changes edited />
        </Frame>
    }
}

fn is_basic(key: Option<&str>) -> bool {
    key.is_some_and(|key| {
        FIELDS
            .iter()
            .any(|field| field.group != FieldGroup::Advanced && field.keys.contains(&key))
    })
}

/// The config in hand with the edits.
fn edited_config(case: Case) -> Value {
    let mut config = case
        .model
        .with(|model| model.as_ref().map(|model| Value::clone(&model.config)))
        .unwrap_or_default();
    case.scenario
        .with(|scenario| apply_edits(&mut config, &scenario.model.edits));
    config
}

/// The fields of a group, by their place in the table.
#[component]
fn Props(list: Memo<Vec<usize>>, changes: Changes) -> impl IntoView {
    let field = |at: usize| FIELDS.get(at);
    let property = move |field: &'static Field| view! { <Property field changes /> };
    view! {
        <div class="props">
            <For each=move || list.get() key=|at| *at children=move |at| field(at).map(property) />
        </div>
    }
}

/// The parameters as they stand, or why there are none.
#[component]
fn Count() -> impl IntoView {
    let case = Case::here();
    move || match case.blueprint.get() {
        Ok(blueprint) => {
            let counted = weighbridge::analysis::parameters::<Exact>(&blueprint);
            let (total, active) = (counted.total.0, counted.active.0);
            let words = if total == active {
                String::new()
            } else {
                format!(", {} active for each token", grouped(active))
            };
            view! { <p class="num" id="edit-count" aria-live="polite"><b>{grouped(total)}</b>" parameters"{words}</p> }
                .into_any()
        }
        Err(NoAnswer::Model(error)) => view! {
            <div class="callout" role="alert" id="edit-error">
                <crate::app::icon::Icon name="alert" />
                <p class="what">{error.to_string()}</p>
                <p class="next">"The page behind shows the answer before this change."</p>
            </div>
        }
        .into_any(),
        Err(_) => view! { <p>"There is no model yet. Start from one of these."</p> }.into_any(),
    }
}

/// Every key without a field of its own, and a new one.
#[component]
fn OtherKeys(changes: Changes, edited: Memo<Value>) -> impl IntoView {
    let case = Case::here();
    let keys = Memo::new(move |_| {
        let config = case
            .model
            .with(|model| model.as_ref().map(|model| model.config.clone()))
            .unwrap_or_default();
        // An unknown kind of model has no fields of its own: its keys all stand here.
        let hidden = |key: &str| {
            edited.with(|config| {
                FIELDS
                    .iter()
                    .any(|field| field.keys.contains(&key) && !field.applies(config))
            })
        };
        let other = case.scenario.with(|scenario| {
            fields::other_keys(&config, &scenario.model.edits)
                .into_iter()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        });
        other.into_iter().filter(|key| !hidden(key)).collect::<Vec<_>>()
    });
    let key = RwSignal::new(String::new());
    let value = RwSignal::new(String::new());
    let add = move || {
        let name = key.get_untracked().trim().to_owned();
        if !name.is_empty() {
            changes.set(&name, fields::typed_raw(&value.get_untracked()));
            key.set(String::new());
            value.set(String::new());
        }
    };
    view! {
        <details class="more" id="other-keys">
            <summary>{move || format!("Every other key ({})", keys.with(Vec::len))}</summary>
            <div class="section">
                <p class="from">"Values are written as JSON. Empty takes the key out."</p>
                <div class="props">
                    <For each=move || keys.get() key=String::clone children=move |key| view! { <RawProperty key changes /> } />
                </div>
                <div class="props">
                    <div class="prop">
                        <label for="new-key">"New key"</label>
                        <div class="field text"><input id="new-key" autocomplete="off" spellcheck="false" bind:value=key /></div>
                    </div>
                    <div class="prop">
                        <label for="new-value">"Its value"</label>
                        <div class="field text"><input id="new-value" autocomplete="off" spellcheck="false" bind:value=value
                            on:keydown=move |event| if event.key() == "Enter" { add() } /></div>
                    </div>
                </div>
                <div class="row"><button class="button small" type="button" disabled=move || key.with(|key| key.trim().is_empty()) on:click=move |_| add()>"Add key"</button></div>
            </div>
        </details>
    }
}
