//! The page, one component a file. It knows the whole engine; the engine knows nothing of it.
//!
//! [`state`] holds what the user chose and what follows; components read it from context and write only to it.

mod architecture;
mod charts;
mod state;

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
    view! { <p>{move || state.answer.get().ok().map(|answer| answer.analysis.parameters.total.0)}</p> }
}
