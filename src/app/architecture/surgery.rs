//! Another shape of the same model: keys changed, and what that does to it.

use std::sync::Arc;

use leptos::prelude::*;
use serde_json::Value;
use strum::IntoEnumIterator;
use weighbridge::analysis::{Analysis, analyse};
use weighbridge::model::Blueprint;
use weighbridge::scenario::apply_edits;
use weighbridge::scenario::fields::{FIELDS, Field, FieldGroup, language_model};
use weighbridge::units::{UnitSystem, decimal, grouped, percent, seconds, short_count};

use super::canvas::Canvas;
use super::looking::Looking;
use crate::app::case::NoAnswer;
use crate::app::charts::{file_name, save_text};
use crate::app::dialogs::{Changes, Property};
use crate::app::state::State;

/// A figure before and after.
#[derive(Clone, PartialEq)]
struct Line {
    label: &'static str,
    before: String,
    after: String,
    change: String,
}

fn line(label: &'static str, before: f64, after: f64, words: impl Fn(f64) -> String) -> Line {
    let change = if before > 0.0 && (after - before).abs() > before * 5e-5 {
        let ratio = after / before - 1.0;
        format!("{}{}", if ratio > 0.0 { "+" } else { "−" }, percent(ratio.abs()))
    } else {
        "same".to_owned()
    };
    Line {
        label,
        before: words(before),
        after: words(after),
        change,
    }
}

fn lines(before: &Analysis, after: &Analysis, units: UnitSystem) -> Vec<Line> {
    let bytes = |value: f64| units.bytes(value);
    let mut out = vec![
        line(
            "Parameters",
            before.parameters.total.0 as f64,
            after.parameters.total.0 as f64,
            short_count,
        ),
        line(
            "Used by a token",
            before.parameters.active.0 as f64,
            after.parameters.active.0 as f64,
            short_count,
        ),
        line(
            "Weights",
            before.memory.weights.0 as f64,
            after.memory.weights.0 as f64,
            bytes,
        ),
        line(
            "Cache and states",
            before.memory.kv_cache.0.saturating_add(before.memory.state_cache.0) as f64,
            after.memory.kv_cache.0.saturating_add(after.memory.state_cache.0) as f64,
            bytes,
        ),
        line(
            "Memory",
            before.memory.total.0 as f64,
            after.memory.total.0 as f64,
            bytes,
        ),
        line("FLOPs of the pass", before.flops, after.flops, short_count),
        line("Moved in the pass", before.bytes, after.bytes, bytes),
    ];
    let pass = |analysis: &Analysis| Some(analysis.speed.as_ref()?.pass.as_ref()?.seconds);
    if let (Some(one), Some(other)) = (pass(before), pass(after)) {
        out.push(line("Time of the pass", one, other, seconds));
    }
    if let (Some(one), Some(other)) = (&before.speed, &after.speed) {
        out.push(line(
            "Tokens a second",
            one.tokens_per_second,
            other.tokens_per_second,
            decimal,
        ));
    }
    if let (Some(one), Some(other)) = (&before.fit, &after.fit) {
        out.push(line(
            "Longest context",
            one.max_context as f64,
            other.max_context as f64,
            |tokens| grouped(tokens as u64),
        ));
    }
    out
}

/// Keys beside what they change.
#[component]
pub fn Surgery() -> impl IntoView {
    let looking = Looking::here();
    let case = looking.case;
    let state = State::here();
    let changes = Changes::new(case);
    let original = Memo::new(move |_| {
        let config = case
            .model
            .with(|model| model.as_ref().map(|model| model.config.clone()))?;
        let blueprint = Blueprint::from_value(Value::clone(&config)).ok().map(Arc::new)?;
        Some(Kept(blueprint))
    });
    let compared = Memo::new(move |_| {
        let units = case.page.units.get();
        let before = original.get()?.0;
        let answer = case.shown.get()?;
        let scenario = &answer.scenario;
        let before = analyse(&before, scenario).ok()?;
        Some(lines(&before, &answer.analysis, units))
    });
    let edited = Memo::new(move |_| {
        let mut config = case
            .model
            .with(|model| model.as_ref().map(|model| Value::clone(&model.config)))
            .unwrap_or_default();
        case.scenario
            .with(|scenario| apply_edits(&mut config, &scenario.model.edits));
        config
    });
    let has_edits = move || case.scenario.with(|scenario| !scenario.model.edits.is_empty());
    let sections = FieldGroup::iter()
        .map(|group| {
            let list = Memo::new(move |_| {
                edited.with(|config| {
                    let fields = FIELDS.iter().enumerate();
                    let own = fields.filter(|(_, field)| field.group == group && field.applies(config));
                    own.map(|(at, _)| at).collect::<Vec<_>>()
                })
            });
            let property = move |field: &'static Field| view! { <Property field changes/> };
            view! {
                <Show when=move || list.with(|list| !list.is_empty())>
                    <section class="section"><h3>{group.title()}</h3><div class="props"><For each=move || list.get() key=|at| *at children=move |at| FIELDS.get(at).map(property)/></div></section>
                </Show>
            }
        })
        .collect_view();
    let export = move |_| {
        let name = case.model_name_untracked();
        if let Ok(text) = serde_json::to_string_pretty(&edited.get_untracked()) {
            save_text(&file_name(&name, "config", "json"), "application/json", &text);
            case.page.hand_out();
        }
    };
    let error = move || match case.blueprint.get() {
        Err(NoAnswer::Model(error)) => Some(
            view! { <p class="callout" role="alert">{error.to_string()}" The figures are those before this change."</p> },
        ),
        _ => None,
    };
    let halve = move |_| {
        if let Some((key, heads)) = edited.with_untracked(kv_heads) {
            changes.set(key, Some(Value::from((heads / 2).max(1))));
        }
    };
    let can_halve = move || edited.with(|config| kv_heads(config).is_some_and(|(_, heads)| heads > 1));
    view! {
        <div class="surgery">
            <section class="card" aria-label="Keys">
                <div class="row">
                    <button class="button small" type="button" disabled=move || !changes.any() on:click=move |_| changes.undo()>"Undo"</button>
                    <button class="button small" type="button" disabled=move || !has_edits() on:click=move |_| changes.reset_all()>"As published"</button>
                    <Show when=can_halve><button class="button small" type="button" on:click=halve>"Halve the KV heads"</button></Show>
                </div>
                {error}
                {sections}
                <div class="row">
                    <button class="button small" type="button" on:click=export>"Save config.json"</button>
                    <button class="button small" type="button" disabled=move || !has_edits() on:click=move |_| beside(looking, state)>"Set beside the original"</button>
                </div>
            </section>
            <div class="spread">
                <section class="card" aria-labelledby="what-changes" aria-live="polite">
                    <h2 id="what-changes">"What it changes"</h2>
                    {move || compared.get().map(table)}
                </section>
                <section class="card" aria-label="Diagram"><Canvas/></section>
            </div>
        </div>
    }
}

/// The key of the KV heads and how many there are.
fn kv_heads(config: &Value) -> Option<(&'static str, u64)> {
    let keys = [
        "num_key_value_heads",
        "n_kv_heads",
        "num_kv_heads",
        "multi_query_group_num",
    ];
    let (own, _) = language_model(config);
    let own = own?;
    keys.into_iter().find_map(|key| Some((key, own.get(key)?.as_u64()?)))
}

/// A blueprint that is the same only if it is the very one.
#[derive(Clone)]
struct Kept(Arc<Blueprint>);

impl PartialEq for Kept {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

fn table(lines: Vec<Line>) -> impl IntoView {
    let rows = lines
        .into_iter()
        .map(|line| {
            let same = line.change == "same";
            view! { <tr class:same=same><th scope="row">{line.label}</th><td>{line.before}</td><td>{line.after}</td><td>{line.change}</td></tr> }
        })
        .collect_view();
    view! {
        <div class="table" tabindex="0" role="region" aria-label="Figures before and after"><table>
            <thead><tr><th scope="col">"Figure"</th><th scope="col">"As published"</th><th scope="col">"Changed"</th><th scope="col">"Change"</th></tr></thead>
            <tbody>{rows}</tbody>
        </table></div>
    }
}

/// The changed model becomes a case of its own; the one before it is as published again.
fn beside(looking: Looking, state: State) {
    let case = looking.case;
    let copy = state.keep(case);
    if copy.id != case.id {
        case.scenario.update(|scenario| scenario.model.edits.clear());
        copy.page.shows.set(crate::app::page::Shows::Compare);
    }
}
