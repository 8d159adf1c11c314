//! The clipboard.

use leptos::prelude::*;

use super::page::Page;
use super::toasts;

const REFUSED: &str = "The browser did not allow copying. Select the text instead.";

/// Copies a text and says so, or why not.
pub fn copy(page: Page, text: &str, done: &'static str) {
    // There is no clipboard on a page that came over plain http.
    if !window().is_secure_context() {
        return toasts::say(page, REFUSED);
    }
    let copied = window().navigator().clipboard().write_text(text);
    leptos::task::spawn_local(async move {
        let words = match wasm_bindgen_futures::JsFuture::from(copied).await {
            Ok(_) => done,
            Err(_) => REFUSED,
        };
        toasts::say(page, words);
    });
}
