//! Keys, and what this is.

use leptos::prelude::*;

use weighbridge::export::VERSION;

use super::Frame;
use crate::app::page::{Dialog, Page};

/// Keys and what they do.
const KEYS: &[(&[&str], &str)] = &[
    (
        &["Ctrl", "K"],
        "Do anything by typing: places, models, devices, settings (⌘K on a Mac)",
    ),
    (&["/"], "Find a model"),
    (&["S"], "Search the Hub with filters, and back"),
    (&["Ctrl", "Enter"], "In the search for a model: its words with filters"),
    (&["1"], "to 7: the tabs that are there"),
    (&["M"], "What runs on the device, and back"),
    (&["C"], "Compare all questions of this page, and back"),
    (&["Alt", "←"], "In a comparison: move the column"),
    (&["H"], "Past calculations, and back"),
    (&["?"], "This list"),
    (
        &["Ctrl", "V"],
        "Paste a Hub address or a config.json anywhere on the page",
    ),
    (&["Ctrl", "Z"], "Take the last change back"),
    (&["Ctrl", "Shift", "Z"], "Bring it again; Ctrl Y does too"),
    (
        &["Shift", "Enter"],
        "In the search of the Hub: set the model beside the others",
    ),
    (&["Esc"], "Close what is open"),
];

/// The list of keys.
#[component]
pub fn Keys() -> impl IntoView {
    let page = Page::here();
    let rows = KEYS.iter().map(|(keys, words)| {
        let keys = keys.iter().map(|key| view! { <kbd>{*key}</kbd> }).collect::<Vec<_>>();
        view! { <dt>{keys}</dt><dd>{*words}</dd> }
    });
    view! {
        <Frame title="Keys and help" class="narrow">
            <dl class="keys">{rows.collect::<Vec<_>>()}</dl>
            <p>
                "Weighbridge says whether a language model fits your hardware, how fast it runs there, and why, before you download it. \
                 Choose a model, say what you do with it, choose a device."
            </p>
            <p>{format!("Version {VERSION}. ")}<button class="link" type="button" on:click=move |_| page.dialog.set(Some(Dialog::News))>"What is new"</button></p>
            <p>"Any number can be opened: it shows its formula and where its inputs came from."</p>
            <p>"It computes in your browser. The address holds everything you chose, so a link shows the same; a token is never part of it."</p>
        </Frame>
    }
}
