//! The model against the headers of its weight files: a button, what came out, and what files hold by themselves.

use leptos::prelude::*;
use weighbridge::model::headers::compare::Verdict;
use weighbridge::scenario::ModelSource;
use weighbridge::units::{grouped, short_count};

use super::case::Case;
use super::icon::Icon;
use super::{parts, source};

/// Asks for the headers of a model that has a place on the Hub.
#[component]
pub fn CheckButton() -> impl IntoView {
    let case = Case::here();
    let offered = Memo::new(move |_| {
        case.model.with(|model| {
            model
                .as_ref()
                .is_some_and(|model| matches!(model.asked, ModelSource::Id(_)) && model.headers.is_none())
        })
    });
    view! {
        <Show when=move || offered.get()>
            <button class="link" type="button" id="check-headers" title="Reads the headers of the weight files and compares" on:click=move |_| parts::reader::check(case)>"Check files"</button>
        </Show>
    }
}

/// What the comparison says.
#[component]
pub fn HeaderLine() -> impl IntoView {
    let case = Case::here();
    move || {
        case.comparison.get().map(|comparison| {
            let differ = comparison.verdict == Verdict::Differ;
            let verdict: &'static str = comparison.verdict.into();
            view! {
                <p class="source" id="header-line" role="status" data-verdict=verdict data-state=differ.then_some("warn")>
                    {if differ { view! { <Icon name="alert" /> } } else { view! { <Icon name="check" /> } }}
                    <span>{comparison.line.clone()}</span>
                </p>
            }
        })
    }
}

/// What weight files hold that belong to no model in hand.
#[component]
pub fn OutlineCallout() -> impl IntoView {
    let case = Case::here();
    move || {
        case.outline.get().map(|outline| {
            let rows: Vec<_> = outline
                .parts
                .iter()
                .map(|row| {
                    let bytes = row.bytes;
                    view! {
                        <tr>
                            <th scope="row">{row.part.label()}</th>
                            <td title=grouped(row.parameters)>{short_count(row.parameters as f64)}</td>
                            <td title=grouped(bytes)>{move || case.page.units.get().bytes(bytes as f64)}</td>
                        </tr>
                    }
                })
                .collect();
            let table = (!rows.is_empty()).then(|| view! {
                <div class="table">
                    <table>
                        <thead><tr><th scope="col">"Part, by tensor names"</th><th scope="col">"Parameters"</th><th scope="col">"Bytes"</th></tr></thead>
                        <tbody>{rows}</tbody>
                    </table>
                </div>
            });
            let choices: Vec<_> = outline
                .choices
                .into_iter()
                .map(|(path, bytes)| {
                    let name = path.clone();
                    view! {
                        <tr>
                            <th scope="row"><button class="link" type="button" on:click=move |_| source::choose(case, &path)>{name}</button></th>
                            <td title=grouped(bytes)>{move || case.page.units.get().bytes(bytes as f64)}</td>
                        </tr>
                    }
                })
                .collect();
            // A long list scrolls by itself.
            let long = choices.len() > 12;
            let choices = (!choices.is_empty()).then(|| view! {
                <div class="table" class:tall=long tabindex=long.then_some("0") role="region" aria-label="GGUF models">
                    <table id="choices" class="names">
                        <thead><tr><th scope="col">"Model"</th><th scope="col">"Size"</th></tr></thead>
                        <tbody>{choices}</tbody>
                    </table>
                </div>
            });
            view! {
                <div class="callout" id="outline" data-kind="note" role="status">
                    <Icon name="file" />
                    <p class="what">{outline.title}</p>
                    {outline.lines.into_iter().map(|line| view! { <p class="next">{line}</p> }).collect::<Vec<_>>()}
                    {table}
                    {choices}
                    {outline.notices.into_iter().map(|notice| view! { <p class="next">{notice}</p> }).collect::<Vec<_>>()}
                    <div class="row">
                        <button class="button small" type="button" on:click=move |_| source::dismiss(case)>"Dismiss"</button>
                    </div>
                </div>
            }
        })
    }
}
