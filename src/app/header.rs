//! The header: mark, search, tools.

use leptos::prelude::*;

use super::case::Case;
use super::icon::Icon;
use super::page::{Dialog, Shows};
use super::parts::OmniboxSoon;
use super::settings::Theme;
use super::slices::Slice;
use super::state::State;

/// The header.
#[component]
pub fn Header() -> impl IntoView {
    let case = Case::here();
    let state = State::here();
    let count = move || state.cases().len();
    let at = move |place| move || (case.page.shows.get() == place).then_some("page");
    let offline = RwSignal::new(!window().navigator().on_line());
    let gone = window_event_listener(leptos::ev::offline, move |_| offline.set(true));
    let back = window_event_listener(leptos::ev::online, move |_| offline.set(false));
    on_cleanup(move || {
        gone.remove();
        back.remove();
    });
    let scheme = move || match case.page.settings.theme.get() {
        Theme::System => "Colour scheme: system",
        Theme::Light => "Colour scheme: light",
        Theme::Dark => "Colour scheme: dark",
    };
    let next_scheme = move |_| {
        case.page
            .settings
            .set_theme(match case.page.settings.theme.get_untracked() {
                Theme::System => Theme::Light,
                Theme::Light => Theme::Dark,
                Theme::Dark => Theme::System,
            });
    };
    view! {
        <header class="top">
            <a class="mark" href="./">
                <svg aria-hidden="true" fill="currentColor"><use href="#i-mark"></use></svg>
                "Weighbridge"
            </a>
            <Slice view=|| view! { <OmniboxSoon/> }.into_any()/>
            <div class="tools">
                {move || offline.get().then(|| view! {
                    <span class="tag" title="The catalogue and all you read before still work."><Icon name="offline"/><span class="word">"Offline"</span></span>
                })}
                <button class="tool" id="compare" type="button" aria-label=move || format!("Compare {}", count()) aria-current=at(Shows::Compare) on:click=move |_| case.page.toggle(Shows::Compare)>
                    <Icon name="columns"/><span class="word">"Compare"</span>" "<span class="badge">{count}</span>
                </button>
                <button class="tool" id="history" type="button" aria-label="History" aria-current=at(Shows::History) on:click=move |_| case.page.toggle(Shows::History)>
                    <Icon name="clock"/><span class="word">"History"</span>
                </button>
                <button class="tool" type="button" aria-label="Settings" on:click=move |_| case.page.dialog.set(Some(Dialog::Settings))>
                    <Icon name="settings"/><span class="word">"Settings"</span>
                </button>
                <button class="tool only" type="button" aria-label=scheme title=scheme on:click=next_scheme><Icon name="scheme"/></button>
                <button class="tool only" type="button" aria-label="Keys and help" title="Keys and help" on:click=move |_| case.page.dialog.set(Some(Dialog::Keys))>
                    <Icon name="question"/>
                </button>
            </div>
        </header>
    }
}
