//! Which of several charts is shown: one at once.

use leptos::prelude::*;

/// Buttons of which one is pressed.
#[component]
pub fn Choice<T>(
    /// What is chosen, for those who do not see it.
    label: &'static str,
    /// What is chosen now.
    chosen: RwSignal<T>,
    /// What there is, with its words.
    choices: Vec<(T, &'static str)>,
) -> impl IntoView
where
    T: Copy + PartialEq + Send + Sync + 'static,
{
    let buttons = choices
        .into_iter()
        .map(|(one, words)| {
            view! { <button type="button" aria-pressed=move || (chosen.get() == one).to_string() on:click=move |_| chosen.set(one)>{words}</button> }
        })
        .collect_view();
    view! { <div class="segments" role="group" aria-label=label>{buttons}</div> }
}
