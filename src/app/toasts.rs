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
    page.toasts.update(|all| {
        all.push(Toast {
            id,
            words,
            update: false,
            undo,
        })
    });
    set_timeout(
        move || page.toasts.update(|all| all.retain(|toast| toast.id != id)),
        Duration::from_secs(6),
    );
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
