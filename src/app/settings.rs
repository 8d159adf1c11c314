//! What the user set once and for all models: where the Hub is, the token, units and colours.
//!
//! Everything is kept by the browser alone: endpoint, units and colours in `localStorage`, the token in
//! `sessionStorage`, which ends with the tab. Storage may be refused; then it holds as long as the page does.

use js_sys::{Array, Reflect};
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::Storage;
use weighbridge::hub::{Endpoint, Token};
use weighbridge::units::{Marks, UnitSystem};

const ENDPOINT: &str = "endpoint";
const TOKEN: &str = "token";
/// The endpoint besides Hugging Face that the token may be sent to.
const TRUSTED: &str = "token-endpoint";
const UNITS: &str = "units";
const DIGITS: &str = "digits";
/// Read by `public/theme.js` before the first paint.
const THEME: &str = "theme";

/// The colour scheme.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, strum::EnumIter, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum Theme {
    /// As the system has it.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

/// The settings. Cheap to copy.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Where the Hub is.
    pub endpoint: RwSignal<Endpoint>,
    /// The user's token, if there is one.
    pub token: RwSignal<Option<Token>>,
    /// Whether the token may go to an endpoint that is not Hugging Face: this one and no other.
    pub trusted: RwSignal<Option<Endpoint>>,
    /// Colours.
    pub theme: RwSignal<Theme>,
}

impl Settings {
    /// Reads what the browser kept.
    pub fn load() -> Self {
        let read = |storage: Option<Storage>, key| storage.and_then(|storage| storage.get_item(key).ok().flatten());
        let endpoint = |text: String| Endpoint::parse(&text).ok();
        Self {
            endpoint: RwSignal::new(read(local(), ENDPOINT).and_then(endpoint).unwrap_or_default()),
            token: RwSignal::new(read(session(), TOKEN).and_then(|text| Token::parse(&text).ok())),
            trusted: RwSignal::new(read(session(), TRUSTED).and_then(endpoint)),
            theme: RwSignal::new(
                read(local(), THEME)
                    .and_then(|text| text.parse().ok())
                    .unwrap_or_default(),
            ),
        }
    }
    /// Sets and keeps the endpoint; the default is not kept.
    pub fn set_endpoint(self, endpoint: Endpoint) {
        let text = (endpoint != Endpoint::default()).then(|| endpoint.to_string());
        keep(local(), ENDPOINT, text.as_deref());
        self.endpoint.set(endpoint);
    }
    /// Sets the token for this tab, or forgets it.
    pub fn set_token(self, token: Option<Token>) {
        // The header's value is the one way to the token's text.
        let text = token.as_ref().map(Token::authorization);
        keep(
            session(),
            TOKEN,
            text.as_deref().and_then(|text| text.strip_prefix("Bearer ")),
        );
        if token.is_none() {
            self.set_trusted(None);
        }
        self.token.set(token);
    }
    /// Lets the token go to this endpoint too, or to Hugging Face alone.
    pub fn set_trusted(self, endpoint: Option<Endpoint>) {
        keep(session(), TRUSTED, endpoint.as_ref().map(Endpoint::as_str));
        self.trusted.set(endpoint);
    }
    /// Sets the colours now and for later.
    pub fn set_theme(self, theme: Theme) {
        let name: &'static str = theme.into();
        let chosen = (theme != Theme::System).then_some(name);
        keep(local(), THEME, chosen);
        if let Some(root) = document().document_element() {
            let _ = match chosen {
                Some(name) => root.set_attribute("data-theme", name),
                None => root.remove_attribute("data-theme"),
            };
        }
        self.theme.set(theme);
    }
    /// The token, if it may go to the endpoint in use.
    pub fn token_to_send(self) -> Option<Token> {
        let allowed = self.endpoint.with_untracked(|endpoint| {
            endpoint.is_hugging_face()
                || self
                    .trusted
                    .with_untracked(|trusted| trusted.as_ref() == Some(endpoint))
        });
        self.token.get_untracked().filter(|_| allowed)
    }
}

/// The units the browser kept.
pub fn units() -> UnitSystem {
    let kept = local().and_then(|storage| storage.get_item(UNITS).ok().flatten());
    if kept.as_deref() == Some("GB") {
        UnitSystem::Gb
    } else {
        UnitSystem::default()
    }
}

/// Keeps the units.
pub fn keep_units(units: UnitSystem) {
    keep(local(), UNITS, (units == UnitSystem::Gb).then_some("GB"));
}

/// How numbers are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, strum::EnumIter, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum Digits {
    /// As the reader's language has it.
    #[default]
    Language,
    /// `1,234.5`.
    Point,
    /// `1.234,5`.
    Comma,
    /// `1 234,5`.
    Space,
}

impl Digits {
    /// What the browser kept.
    pub fn kept() -> Self {
        let kept = local().and_then(|storage| storage.get_item(DIGITS).ok().flatten());
        kept.and_then(|text| text.parse().ok()).unwrap_or_default()
    }
    /// Keeps it and loads the page again, with all its questions: numbers stand everywhere.
    pub fn choose(self) {
        let name: &'static str = self.into();
        keep(local(), DIGITS, (self != Self::default()).then_some(name));
        let _ = window().location().reload();
    }
    /// 12345678.5 and 1234 written so; none where the language decides.
    pub const fn example(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Language => None,
            Self::Point => Some(("12,345,678.5", "1,234")),
            Self::Comma => Some(("12.345.678,5", "1.234")),
            Self::Space => Some(("12\u{202f}345\u{202f}678,5", "1\u{202f}234")),
        }
    }
}

/// Writes numbers as was chosen, or as the reader's language does where its marks are known.
pub fn use_own_marks() {
    if let Some((large, small)) = Digits::kept().example() {
        if let Some(marks) = Marks::of(large, small) {
            marks.set();
        }
        return;
    }
    // `boot.js` has asked the browser while the program came.
    let learnt = Reflect::get(&window(), &"weighbridgeNumbers".into())
        .ok()
        .and_then(|written| written.dyn_into::<Array>().ok())
        .and_then(|written| written.get(0).as_string().zip(written.get(1).as_string()))
        .and_then(|(large, small)| Marks::of(&large, &small));
    if let Some(marks) = learnt {
        marks.set();
    }
}

/// `localStorage`, if the browser grants it.
pub fn local() -> Option<Storage> {
    window().local_storage().ok().flatten()
}

/// `sessionStorage`, if the browser grants it: it lives as long as the window's tab.
pub fn session() -> Option<Storage> {
    window().session_storage().ok().flatten()
}

/// Keeps or removes a value; a refusal is no error.
pub fn keep(storage: Option<Storage>, key: &str, value: Option<&str>) {
    let Some(storage) = storage else { return };
    let _ = match value {
        Some(value) => storage.set_item(key, value),
        None => storage.remove_item(key),
    };
}
