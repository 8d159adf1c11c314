//! The picker: every built-in model one click away, the Hub, a file, a pasted config.

use leptos::html;
use leptos::prelude::*;
use weighbridge::model::catalogue::{self, Entry};
use weighbridge::scenario::ModelSource;

use super::Frame;
use crate::app::badge::fit_badge;
use crate::app::case::Case;
use crate::app::icon::Icon;
use crate::app::omnibox;
use crate::app::source::search::{Search, search};
use crate::app::source::{self, recent};
use crate::app::suggest::{listed_words, matches, on_the_hub, size};

/// Choose a model.
#[component]
pub fn Picker() -> impl IntoView {
    let case = Case::here();
    let filter = RwSignal::new(String::new());
    let take = move |what: &str| {
        case.page.dialog.set(None);
        source::load(case, what);
    };
    let hub = Memo::new(move |_| {
        let locator = filter.with(|text| {
            case.page
                .settings
                .endpoint
                .with(|endpoint| on_the_hub(text.trim(), endpoint))
        });
        locator
            .map(|locator| locator.to_string())
            .filter(|id| catalogue::find(id).is_none())
    });
    let found = search(case, filter.into(), Signal::stored(true));
    let lately = recent::list();
    let first = move || {
        let typed = filter.get_untracked();
        let only = hub.get_untracked().map(|_| typed.clone());
        only.or_else(|| catalogue::named(&typed).first().map(|(_, entry)| entry.id.clone()))
            .unwrap_or(typed)
    };
    let enter = move |event: leptos::ev::KeyboardEvent| {
        if event.key() == "Enter" && filter.with_untracked(|text| !text.trim().is_empty()) {
            event.prevent_default();
            take(&first());
        }
    };
    let nothing = move || {
        let some = found
            .with(|found| matches!(found, Search::Asking) || matches!(found, Search::Found(all) if !all.is_empty()));
        filter
            .with(|text| !some && hub.get().is_none() && !catalogue::entries().iter().any(|entry| matches(entry, text)))
    };
    view! {
        <Frame title="Choose a model" class="picker">
            <div class="filter">
                <label class="omnibox">
                    <Icon name="search" />
                    <input
                        id="filter"
                        type="search"
                        autofocus
                        autocomplete="off"
                        spellcheck="false"
                        placeholder="Filter, or a Hub id or URL"
                        aria-label="Filter, or a Hub id or URL"
                        on:input:target=move |event| filter.set(event.target().value())
                        on:keydown=enter
                    />
                </label>
            </div>
            <div class="or"><FileZone /><PasteArea /></div>
            {move || hub.get().map(|id| view! {
                <ul class="choices single"><li>
                    <button class="choice hub" type="button" on:click=move |_| take(&filter.get_untracked())>
                        <Icon name="cloud" /><span class="name">"Load "<b>{id}</b>" from the Hub"</span><span class="meta">"Enter"</span>
                    </button>
                </li></ul>
            })}
            {move || filter.with(String::is_empty).then(|| recent_models(lately.clone(), take))}
            {move || filter.with(|text| families(case, text, take))}
            {move || found.with(|found| on_hub(case, found, take))}
            <p class="searched" role="status">{move || omnibox::words(&found.get(), filter)}</p>
            <Show when=nothing>
                <div class="empty">
                    <Icon name="search" />
                    <b>"No built-in model is called so."</b>
                    <span>"Write owner/name to read any public model from the Hub, for example Qwen/Qwen3-8B."</span>
                </div>
            </Show>
        </Frame>
    }
}

/// What the search of the Hub found.
fn on_hub(case: Case, found: &Search, take: impl Fn(&str) + Copy + 'static) -> Option<AnyView> {
    let Search::Found(found) = found else { return None };
    let choices: Vec<_> = found
        .iter()
        .map(|one| {
            let id = one.id.to_string();
            let badge = fit_badge(case, &id, Some(one));
            let name = id.clone();
            view! { <li><button class="choice" type="button" on:click=move |_| take(&id)><Icon name="cloud" /><span class="name">{name}</span>{badge}<span class="meta">{listed_words(one)}</span></button></li> }
        })
        .collect();
    (!choices.is_empty()).then(|| {
        view! { <section class="family"><h3>"On the Hub"</h3><ul class="choices">{choices}</ul></section> }.into_any()
    })
}

fn recent_models(ids: Vec<String>, take: impl Fn(&str) + Copy + 'static) -> Option<impl IntoView> {
    let choices = ids.into_iter().map(|id| {
        let name = id.clone();
        view! { <li><button class="choice" type="button" on:click=move |_| take(&id)><Icon name="clock" /><span class="name">{name}</span></button></li> }
    });
    let choices: Vec<_> = choices.collect();
    (!choices.is_empty())
        .then(|| view! { <section class="family"><h3>"Recent"</h3><ul class="choices">{choices}</ul></section> })
}

/// The catalogue by family, as far as it matches.
fn families(case: Case, filter: &str, take: impl Fn(&str) + Copy + 'static) -> Vec<AnyView> {
    let in_hand = case
        .model
        .with_untracked(|model| match model.as_ref().map(|model| &model.asked) {
            Some(ModelSource::Id(id)) => id.clone(),
            _ => String::new(),
        });
    let shown: Vec<&Entry> = catalogue::entries()
        .iter()
        .filter(|entry| matches(entry, filter))
        .collect();
    shown
        .chunk_by(|one, next| one.family == next.family)
        .map(|entries| {
            let choices = entries.iter().map(|&entry| {
                let current = (entry.id == in_hand).then_some("true");
                view! {
                    <li><button class="choice" type="button" title=entry.id.as_str() aria-current=current on:click=move |_| take(&entry.id)>
                        <span class="name">{entry.name.as_str()}</span>{fit_badge(case, &entry.id, None)}<span class="meta">{size(entry)}</span>
                    </button></li>
                }
            });
            let title = entries.first().map(|entry| entry.family.as_str());
            view! { <section class="family"><h3>{title}</h3><ul class="choices">{choices.collect::<Vec<_>>()}</ul></section> }.into_any()
        })
        .collect()
}

/// Drop or choose a file. The window takes the drop itself.
#[component]
fn FileZone() -> impl IntoView {
    let case = Case::here();
    let over = RwSignal::new(false);
    let chooser = NodeRef::<html::Input>::new();
    let chosen = move |_| {
        if let Some(files) = chooser.get_untracked().and_then(|chooser| chooser.files()) {
            let files = (0..files.length()).filter_map(|at| files.get(at)).collect();
            case.page.dialog.set(None);
            source::read_files(case, files);
        }
    };
    view! {
        <div class="drop-zone" class:over=move || over.get() on:dragover=move |_| over.set(true) on:dragleave=move |_| over.set(false) on:drop=move |_| over.set(false)>
            <Icon name="file" />
            <span title="A config.json, or a .safetensors or .gguf, of which only the header is read. Nothing is sent.">"A file of yours"<span class="by-hand">": drop it here"</span></span>
            <button class="button small" type="button" on:click=move |_| { if let Some(chooser) = chooser.get_untracked() { chooser.click() } }>"Choose a file"</button>
            <input id="file" node_ref=chooser type="file" accept=source::CHOOSE multiple hidden aria-label="Choose a file" on:change=chosen />
        </div>
    }
}

/// Paste a config: taken as soon as it is one.
#[component]
fn PasteArea() -> impl IntoView {
    let case = Case::here();
    let error = RwSignal::new(None::<String>);
    let read = move |text: String| {
        if text.trim().is_empty() {
            return error.set(None);
        }
        match weighbridge::hub::read_json(&text) {
            Err(what) => error.set(Some(format!("This is not a config.json: it holds {what}."))),
            Ok(config) => match weighbridge::model::Blueprint::from_value(config.clone()) {
                Err(why) => error.set(Some(why.to_string())),
                Ok(_) => {
                    case.page.dialog.set(None);
                    source::use_config(case, config, None);
                }
            },
        }
    };
    view! {
        <div class:invalid=move || error.with(Option::is_some)>
            <textarea id="paste" rows="1" aria-label="Paste a config" placeholder="Paste a config.json" spellcheck="false" on:input:target=move |event| read(event.target().value())></textarea>
            {move || error.get().map(|words| view! { <p class="error" role="alert">{words}</p> })}
        </div>
    }
}
