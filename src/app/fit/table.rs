//! The matrix as a table that is read with the pointer or the arrow keys, and pressed to choose.

use std::sync::Arc;

use leptos::ev::KeyboardEvent;
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast as _;
use weighbridge::units::UnitSystem;

use super::grid;
use super::verdicts::{Verdicts, now_of};
use crate::app::case::Case;
use crate::app::icon::Icon;

/// The table.
#[component]
pub fn Grid(
    verdicts: RwSignal<Option<Arc<Verdicts>>>,
    rows: Memo<Vec<usize>>,
    reading: RwSignal<Option<(usize, usize)>>,
) -> impl IntoView {
    let case = Case::here();
    let table = NodeRef::<html::Table>::new();
    let body = NodeRef::<html::Tbody>::new();
    let head = NodeRef::<html::Thead>::new();
    let opened = StoredValue::new(false);
    Effect::new(move |_| {
        let (Some(head), Some(body)) = (head.get(), body.get()) else {
            return;
        };
        let units: UnitSystem = case.page.units.get();
        let focused = focused(&body);
        verdicts.with(|verdicts| {
            let Some(verdicts) = verdicts else { return };
            head.set_inner_html(&grid::head(&verdicts.columns));
            rows.with(|rows| body.set_inner_html(&grid::body(verdicts, rows, now_of(verdicts), units)));
        });
        // One cell is reached with Tab, the rest with arrows.
        let entry = body
            .query_selector("[aria-selected=true]")
            .ok()
            .flatten()
            .or_else(|| body.query_selector("[role=gridcell]").ok().flatten());
        if let Some(entry) = entry {
            let _ = entry.set_attribute("tabindex", "0");
        }
        if let Some(cell) = focused.and_then(|place| cell_at(&body, place)) {
            focus(&body, &cell);
        }
        // Opened, it stands at the device in hand.
        if !opened.get_value()
            && verdicts.with_untracked(Option::is_some)
            && let Some(row) = body.query_selector("tr.now").ok().flatten()
        {
            opened.set_value(true);
            stand_at(&row);
        }
    });
    let choose = move |place: (usize, usize)| {
        let found = verdicts.with_untracked(|verdicts| {
            let verdicts = verdicts.as_ref()?;
            Some((
                verdicts.devices.get(place.0)?.id.clone(),
                verdicts.columns.get(place.1)?.key,
            ))
        });
        if let Some((id, key)) = found {
            case.scenario.update(|scenario| {
                if scenario.hardware.device.as_ref() != Some(&id) {
                    scenario.hardware.host = None;
                }
                scenario.hardware.mixed.clear();
                scenario.hardware.device = Some(id);
                scenario.precision.weights = Some(key);
                // The engine that was chosen may not run there; the usual one does.
                scenario.serving.engine = None;
            });
        }
    };
    let keys = move |event: KeyboardEvent| {
        let Some(body) = body.get_untracked() else { return };
        let Some((row, at)) = focused(&body) else { return };
        let width = verdicts.with_untracked(|verdicts| verdicts.as_ref().map_or(1, |verdicts| verdicts.columns.len()));
        let next = rows.with_untracked(|rows| {
            let line = rows.iter().position(|one| *one == row).unwrap_or(0);
            let last = rows.len().saturating_sub(1);
            let row_at = |line: usize| rows.get(line.min(last)).copied().unwrap_or(row);
            Some(match event.key().as_str() {
                "ArrowRight" => (row, (at + 1).min(width - 1)),
                "ArrowLeft" => (row, at.saturating_sub(1)),
                "ArrowDown" => (row_at(line + 1), at),
                "ArrowUp" => (row_at(line.saturating_sub(1)), at),
                "PageDown" => (row_at(line + 10), at),
                "PageUp" => (row_at(line.saturating_sub(10)), at),
                "Home" => (row, 0),
                "End" => (row, width - 1),
                _ => return None,
            })
        });
        if let Some(next) = next {
            event.prevent_default();
            event.stop_propagation();
            if let Some(cell) = cell_at(&body, next) {
                focus(&body, &cell);
            }
        } else if matches!(event.key().as_str(), "Enter" | " ") {
            event.prevent_default();
            choose((row, at));
        }
    };
    let point = move |event: &web_sys::Event| {
        let place = event.target().and_then(place_of);
        if place.is_some() && reading.get_untracked() != place {
            reading.set(place);
        }
        place
    };
    view! {
        <div class="table tall matrix-frame">
            <table class="matrix num" role="grid" aria-label="Verdicts: devices by formats" node_ref=table on:keydown=keys
                on:click=move |event| if let Some(place) = point(&event) { choose(place) }
                on:focusin=move |event| { point(&event); } on:mouseover=move |event| { point(&event); } on:mouseleave=move |_| reading.set(None)>
                <thead node_ref=head></thead>
                <tbody node_ref=body></tbody>
            </table>
            {move || verdicts.with(Option::is_none).then(|| view! { <p class="waiting">"Estimating every device …"</p> })}
            {move || (verdicts.with(Option::is_some) && rows.with(Vec::is_empty)).then(|| view! { <div class="empty"><Icon name="search"/><b>"No device passes this filter."</b></div> })}
        </div>
    }
}

/// Scrolls the frame of the table, and nothing else, until the row stands below the head, with the one above it in sight.
fn stand_at(row: &web_sys::Element) {
    let Ok(Some(frame)) = row.closest(".matrix-frame") else {
        return;
    };
    let away = row.get_bounding_client_rect().top() - frame.get_bounding_client_rect().top();
    frame.set_scroll_top(frame.scroll_top() + (away - ABOVE) as i32);
}

/// CSS pixels of the frame above the row in hand: the head, and a row.
const ABOVE: f64 = 84.0;

/// Row and column of a cell, or of what lies in one.
fn place_of(target: web_sys::EventTarget) -> Option<(usize, usize)> {
    let cell = target.dyn_ref::<web_sys::Element>()?.closest("[data-at]").ok()??;
    let number = |name: &str| cell.get_attribute(name)?.parse().ok();
    Some((number("data-row")?, number("data-at")?))
}

fn focused(body: &web_sys::HtmlElement) -> Option<(usize, usize)> {
    let active = document().active_element()?;
    if !body.contains(Some(&active)) {
        return None;
    }
    place_of(active.into())
}

fn cell_at(body: &web_sys::HtmlElement, (row, at): (usize, usize)) -> Option<web_sys::HtmlElement> {
    let found = body
        .query_selector(&format!("[data-row=\"{row}\"][data-at=\"{at}\"]"))
        .ok()??;
    found.dyn_into().ok()
}

/// Moves the focus, and with it what Tab comes back to.
fn focus(body: &web_sys::HtmlElement, cell: &web_sys::HtmlElement) {
    if let Ok(Some(before)) = body.query_selector("[tabindex='0']") {
        let _ = before.set_attribute("tabindex", "-1");
    }
    let _ = cell.set_attribute("tabindex", "0");
    let _ = cell.focus();
}
