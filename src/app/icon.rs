//! An icon of the sprite in `index.html`.

use leptos::prelude::*;

/// `<svg class="icon"><use href="#i-NAME"/></svg>`, hidden from readers.
#[component]
pub fn Icon(name: &'static str) -> impl IntoView {
    view! { <svg class="icon" aria-hidden="true"><use href=format!("#i-{name}")></use></svg> }
}
