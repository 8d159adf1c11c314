//! An icon of the sprite in `index.html`.

use leptos::prelude::*;

/// The icon `#i-name`. It says nothing by itself: words stand beside it, or a label on its button.
#[component]
pub fn Icon(name: &'static str) -> impl IntoView {
    view! { <svg class="icon" aria-hidden="true"><use href=format!("#i-{name}") /></svg> }
}
