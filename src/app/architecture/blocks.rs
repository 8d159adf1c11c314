//! Names of tensors on narrow screens.

use leptos::prelude::*;

/// A tensor's name that may break after each dot, for narrow screens.
pub fn breakable(name: &str) -> impl IntoView + use<> {
    name.split_inclusive('.')
        .map(|part| view! { {part.to_owned()} <wbr /> })
        .collect::<Vec<_>>()
}
