//! Formats of the weights, or what training computes again: memory against what the device carries; size, speed and loss.

use leptos::prelude::*;
use weighbridge::analysis::FormatComparison;
use weighbridge::chart::{self, BarsChart};

use super::choice::Choice;
use super::figure::{ChartFigure, draw_of, table_of};
use crate::app::case::Case;

/// Where the figures of loss are from.
const LOSS: &str = "Loss is the published divergence of a format's tokens from the original's, measured on one model: it ranks formats and says little of this one. Pale: the likely range.";

/// Memory by format of the weights, or their size, speed and loss; in training, by what is computed again.
#[component]
pub fn MemoryChart() -> impl IntoView {
    let case = Case::here();
    let all = RwSignal::new(false);
    let compared = StoredValue::new(FormatComparison::default());
    let formats = Memo::new(move |_| {
        let setup = case.shown.get()?.analysis.setup.clone();
        let formats = compared
            .with_value(|before| FormatComparison::of(&setup, before))
            .ok()?;
        compared.set_value(formats.clone());
        Some(Found { setup, formats })
    });
    let data = Memo::new(move |_| {
        let units = case.page.units.get();
        let found = formats.get()?;
        chart::MemoryChart::of(&found.setup, &found.formats, units).ok()
    });
    let three = Memo::new(move |_| {
        let units = case.page.units.get();
        let found = formats.get().filter(|_| all.get())?;
        Some(BarsChart::of_formats(&found.formats.figures(), units))
    });
    let trains = Memo::new(move |_| data.with(|data| data.as_ref().is_some_and(|data| data.training)));
    let label = Signal::derive(move || {
        let words = data.with(|data| data.as_ref().map_or_else(String::new, words));
        format!("Bars of memory. {words}")
    });
    let caption = Signal::derive(move || data.with(|data| data.as_ref().map_or_else(String::new, words)));
    let loss = Signal::derive(|| LOSS.to_owned());
    let three_label = Signal::derive(|| format!("Bars of memory, speed and loss by format. {LOSS}"));
    view! {
        {move || (!trains.get()).then(|| view! { <Choice label="What is compared" chosen=all choices=vec![(false, "Memory by part"), (true, "Size, speed, loss")]/> })}
        {move || if all.get() && !trains.get() {
            view! { <ChartFigure title="Formats compared" label=three_label caption=loss draw=draw_of(three) table=table_of(three) /> }.into_any()
        } else {
            view! { <ChartFigure title="Memory compared" label=label caption=caption draw=draw_of(data) table=table_of(data) /> }.into_any()
        }}
    }
}

/// The formats of an answer.
#[derive(Clone)]
struct Found {
    setup: std::sync::Arc<weighbridge::analysis::Setup>,
    formats: FormatComparison,
}

impl PartialEq for Found {
    fn eq(&self, other: &Self) -> bool {
        std::sync::Arc::ptr_eq(&self.setup, &other.setup)
    }
}

/// What it means: the same workload in other formats, and which of them fit.
fn words(data: &chart::MemoryChart) -> String {
    let size = |row: &chart::MemoryRow| data.units.bytes(row.total() as f64);
    let Some(now) = data.rows.iter().find(|row| row.now) else {
        return String::new();
    };
    let mut text = if data.training {
        format!(
            "The same training step, by what is computed again instead of kept: now {} ({}).",
            size(now),
            now.label
        )
    } else {
        format!(
            "The same workload with the weights in other formats: now {} in {}.",
            size(now),
            now.label
        )
    };
    if let Some(capacity) = &data.capacity {
        let fitting: Vec<_> = data.rows.iter().filter(|row| !row.is_over(capacity.bytes)).collect();
        match (fitting.first(), fitting.len() == data.rows.len()) {
            (None, _) if data.rows.iter().any(|row| row.spills()) => {
                text.push_str(&format!(
                    " None of them fits whole on {}; amber lies in RAM.",
                    capacity.name
                ));
            }
            (None, _) => text.push_str(&format!(" None of them fits on {}.", capacity.name)),
            (Some(_), true) => text.push_str(&format!(" All of them fit on {}.", capacity.name)),
            (Some(widest), false) => text.push_str(&format!(
                " The largest that fits on {} is {}, with {}.",
                capacity.name,
                widest.label,
                size(widest)
            )),
        }
    }
    text
}
