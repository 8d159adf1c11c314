//! What a canvas depends on and CSS handles by itself elsewhere: its size, the density of the screen, the scheme.

use leptos::prelude::*;
use wasm_bindgen::JsCast as _;
use wasm_bindgen::prelude::Closure;
use web_sys::{Element, MutationObserver, MutationObserverInit, ResizeObserver};
use weighbridge::chart::Theme;

/// Size of an element in CSS pixels, followed until the owner goes.
pub fn size_of(element: &Element) -> RwSignal<(f64, f64)> {
    let read = |element: &Element| (f64::from(element.client_width()), f64::from(element.client_height()));
    let size = RwSignal::new(read(element));
    let watched = element.clone();
    let changed = Closure::<dyn FnMut()>::new(move || {
        let now = read(&watched);
        if size.try_get_untracked().is_some_and(|before| before != now) {
            size.set(now);
        }
    });
    if let Ok(observer) = ResizeObserver::new(changed.as_ref().unchecked_ref()) {
        observer.observe(element);
        let kept = StoredValue::new_local((observer, changed));
        on_cleanup(move || {
            let _ = kept.try_with_value(|(observer, _)| observer.disconnect());
        });
    }
    size
}

/// Device pixels in a CSS pixel. Zooming and moving to another screen resize the window.
pub fn density() -> RwSignal<f64> {
    let density = RwSignal::new(window().device_pixel_ratio());
    let changed = window_event_listener(leptos::ev::resize, move |_| {
        let now = window().device_pixel_ratio();
        if density
            .try_get_untracked()
            .is_some_and(|before| (before - now).abs() > f64::EPSILON)
        {
            density.set(now);
        }
    });
    on_cleanup(move || changed.remove());
    density
}

/// The colour scheme as it is at the moment.
pub fn scheme_now() -> Theme {
    let chosen = document()
        .document_element()
        .and_then(|root| root.get_attribute("data-theme"));
    let dark = match chosen.as_deref() {
        Some("dark") => true,
        Some("light") => false,
        _ => window()
            .match_media("(prefers-color-scheme: dark)")
            .ok()
            .flatten()
            .is_some_and(|query| query.matches()),
    };
    if dark { Theme::Dark } else { Theme::Light }
}

/// The colour scheme: `data-theme` on the root, else what the system says.
pub fn scheme() -> RwSignal<Theme> {
    let scheme = RwSignal::new(scheme_now());
    let changed = Closure::<dyn FnMut()>::new(move || {
        let now = scheme_now();
        if scheme.try_get_untracked().is_some_and(|before| before != now) {
            scheme.set(now);
        }
    });
    let query = window().match_media("(prefers-color-scheme: dark)").ok().flatten();
    let function: &js_sys::Function = changed.as_ref().unchecked_ref();
    if let Some(query) = &query {
        let _ = query.add_event_listener_with_callback("change", function);
    }
    let observer = MutationObserver::new(function).ok();
    if let (Some(observer), Some(root)) = (&observer, document().document_element()) {
        let options = MutationObserverInit::new();
        options.set_attributes(true);
        let _ = observer.observe_with_options(&root, &options);
    }
    let kept = StoredValue::new_local((query, observer, changed));
    on_cleanup(move || {
        let _ = kept.try_with_value(|(query, observer, changed)| {
            if let Some(query) = query {
                let _ = query.remove_event_listener_with_callback("change", changed.as_ref().unchecked_ref());
            }
            if let Some(observer) = observer {
                observer.disconnect();
            }
        });
    });
    scheme
}
