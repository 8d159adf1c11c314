//! Keys: 1 to 7 open the tabs, c the comparison, m what runs here, s the search of the Hub, h past calculations, Ctrl+K everything. `/` belongs to the search, `?` to the dialogs.

use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::page::{Dialog, Page, Shows};
use super::tabs;

/// Listens to keys as long as the page lives.
pub fn listen(page: Page) {
    let _ = window_event_listener(leptos::ev::keydown, move |event| {
        if (event.ctrl_key() || event.meta_key()) && event.key() == "k" {
            event.prevent_default();
            page.dialog.set(Some(Dialog::Palette));
        }
        if event.ctrl_key() || event.meta_key() || event.alt_key() || typing(&event) {
            return;
        }
        match event.key().as_str() {
            "1" => tabs::open_nth(0),
            "2" => tabs::open_nth(1),
            "3" => tabs::open_nth(2),
            "4" => tabs::open_nth(3),
            "5" => tabs::open_nth(4),
            "6" => tabs::open_nth(5),
            "7" => tabs::open_nth(6),
            "c" => page.toggle(Shows::Compare),
            "h" => page.toggle(Shows::History),
            "m" => page.toggle(Shows::Models),
            "s" => page.toggle(Shows::Search),
            _ => {}
        }
    });
}

/// Whether the key goes into a field.
fn typing(event: &web_sys::KeyboardEvent) -> bool {
    let Some(target) = event
        .target()
        .and_then(|target| target.dyn_into::<web_sys::HtmlElement>().ok())
    else {
        return false;
    };
    matches!(target.tag_name().as_str(), "INPUT" | "TEXTAREA" | "SELECT")
        || target.is_content_editable()
        || target.closest("dialog").ok().flatten().is_some()
}
