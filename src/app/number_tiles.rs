//! The five numbers, each of which opens its explanation.

use leptos::prelude::*;
use weighbridge::report::{Tile, tiles};

use super::case::Case;

/// The row of numbers.
#[component]
pub fn NumberTiles() -> impl IntoView {
    let case = Case::here();
    let tiles = Memo::new(move |_| {
        let units = case.page.units.get();
        case.shown.with(|shown| {
            shown
                .as_ref()
                .map(|answer| tiles(&answer.analysis, units))
                .unwrap_or_default()
        })
    });
    let count = Memo::new(move |_| tiles.with(Vec::len));
    let of = move |at: usize| Memo::new(move |_| tiles.with(|tiles| tiles.get(at).cloned()));
    view! {
        <div class="numbers num">
            {move || (0..count.get()).map(|at| {
                let tile = of(at);
                let part = move |read: fn(Tile) -> String| tile.get().map(read).unwrap_or_default();
                view! {
                    <button class="number" type="button" data-none=move || tile.get().is_some_and(|tile| tile.none).then_some("true")
                        on:click=move |event| if let Some(tile) = tile.get_untracked().filter(|tile| !tile.none) { case.open(tile.figure, &event) }>
                        <span class="what">{move || part(|tile| tile.what.to_owned())}</span>
                        <span class="value"><span data-figure=move || part(|tile| tile.key().to_owned())>{move || part(|tile| tile.value)}</span>{move || Some(part(|tile| tile.unit)).filter(|unit| !unit.is_empty()).map(|unit| view! { " "<small>{unit}</small> })}</span>
                        <span class="note">{move || part(|tile| tile.note)}</span>
                    </button>
                }
            }).collect_view()}
        </div>
    }
}
