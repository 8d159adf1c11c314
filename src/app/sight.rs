//! Whether an element is in sight.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::{Element, IntersectionObserver, IntersectionObserverEntry, IntersectionObserverInit};

/// Tells whether an element is within the window or so many CSS pixels of it, now and whenever that changes, as long as
/// whoever calls this lives.
///
/// False where the browser has no way to tell.
pub fn watch(element: &Element, pixels: u32, tell: impl Fn(bool) + 'static) -> bool {
    let seen = Closure::<dyn FnMut(js_sys::Array)>::new(move |entries: js_sys::Array| {
        let entry = entries.pop().unchecked_into::<IntersectionObserverEntry>();
        tell(entry.is_intersecting());
    });
    let how = IntersectionObserverInit::new();
    how.set_root_margin(&format!("{pixels}px"));
    let Ok(observer) = IntersectionObserver::new_with_options(seen.as_ref().unchecked_ref(), &how) else {
        return false;
    };
    observer.observe(element);
    let kept = StoredValue::new_local((observer, seen));
    on_cleanup(move || {
        kept.try_with_value(|(observer, _)| observer.disconnect());
    });
    true
}
