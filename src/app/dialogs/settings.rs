//! Settings: the Hub, the token, units, colours.

use leptos::prelude::*;
use strum::IntoEnumIterator;
use weighbridge::hub::{Endpoint, Token};
use weighbridge::units::UnitSystem;

use super::Frame;
use crate::app::case::Case;
use crate::app::history::prefs;
use crate::app::page::Page;
use crate::app::settings::{Digits, Theme, keep_units};

/// The settings. Each takes effect at once.
#[component]
pub fn SettingsDialog() -> impl IntoView {
    view! {
        <Frame title="Settings" class="narrow">
            <EndpointSetting />
            <TokenSetting />
            <UnitsSetting />
            <DigitsSetting />
            <ThemeSetting />
            <HistorySetting />
        </Frame>
    }
}

/// Where the Hub is.
#[component]
fn EndpointSetting() -> impl IntoView {
    let settings = Page::here().settings;
    let error = RwSignal::new(None);
    let set = move |text: String| match Endpoint::parse(&text) {
        Ok(endpoint) => {
            error.set(None);
            settings.set_endpoint(endpoint);
        }
        Err(why) => error.set(Some(why.to_string())),
    };
    let usual = move || settings.endpoint.with(|endpoint| *endpoint == Endpoint::default());
    view! {
        <div class="setting" class:invalid=move || error.with(Option::is_some)>
            <label for="endpoint">"Hub endpoint"</label>
            <div class="field text">
                <input
                    id="endpoint"
                    type="url"
                    autocomplete="off"
                    spellcheck="false"
                    aria-invalid=move || error.with(Option::is_some).to_string()
                    prop:value=move || settings.endpoint.get().to_string()
                    on:change:target=move |event| set(event.target().value())
                />
            </div>
            {move || error.get().map(|words| view! { <p class="error" role="alert">{words}</p> })}
            <p class="help">"Hugging Face, a mirror of it, or your own."</p>
            <Show when=move || !usual() || error.with(Option::is_some)>
                <p class="from">
                    <button class="link" type="button" on:click=move |_| {
                        // Set even if it was the same: the field may show a text that was refused.
                        error.set(None);
                        settings.set_endpoint(Endpoint::default());
                    }>{format!("Back to {}", Endpoint::default())}</button>
                </p>
            </Show>
        </div>
    }
}

/// The token: hidden, for this tab only, for Hugging Face only unless the user says otherwise.
#[component]
fn TokenSetting() -> impl IntoView {
    let settings = Page::here().settings;
    let visible = RwSignal::new(false);
    let error = RwSignal::new(None);
    let kept = settings
        .token
        .with_untracked(|token| token.as_ref().map(Token::authorization));
    let text = RwSignal::new(
        kept.and_then(|text| text.strip_prefix("Bearer ").map(str::to_owned))
            .unwrap_or_default(),
    );
    let set = move |typed: String| {
        text.set(typed.clone());
        if typed.trim().is_empty() {
            error.set(None);
            return settings.set_token(None);
        }
        match Token::parse(&typed) {
            Ok(token) => {
                error.set(None);
                settings.set_token(Some(token));
            }
            Err(why) => {
                error.set(Some(why.to_string()));
                settings.set_token(None);
            }
        }
    };
    let elsewhere =
        move || settings.token.with(Option::is_some) && settings.endpoint.with(|endpoint| !endpoint.is_hugging_face());
    let trusted = move || {
        settings
            .endpoint
            .with(|endpoint| settings.trusted.with(|trusted| trusted.as_ref() == Some(endpoint)))
    };
    view! {
        <div class="setting" class:invalid=move || error.with(Option::is_some)>
            <label for="token">"Token"</label>
            <div class="row">
                <div class="field text">
                    <input
                        id="token"
                        type=move || if visible.get() { "text" } else { "password" }
                        autocomplete="off"
                        spellcheck="false"
                        aria-describedby="token-help"
                        prop:value=move || text.get()
                        on:change:target=move |event| set(event.target().value())
                    />
                </div>
                <button class="button" type="button" aria-pressed=move || visible.get().to_string() on:click=move |_| visible.update(|visible| *visible = !*visible)>
                    {move || if visible.get() { "Hide" } else { "Show" }}
                </button>
                <Show when=move || settings.token.with(Option::is_some)>
                    <button class="button" type="button" on:click=move |_| set(String::new())>"Forget"</button>
                </Show>
            </div>
            {move || error.get().map(|words| view! { <p class="error" role="alert">{words}</p> })}
            <p class="help" id="token-help">
                "For gated and private models; public ones need none. It stays in this tab until you close it, goes to the endpoint only, and is never part of a link or an export."
            </p>
            <Show when=elsewhere>
                <div class="callout" data-kind="warn">
                    <crate::app::icon::Icon name="alert" />
                    <p class="what">{move || format!("{} is not Hugging Face.", settings.endpoint.get().place())}</p>
                    <p class="next">"Whoever runs it could use your token. It is not sent there unless you allow it."</p>
                    <label class="check">
                        <input
                            id="trust"
                            type="checkbox"
                            prop:checked=trusted
                            on:change:target=move |event| settings.set_trusted(event.target().checked().then(|| settings.endpoint.get_untracked()))
                        />
                        "Send my token there"
                    </label>
                </div>
            </Show>
        </div>
    }
}

/// Whether past calculations are kept.
#[component]
fn HistorySetting() -> impl IntoView {
    view! {
        <div class="setting" role="group" aria-labelledby="history-label">
            <span class="label" id="history-label">"History"</span>
            <label class="check"><input id="history-keeps" type="checkbox" prop:checked=prefs::keeps() on:change:target=|event| prefs::set_keeps(event.target().checked())/>
                "Keep past calculations"</label>
            <label class="check"><input id="history-private" type="checkbox" prop:checked=prefs::keeps_private() on:change:target=|event| prefs::set_keeps_private(event.target().checked())/>
                "Those of models that my token opened, too"</label>
            <p class="help">"In this browser only. Whoever uses it can read them."</p>
        </div>
    }
}

/// GiB or GB.
#[component]
fn UnitsSetting() -> impl IntoView {
    let case = Case::here();
    let choice = move |units: UnitSystem| {
        let set = move |_| {
            keep_units(units);
            case.page.units.set(units);
        };
        view! { <button type="button" aria-pressed=move || (case.page.units.get() == units).to_string() on:click=set>{units.to_string()}</button> }
    };
    view! {
        <div class="setting">
            <span class="label" id="units-label">"Units"</span>
            <div class="segments" role="group" aria-labelledby="units-label">{choice(UnitSystem::Gib)}{choice(UnitSystem::Gb)}</div>
            <p class="help">"1 GiB is 1,073,741,824 bytes, as drivers report memory; 1 GB is 1,000,000,000 bytes, as files are sold."</p>
        </div>
    }
}

/// The marks between digits.
#[component]
fn DigitsSetting() -> impl IntoView {
    let now = Digits::kept();
    let choice = move |digits: Digits| {
        let words = match digits {
            Digits::Language => "Language",
            Digits::Point => "1,234.5",
            Digits::Comma => "1.234,5",
            Digits::Space => "1\u{202f}234,5",
        };
        let press = move |_| {
            if digits != now {
                digits.choose();
            }
        };
        view! { <button type="button" class="num" aria-pressed=(digits == now).to_string() on:click=press>{words}</button> }
    };
    view! {
        <div class="setting">
            <span class="label" id="digits-label">"Numbers"</span>
            <div class="segments" role="group" aria-labelledby="digits-label">{Digits::iter().map(choice).collect::<Vec<_>>()}</div>
            <p class="help">"As your browser's language writes them, or so. The page is loaded again; its questions stay."</p>
        </div>
    }
}

/// System, light, dark.
#[component]
fn ThemeSetting() -> impl IntoView {
    let settings = Page::here().settings;
    let choice = move |theme: Theme| {
        let words = match theme {
            Theme::System => "System",
            Theme::Light => "Light",
            Theme::Dark => "Dark",
        };
        let pressed = move || (settings.theme.get() == theme).to_string();
        view! { <button type="button" aria-pressed=pressed on:click=move |_| settings.set_theme(theme)>{words}</button> }
    };
    view! {
        <div class="setting">
            <span class="label" id="theme-label">"Colour scheme"</span>
            <div class="segments" role="group" aria-labelledby="theme-label">{Theme::iter().map(choice).collect::<Vec<_>>()}</div>
        </div>
    }
}
