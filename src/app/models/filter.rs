//! Which models are shown.

use std::collections::BTreeSet;

use leptos::prelude::*;
use weighbridge::report::model_rows::RowFilter;
use weighbridge::units::{counted, grouped};

use super::board::Board;
use crate::app::icon::Icon;

/// Search, verdict, what it reads, licence, size, context, speed, and how many models pass.
#[component]
pub fn Filters() -> impl IntoView {
    let board = Board::here();
    let filter = board.filter;
    let menu = move |label: &'static str, options: Signal<Vec<(String, String)>>, set: fn(&mut RowFilter, String)| {
        view! {
            <select aria-label=label on:change:target=move |event| filter.update(|filter| set(filter, event.target().value()))>
                {move || options.get().into_iter().map(|(key, name)| view! { <option value=key>{name}</option> }).collect_view()}
            </select>
        }
    };
    let plain = |options: &'static [(&'static str, &'static str)]| {
        Signal::derive(move || {
            options
                .iter()
                .map(|(key, name)| ((*key).to_owned(), (*name).to_owned()))
                .collect::<Vec<_>>()
        })
    };
    let licences = Memo::new(move |_| {
        let all: BTreeSet<String> = board
            .rows
            .with(|rows| rows.iter().filter_map(|row| row.licence.clone()).collect());
        let any = (String::new(), "Any licence".to_owned());
        std::iter::once(any)
            .chain(all.into_iter().map(|name| (name.clone(), name)))
            .collect::<Vec<_>>()
    });
    let shown = move || {
        let (some, all) = (board.shown.with(Vec::len) as u64, board.rows.with(Vec::len) as u64);
        if some == all {
            counted(all, "model")
        } else {
            format!("{} of {}", grouped(some), counted(all, "model"))
        }
    };
    view! {
        <div class="row filters">
            <label class="omnibox"><Icon name="search"/><input type="search" id="models-filter" autocomplete="off" spellcheck="false" placeholder="Filter models" aria-label="Filter models"
                on:input:target=move |event| filter.update(|filter| filter.query = event.target().value())/></label>
            {menu("Verdict", plain(&[("", "Every verdict"), ("fits", "Fits whole"), ("runs", "Runs")]), |filter, value| filter.verdict = value)}
            {menu("Reads", plain(&[("", "Any input"), ("images", "Reads images"), ("sound", "Reads sound")]), |filter, value| filter.reads = value)}
            {menu("Licence", licences.into(), |filter, value| filter.licence = value)}
            {menu("Size", plain(&[("", "Any size"), ("4e9", "Up to 4 B"), ("9e9", "Up to 9 B"), ("15e9", "Up to 15 B"), ("35e9", "Up to 35 B"), ("80e9", "Up to 80 B"), ("250e9", "Up to 250 B")]), |filter, value| filter.most_parameters = value.parse().ok())}
            {menu("Context", plain(&[("", "Any context"), ("8192", "From 8,192 tokens"), ("32768", "From 32,768 tokens"), ("131072", "From 131,072 tokens")]), |filter, value| filter.least_context = value.parse().ok())}
            {menu("Speed", plain(&[("", "Any speed"), ("10", "From 10 tokens/s"), ("20", "From 20 tokens/s"), ("50", "From 50 tokens/s"), ("100", "From 100 tokens/s")]), |filter, value| filter.least_speed = value.parse().ok())}
            <span class="count num" aria-live="polite">{shown}</span>
        </div>
    }
}
