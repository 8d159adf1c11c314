//! The verdict in a line that stays in sight while the sentence is scrolled away.

use leptos::prelude::*;
use weighbridge::report::tiles;

use super::case::Case;
use super::changed::ChangedLine;
use super::sight;
use super::slices;
use super::verdict;

/// The strip; it shows itself when the verdict has left the window.
#[component]
pub fn VerdictStrip() -> impl IntoView {
    let case = Case::here();
    let away = RwSignal::new(false);
    watch("verdict", away);
    let sentence = verdict::of(case);
    let numbers = Memo::new(move |_| {
        let units = case.page.units.get();
        case.shown.with(|shown| {
            let tiles = shown
                .as_ref()
                .map(|answer| tiles(&answer.analysis, units))
                .unwrap_or_default();
            let words = tiles.into_iter().filter(|tile| !tile.none).take(3).map(|tile| {
                let value = format!("{} {}", tile.value, tile.unit);
                (tile.what, value.trim_end().to_owned())
            });
            words.collect::<Vec<_>>()
        })
    });
    view! {
        <div class="strip num" class:away=move || away.get() data-verdict=move || verdict::look(sentence.get().verdict)>
            <span class="pill" aria-hidden="true">{move || verdict::sign(sentence.get().verdict)}{move || sentence.get().pill}</span>
            <span class="figures" aria-hidden="true">{move || numbers.get().into_iter().map(|(what, value)| view! { <span><small>{what}</small>" "{value}</span> }).collect_view()}</span>
            <ChangedLine/>
        </div>
    }
}

/// Tells whether an element of this id is out of the window, as long as the component lives.
fn watch(id: &'static str, away: RwSignal<bool>) {
    Effect::new(move |_| {
        if !slices::placed() {
            return;
        }
        let Some(element) = document().get_element_by_id(id) else {
            return;
        };
        sight::watch(&element, 0, move |seen| {
            away.try_set(!seen);
        });
    });
}
