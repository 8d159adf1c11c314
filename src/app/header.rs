//! The header: mark, search, tools.

use leptos::prelude::*;

use super::icon::Icon;
use super::state::State;
use super::toasts;

/// The header.
#[component]
pub fn Header() -> impl IntoView {
    let state = State::here();
    let share = move |_| {
        let href = format!(
            "{}{}?{}",
            location().origin().unwrap_or_default(),
            location().pathname().unwrap_or_default(),
            weighbridge::scenario::to_query(&state.scenario.get_untracked()),
        );
        let copied = window().navigator().clipboard().write_text(&href);
        leptos::task::spawn_local(async move {
            let words = match wasm_bindgen_futures::JsFuture::from(copied).await {
                Ok(_) => "Link copied: it holds the whole question.",
                Err(_) => "The browser did not allow copying. The address bar holds the link.",
            };
            toasts::say(state, words);
        });
    };
    view! {
        <header class="top">
            <a class="mark" href="./">
                <svg aria-hidden="true" fill="currentColor"><use href="#i-mark"></use></svg>
                "Weighbridge"
            </a>
            <search class="find">
                <label class="omnibox">
                    <Icon name="search"/>
                    <input id="find" type="search"/>
                    <kbd class="slash" aria-hidden="true">"/"</kbd>
                </label>
            </search>
            <div class="tools">
                <button class="tool" type="button" aria-label="Share: copy the link" on:click=share>
                    <Icon name="share"/><span class="word">"Share"</span>
                </button>
            </div>
        </header>
    }
}

fn location() -> web_sys::Location {
    window().location()
}
