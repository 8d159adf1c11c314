//! A button that goes away with its press would leave the focus at the top of the page: what it stood in gets it instead.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, FocusOptions, HtmlElement};

/// Whoever has work of their own to do with the focus has done it by then.
const AFTER: Duration = Duration::from_millis(120);

/// What may have the focus in place of something inside it.
const KEEPERS: &str = "dialog, [role=tabpanel], section, main";

/// Listens as long as the page lives.
pub fn listen() {
    let last: Rc<RefCell<Vec<Element>>> = Rc::default();
    let kept = last.clone();
    let _ = window_event_listener(leptos::ev::focusin, move |event| {
        let focused = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        *kept.borrow_mut() = std::iter::successors(focused, |element| element.parent_element()).collect();
    });
    let kept = last.clone();
    let _ = window_event_listener(leptos::ev::click, move |_| look_soon(kept.clone()));
    let _ = window_event_listener(leptos::ev::keyup, move |_| look_soon(last.clone()));
}

fn look_soon(last: Rc<RefCell<Vec<Element>>>) {
    set_timeout(
        move || {
            let nowhere = document()
                .active_element()
                .is_none_or(|element| element.tag_name() == "BODY");
            // No borrow is held when the focus moves: that is heard above.
            let last = last.borrow().clone();
            if !nowhere || last.first().is_none_or(|focused| focused.is_connected()) {
                return;
            }
            let around = last
                .iter()
                .find(|element| element.is_connected() && element.matches(KEEPERS) == Ok(true));
            let keeper = around
                .cloned()
                .or_else(|| document().query_selector("main").ok().flatten());
            let Some(keeper) = keeper.and_then(|keeper| keeper.dyn_into::<HtmlElement>().ok()) else {
                return;
            };
            if !keeper.has_attribute("tabindex") {
                keeper.set_tab_index(-1);
            }
            let options = FocusOptions::new();
            options.set_prevent_scroll(true);
            let _ = keeper.focus_with_options(&options);
        },
        AFTER,
    );
}
