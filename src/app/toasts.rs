//! Short notes that come and go, and the polite offer of a new version.

use std::sync::Arc;
use std::time::Duration;

use leptos::prelude::*;

use super::page::Page;

/// A note.
#[derive(Clone)]
pub struct Toast {
    id: u32,
    words: String,
    update: bool,
    /// The way back from what it speaks of.
    undo: Option<Undo>,
}

/// Lives as long as its note, whatever becomes of the view that made it.
type Undo = Arc<dyn Fn() + Send + Sync>;

/// So many notes stand at once.
const MOST: usize = 2;

/// Says something for a few seconds.
pub fn say(page: Page, words: impl Into<String>) {
    show(page, words.into(), None);
}

/// Says what was done, with a way back.
pub fn undoable(page: Page, words: String, undo: impl Fn() + Send + Sync + 'static) {
    show(page, words, Some(Arc::new(undo)));
}

fn show(page: Page, words: String, undo: Option<Undo>) {
    let id = page
        .toasts
        .with_untracked(|all| all.iter().map(|toast| toast.id).max().unwrap_or(0) + 1);
    // A way back stays for as long as one needs to get to it.
    let stays = if undo.is_some() { 15 } else { 6 };
    page.toasts.update(|all| {
        // More would be a wall over the page.
        let notes = all.iter().filter(|toast| !toast.update).count();
        if let Some(oldest) = all.iter().position(|toast| !toast.update).filter(|_| notes >= MOST) {
            all.remove(oldest);
        }
        all.push(Toast {
            id,
            words,
            update: false,
            undo,
        })
    });
    set_timeout(
        move || page.toasts.update(|all| all.retain(|toast| toast.id != id)),
        Duration::from_secs(stays),
    );
}

/// Goes the way back that the last note offers; whether there was one.
pub fn take_back(page: Page) -> bool {
    let found = page.toasts.with_untracked(|all| {
        let last = all.iter().rev().find(|toast| toast.undo.is_some())?;
        Some((last.id, last.undo.clone()?))
    });
    let Some((id, undo)) = found else { return false };
    undo();
    page.toasts.update(|all| all.retain(|toast| toast.id != id));
    true
}

/// Ways back end with what they were of: it was taken back already.
pub fn end_ways_back(page: Page) {
    page.toasts.update(|all| all.retain(|toast| toast.undo.is_none()));
}

/// Offers a new version when one waits; it is taken only on a click.
pub fn listen_for_updates(page: Page) {
    let offer = move || {
        page.toasts.update(|all| {
            if !all.iter().any(|toast| toast.update) {
                all.push(Toast {
                    id: 0,
                    words: "A new version is ready.".to_owned(),
                    update: true,
                    undo: None,
                });
            }
        });
    };
    let waiting = document()
        .document_element()
        .is_some_and(|root| root.has_attribute("data-update"));
    if waiting {
        offer();
    }
    // Listens as long as the page lives.
    let _ = window_event_listener_untyped("weighbridge:update", move |_| offer());
}

fn take_update() {
    let function = js_sys::Reflect::get(&window(), &"weighbridgeUpdate".into()).ok();
    if let Some(function) =
        function.and_then(|function| wasm_bindgen::JsCast::dyn_into::<js_sys::Function>(function).ok())
    {
        let _ = function.call0(&wasm_bindgen::JsValue::NULL);
    }
}

/// The notes on the page.
#[component]
pub fn ToastList() -> impl IntoView {
    let page = Page::here();
    view! {
        <div class="toasts" aria-live="polite">
            <For each=move || page.toasts.get() key=|toast| toast.id let(toast)>
                <div class="toast" role="status">
                    <span>{toast.words.clone()}</span>
                    {toast.undo.map(|undo| view! {
                        <button class="button small" type="button" on:click=move |_| {
                            undo();
                            page.toasts.update(|all| all.retain(|one| one.id != toast.id));
                        }>"Undo"</button>
                    })}
                    {toast.update.then(|| view! {
                        <button class="button small primary" type="button" on:click=move |_| take_update()>"Reload"</button>
                        <button class="button small" type="button" on:click=move |_| page.toasts.update(|all| all.retain(|toast| !toast.update))>"Later"</button>
                    })}
                </div>
            </For>
        </div>
    }
}
