//! The search before its part is there: a field that takes what is typed and hands it over.

use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, HtmlInputElement};

use super::tables::View;
use super::{Arrival, Part, arrival, reader, reader_part, want};
use crate::app::case::Case;
use crate::app::icon::Icon;
use crate::app::state::State;

/// The search field, whole or on its way.
#[component]
pub fn OmniboxSoon() -> impl IntoView {
    let here = {
        let arrival = arrival(Part::Reader);
        Memo::new(move |_| arrival.get() == Arrival::Here)
    };
    let field = NodeRef::<html::Input>::new();
    move || {
        if !here.get() {
            return view! { <Field field=field/> }.into_any();
        }
        if let Some(field) = untrack(|| field.get()) {
            hand_over(&field);
        }
        let view: Option<View> = reader_part().map(|reader| reader.omnibox);
        view.map_or_else(|| ().into_any(), |view| untrack(view))
    }
}

#[component]
fn Field(field: NodeRef<html::Input>) -> impl IntoView {
    let (case, state) = (Case::here(), State::here());
    let keys = move |event: leptos::ev::KeyboardEvent| {
        let typed = field.get_untracked().map(|field| field.value()).unwrap_or_default();
        if event.key() == "Enter" && !typed.trim().is_empty() {
            event.prevent_default();
            if let Some(field) = field.get_untracked() {
                field.set_value("");
            }
            reader::load(state.for_another(case), &typed);
        }
    };
    view! {
        <search class="find">
            <label class="omnibox">
                <Icon name="search"/>
                <input id="find" node_ref=field type="search" role="combobox" aria-expanded="false" aria-autocomplete="list" aria-controls="find-list"
                    aria-label="Find a model" placeholder="Model name, Hub id or URL, or drop a config.json, .safetensors, .gguf"
                    autocomplete="off" autocapitalize="off" spellcheck="false" enterkeyhint="go"
                    on:focus=move |_| want(Part::Reader) on:keydown=keys/>
                <kbd class="slash" aria-hidden="true">"/"</kbd>
            </label>
        </search>
    }
}

/// Gives what was typed, and the focus, to the field that takes the place of this one.
fn hand_over(old: &HtmlInputElement) {
    let typed = old.value();
    let focused = document()
        .active_element()
        .is_some_and(|active| active == *old.unchecked_ref::<web_sys::Element>());
    if typed.is_empty() && !focused {
        return;
    }
    request_animation_frame(move || {
        let Some(new) = document()
            .get_element_by_id("find")
            .and_then(|element| element.dyn_into::<HtmlInputElement>().ok())
        else {
            return;
        };
        if focused {
            let _ = new.unchecked_ref::<HtmlElement>().focus();
        }
        if !typed.is_empty()
            && let Ok(event) = web_sys::Event::new("input")
        {
            new.set_value(&typed);
            let _ = new.dispatch_event(&event);
        }
    });
}

/// Puts the focus into the search of the header.
pub fn focus_search() {
    let field = document().get_element_by_id("find");
    if let Some(field) = field.and_then(|field| field.dyn_into::<HtmlElement>().ok()) {
        let _ = field.focus();
    }
}
