//! The page, one component a file. It knows the whole engine; the engine knows nothing of it.
//!
//! [`state`] holds what the user chose and what follows; components read it from context and write only to it.

mod dialogs;
mod drop;
mod icon;
mod model_card;
mod omnibox;
mod problem;
mod settings;
mod source;
mod state;
mod suggest;

pub use state::State;

use leptos::prelude::*;

/// Empties the shell and mounts the app in its place.
pub fn start() {
    let Some(root) = document().get_element_by_id("app") else { return };
    root.set_inner_html("");
    let root: web_sys::HtmlElement = wasm_bindgen::JsCast::unchecked_into(root);
    leptos::mount::mount_to(root.clone(), App).forget();
    let _ = root.remove_attribute("aria-busy");
}

/// The whole page.
#[component]
fn App() -> impl IntoView {
    let state = State::new();
    provide_context(state);
    source::start(state);
    view! {
        <header class="top"><omnibox::Omnibox /></header>
        <main class="frame">
            <section class="panel" aria-label="What to weigh">
                <details class="card" open><summary>"Model"</summary><div class="body"><model_card::ModelCard /></div></details>
                <button type="button" class="tool" aria-label="Settings" on:click=move |_| state.dialog.set(Some(state::Dialog::Settings))>"Settings"</button>
                <button type="button" class="tool" aria-label="Keys and help" on:click=move |_| state.dialog.set(Some(state::Dialog::Keys))>"Keys"</button>
            </section>
            <p data-figure="parameters.total">{move || state.shown.get().map(|answer| answer.analysis.parameters.total.0)}</p>
        </main>
        <dialogs::Dialogs />
        <drop::DropTarget />
    }
}
