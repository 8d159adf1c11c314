//! What holds a decode step back, over context and batch.

use leptos::prelude::*;
use weighbridge::chart::PhaseChart as Map;

use super::figure::{ChartFigure, draw_of, table_of};
use crate::app::case::Case;

/// The card; nothing in training and without a device.
#[component]
pub fn PhaseChart() -> impl IntoView {
    let case = Case::here();
    let data = Memo::new(move |_| {
        let units = case.page.units.get();
        case.shown.with(|shown| Map::of(&shown.as_ref()?.analysis, units))
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
