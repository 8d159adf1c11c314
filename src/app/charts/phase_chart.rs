//! What holds a decode step back, over context and batch.

use std::sync::Arc;

use leptos::prelude::*;
use weighbridge::analysis::phases::phases;
use weighbridge::chart::PhaseChart as Map;
use weighbridge::scenario::Scenario;

use super::figure::{ChartFigure, draw_of, table_of};
use crate::app::case::Case;

/// The card; nothing in training and without a device.
#[component]
pub fn PhaseChart() -> impl IntoView {
    let case = Case::here();
    // Dragging a slider of tokens or sequences moves the mark alone.
    let asked = Memo::new(move |_| {
        case.shown.with(|shown| {
            let answer = shown.as_ref()?;
            let still = Scenario::clone(&answer.scenario).with(|s| {
                (s.workload.prompt, s.workload.generate, s.workload.batch) = (1, None, 1);
            });
            Some((Arc::as_ptr(&answer.blueprint) as usize, still))
        })
    });
    let map = Memo::new(move |_| {
        asked.track();
        let found = case
            .shown
            .with_untracked(|shown| phases(&shown.as_ref()?.analysis.setup))?;
        Some(Arc::new(found))
    });
    let data = Memo::new(move |_| {
        let (map, units) = (map.get()?, case.page.units.get());
        case.shown
            .with(|shown| Some(Map::on(map, &shown.as_ref()?.analysis, units)))
    });
    let there = Memo::new(move |_| data.with(Option::is_some));
    let words = Signal::derive(move || data.with(|map| map.as_ref().map_or_else(String::new, Map::words)));
    let label = Signal::derive(move || format!("Map of context and sequences. {}", words.get()));
    move || {
        there.get().then(|| {
            view! {
                <section class="card wide" aria-labelledby="phases-title">
                    <h2 id="phases-title">"What limits it, by context and users"</h2>
                    <ChartFigure title="Limits by context and users" label=label caption=words draw=draw_of(data) table=table_of(data)/>
                </section>
            }
        })
    }
}
