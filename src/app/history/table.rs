//! The table: headings that sort, rows with their deeds.

use std::collections::BTreeSet;
use std::sync::Arc;

use leptos::ev::KeyboardEvent;
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast as _;
use web_sys::{Element, HtmlElement, HtmlInputElement};
use weighbridge::export::history::{Column, History};

use super::deeds;
use super::markup::{self, HEADINGS, Shown};
use super::place::View;
use crate::app::page::Page;

/// Rows that are shown at first, and more with each press.
pub const STEP: usize = 50;

/// The table.
#[component]
pub fn Table(view: View) -> impl IntoView {
    let page = Page::here();
    let body = NodeRef::<html::Tbody>::new();
    let shown = Memo::new(move |_| Shown {
        rows: view
            .picked
            .with(|picked| picked.iter().take(view.most.get()).copied().collect()),
        sort: view.sort.get(),
        edited: view.edited.get(),
        units: page.units.get(),
    });
    // Which drawing is under way: a later one ends those before.
    let round = StoredValue::new(0_u32);
    Effect::new(move |_| {
        let Some(body) = body.get() else { return };
        let Some(history): Option<Arc<History>> = view.history.get() else {
            return;
        };
        let shown = shown.get();
        let this = round.try_update_value(|round| {
            *round = round.wrapping_add(1);
            *round
        });
        let editing = view.edited.get_untracked();
        let focused = focused(&body);
        let wanted = match (&editing, &focused) {
            (Some(id), Some((was, deed))) if was == id && matches!(deed.as_str(), "name" | "note") => focused.clone(),
            (Some(id), _) => Some((id.clone(), "name".to_owned())),
            (None, Some((id, deed))) if matches!(deed.as_str(), "name" | "note") => {
                Some((id.clone(), "rename".to_owned()))
            }
            (None, _) => focused,
        };
        let drawing = Drawing {
            view,
            body: body.into(),
            history,
            shown,
            wanted,
            group: String::new(),
            done: 0,
        };
        draw(drawing, move || round.try_get_value() == this);
    });
    // Ticks alone draw nothing anew.
    Effect::new(move |_| {
        let Some(body) = body.get() else { return };
        view.chosen.with(|chosen| tick(&body, chosen));
    });
    let press = move |event: &web_sys::Event| {
        let Some((row, deed)) = event.target().and_then(deed_of) else {
            return;
        };
        let id = row.get_attribute("data-id").unwrap_or_default();
        match deed.as_str() {
            "choose" => view.chosen.update(|chosen| {
                if !chosen.remove(&id) {
                    chosen.insert(id);
                }
            }),
            "name" | "note" => {}
            deed => {
                if deed == "delete" {
                    // The focus goes to the next row, not to nowhere.
                    let next = neighbour(&row, 1).or_else(|| neighbour(&row, -1));
                    if let Some(button) = next.and_then(|row| control(&row, "delete")) {
                        let _ = button.focus();
                    }
                }
                deeds::row(view, page, &id, deed);
            }
        }
    };
    let keys = move |event: KeyboardEvent| {
        let Some((row, deed)) = event.target().and_then(deed_of) else {
            return;
        };
        let editing = matches!(deed.as_str(), "name" | "note");
        match event.key().as_str() {
            "Enter" if editing => {
                event.prevent_default();
                let value = |deed: &str| {
                    let field = control(&row, deed).and_then(|field| field.dyn_into::<HtmlInputElement>().ok());
                    field.map(|field| field.value()).unwrap_or_default()
                };
                let id = row.get_attribute("data-id").unwrap_or_default();
                deeds::rename(&id, &value("name"), &value("note"));
                view.edited.set(None);
            }
            "Escape" if editing => {
                event.prevent_default();
                view.edited.set(None);
            }
            "ArrowDown" | "ArrowUp" if !editing => {
                let by = if event.key() == "ArrowDown" { 1 } else { -1 };
                if let Some(next) = neighbour(&row, by).and_then(|row| control(&row, &deed)) {
                    event.prevent_default();
                    let _ = next.focus();
                }
            }
            "Delete" if !editing => {
                if let Some(button) = control(&row, "delete") {
                    button.click();
                }
            }
            _ => {}
        }
    };
    let all = move || {
        shown.with(|shown| {
            !shown.rows.is_empty()
                && view.history.with(|history| {
                    let ids = shown.rows.iter().filter_map(|at| history.as_ref()?.get(*at));
                    view.chosen
                        .with(|chosen| ids.into_iter().all(|row| chosen.contains(&row.id)))
                })
        })
    };
    let choose_all = move |_| {
        let ids: Vec<String> = view.history.with_untracked(|history| {
            let rows = shown.with_untracked(|shown| shown.rows.clone());
            rows.iter()
                .filter_map(|at| Some(history.as_ref()?.get(*at)?.id.clone()))
                .collect()
        });
        let full = untrack(all);
        view.chosen.update(|chosen| {
            for id in ids {
                if full {
                    chosen.remove(&id);
                } else {
                    chosen.insert(id);
                }
            }
        });
    };
    let heading = move |(column, words, right): (Column, &'static str, bool)| {
        let sorted = move || {
            let sort = view.sort.get();
            (sort.column == column).then_some(if sort.descending { "descending" } else { "ascending" })
        };
        let arrow = move || match sorted() {
            Some("descending") => " ↓",
            Some(_) => " ↑",
            None => "",
        };
        let name: &'static str = column.into();
        view! {
            <th scope="col" class=format!("h-{name}") class:text=!right aria-sort=sorted>
                <button class="so" type="button" on:click=move |_| view.press(column)>{words}
                    {move || (column == Column::Memory).then(|| format!(", {}", page.units.get()))}<i aria-hidden="true">{arrow}</i></button>
            </th>
        }
    };
    view! {
        <div class="table">
            <table class="past num" aria-label="Past calculations">
                <thead><tr>
                    <th class="ck"><input type="checkbox" aria-label="Choose all that are shown" prop:checked=all on:change=choose_all/></th>
                    {HEADINGS.map(heading).into_iter().collect_view()}
                    <td></td>
                </tr></thead>
                <tbody node_ref=body on:click=move |event| press(&event) on:keydown=keys></tbody>
            </table>
        </div>
        {move || {
            let left = view.picked.with(Vec::len).saturating_sub(view.most.get());
            (left > 0).then(|| view! {
                <p class="more"><button class="link" type="button" on:click=move |_| view.most.update(|most| *most += STEP)>
                    {format!("Show {} more of {left}", left.min(STEP))}</button></p>
            })
        }}
    }
}

/// Rows of one slice: with a processor four times slower a slice takes less than half a frame.
const SLICE: usize = 8;

/// A table that is drawn slice by slice, over the rows that were there.
struct Drawing {
    view: View,
    body: HtmlElement,
    history: Arc<History>,
    shown: Shown,
    /// What has the focus then.
    wanted: Option<(String, String)>,
    group: String,
    done: usize,
}

/// Draws the next slice with the next frame, and so on.
fn draw(mut drawing: Drawing, is_last: impl Fn() -> bool + 'static) {
    request_animation_frame(move || {
        if !is_last() {
            return;
        }
        drawing.slice();
        if drawing.done < drawing.shown.rows.len() {
            draw(drawing, is_last);
        }
    });
}

impl Drawing {
    fn slice(&mut self) {
        let rest = self.shown.rows.get(self.done..).unwrap_or_default();
        let now = rest.get(..SLICE.min(rest.len())).unwrap_or_default();
        let Some(text) = self
            .view
            .chosen
            .try_with_untracked(|chosen| markup::lines(&self.history, now, &self.shown, chosen, &mut self.group))
        else {
            return;
        };
        let first = self.done == 0;
        self.done += now.len();
        let last = self.done >= self.shown.rows.len();
        // New rows stand before the old ones, of which as many go: nothing jumps.
        let old = |body: &HtmlElement| body.query_selector("[data-old]").ok().flatten();
        if first {
            let rows = self.body.children();
            (0..rows.length())
                .filter_map(|at| rows.item(at))
                .for_each(|row| drop(row.set_attribute("data-old", "")));
        }
        let _ = match old(&self.body) {
            Some(row) => row.insert_adjacent_html("beforebegin", &text),
            None => self.body.insert_adjacent_html("beforeend", &text),
        };
        let most = if last { usize::MAX } else { now.len() };
        for _ in 0..most {
            let Some(row) = old(&self.body) else { break };
            row.remove();
        }
        if let Some((id, deed)) = self.wanted.take_if(|(id, _)| {
            let row = self
                .body
                .query_selector(&format!("tr[data-id=\"{id}\"]:not([data-old])"));
            row.is_ok_and(|row| row.is_some())
        }) {
            focus(&self.body, &id, &deed);
        }
    }
}

/// Ticks the rows that are chosen, and no others.
fn tick(body: &HtmlElement, chosen: &BTreeSet<String>) {
    let rows = body.children();
    for row in (0..rows.length()).filter_map(|at| rows.item(at)) {
        let Some(id) = row.get_attribute("data-id") else {
            continue;
        };
        let on = chosen.contains(&id);
        let _ = row.class_list().toggle_with_force("on", on);
        let field = row.query_selector("[data-deed=choose]").ok().flatten();
        if let Some(field) = field.and_then(|field| field.dyn_into::<HtmlInputElement>().ok()) {
            field.set_checked(on);
        }
    }
}

/// The row and the deed of what was pressed.
fn deed_of(target: web_sys::EventTarget) -> Option<(Element, String)> {
    let control = target.dyn_ref::<Element>()?.closest("[data-deed]").ok()??;
    let row = control.closest("tr[data-id]").ok()??;
    Some((row, control.get_attribute("data-deed")?))
}

fn control(row: &Element, deed: &str) -> Option<HtmlElement> {
    let found = row.query_selector(&format!("[data-deed=\"{deed}\"]")).ok()??;
    found.dyn_into().ok()
}

fn neighbour(row: &Element, by: i32) -> Option<Element> {
    let mut next = row.clone();
    loop {
        next = if by > 0 {
            next.next_element_sibling()?
        } else {
            next.previous_element_sibling()?
        };
        if next.has_attribute("data-id") {
            return Some(next);
        }
    }
}

fn focused(body: &HtmlElement) -> Option<(String, String)> {
    let active = document().active_element()?;
    if !body.contains(Some(&active)) {
        return None;
    }
    let (row, deed) = deed_of(active.into())?;
    Some((row.get_attribute("data-id")?, deed))
}

fn focus(body: &HtmlElement, id: &str, deed: &str) {
    // Keys are letters and digits.
    let row = body.query_selector(&format!("tr[data-id=\"{id}\"]:not([data-old])"));
    let row = row.ok().flatten();
    if let Some(control) = row.and_then(|row| control(&row, deed)) {
        let _ = control.focus();
    }
}
