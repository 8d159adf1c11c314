//! The search for a model: a combobox with a list of what can be loaded.

use leptos::ev;
use leptos::html;
use leptos::prelude::*;
use weighbridge::hub::search::HubQuery;

use super::badge::fit_badge;
use super::case::Case;
use super::first_choice;
use super::hardware::choose;
use super::icon::Icon;
use super::page::Shows;
use super::source::search::{Search, search};
use super::source::{self, recent};
use super::state::State;
use super::suggest::{Kind, Suggestion, suggestions};
use super::verdict::focus_answer;

/// The search field with its list. `/` anywhere on the page goes to it.
#[component]
pub fn Omnibox() -> impl IntoView {
    let case = Case::here();
    let state = State::here();
    let text = RwSignal::new(String::new());
    let open = RwSignal::new(false);
    let at = RwSignal::new(0_usize);
    let field = NodeRef::<html::Input>::new();
    // Read when the list opens: another tab may have added to it.
    let lately = RwSignal::new(Vec::new());
    let found = search(case, text.into(), open.into());
    let offered = Memo::new(move |_| {
        if !open.get() {
            return Vec::new();
        }
        let found = found.get();
        let found = match &found {
            Search::Found(found) => found.as_slice(),
            _ => &[],
        };
        let endpoint = case.page.settings.endpoint.get();
        text.with(|text| lately.with(|lately| suggestions(text, &endpoint, lately, found)))
    });
    let listed = Memo::new(move |_| offered.with(|all| !all.is_empty()));
    let shown = Memo::new(move |_| open.get() && (listed.get() || words(&found.get(), text).is_some()));
    let show = move || {
        lately.set(recent::list());
        at.set(0);
        open.set(true);
    };
    let take = move |what: &str, kind: Kind| {
        open.set(false);
        text.set(String::new());
        if kind == Kind::Device {
            first_choice::for_device(case, |scenario| choose(scenario, what.to_owned(), false));
        } else {
            source::load(state.for_another(case), what);
        }
        // The list is gone: on with the answer, not with the top of the page.
        focus_answer();
    };
    // The same words on the Hub, with filters and all that is found.
    let further = move || {
        open.set(false);
        let words = text.get_untracked();
        case.page.search.set(HubQuery::of(words.trim()).to_link());
        text.set(String::new());
        case.page.shows.set(Shows::Search);
    };
    let enter = move || {
        let typed = text.get_untracked();
        let chosen = offered.with_untracked(|all| all.get(at.get_untracked()).map(|one| (one.text.clone(), one.kind)));
        match chosen {
            Some((chosen, kind)) => take(&chosen, kind),
            None if typed.trim().is_empty() => {}
            // Several words that name nothing built in: the Hub may know them.
            None if typed.trim().contains(' ') && !typed.contains('/') && !source::is_json(&typed) => further(),
            // Nothing to offer: the text itself says what is wrong with it.
            None => take(&typed, Kind::Hub),
        }
    };
    let step = move |by: isize| {
        if !open.get_untracked() {
            return show();
        }
        let count = offered.with_untracked(Vec::len);
        if count > 0 {
            at.update(|at| *at = at.saturating_add(count).saturating_add_signed(by) % count);
            scroll_to(at.get_untracked());
        }
    };
    let keys = move |event: ev::KeyboardEvent| {
        match event.key().as_str() {
            "ArrowDown" => step(1),
            "ArrowUp" => step(-1),
            "Enter" if event.ctrl_key() || event.meta_key() => further(),
            "Enter" => enter(),
            "Escape" if open.get_untracked() => open.set(false),
            "Escape" => text.set(String::new()),
            _ => return,
        }
        event.prevent_default();
    };
    // A config has line breaks, which the field would lose.
    let paste = move |event: ev::ClipboardEvent| {
        let pasted = event
            .clipboard_data()
            .and_then(|data| data.get_data("text").ok())
            .unwrap_or_default();
        if source::is_json(&pasted) {
            event.prevent_default();
            take(&pasted, Kind::Hub);
        }
    };
    let slash = window_event_listener(ev::keydown, move |event| {
        let plain = !(event.ctrl_key() || event.meta_key() || event.alt_key());
        if plain
            && event.key() == "/"
            && !super::drop::in_field(event.target())
            && case.page.dialog.get_untracked().is_none()
        {
            event.prevent_default();
            if let Some(field) = field.get_untracked() {
                let _ = field.focus();
            }
        }
    });
    on_cleanup(move || slash.remove());
    view! {
        <search class="find">
            <label class="omnibox">
                <Icon name="search" />
                <input
                    id="find"
                    node_ref=field
                    type="search"
                    role="combobox"
                    aria-expanded=move || (open.get() && listed.get()).to_string()
                    aria-autocomplete="list"
                    aria-controls="find-list"
                    aria-activedescendant=move || (open.get() && listed.get()).then(|| format!("find-{}", at.get()))
                    aria-label="Find a model"
                    placeholder="Model name, Hub id or URL, or drop a config.json, .safetensors, .gguf"
                    autocomplete="off"
                    autocapitalize="off"
                    spellcheck="false"
                    enterkeyhint="go"
                    prop:value=move || text.get()
                    on:input:target=move |event| {
                        text.set(event.target().value());
                        show();
                    }
                    on:focus=move |_| show()
                    on:blur=move |_| open.set(false)
                    on:keydown=keys
                    on:paste=paste
                />
                <kbd class="slash" aria-hidden="true">"/"</kbd>
            </label>
            <Show when=move || shown.get()>
                // A press must not take the focus away before the click comes.
                <div class="suggest" on:mousedown=|event| event.prevent_default()>
                    <div id="find-list" role="listbox" aria-label="Models and hardware">{move || groups(offered.get(), at, take)}</div>
                    <p class="searched" role="status">{move || words(&found.get(), text)}</p>
                    <button class="choice hub" id="find-further" type="button" tabindex="-1" on:click=move |_| further()>
                        <Icon name="search"/><span class="name">"All on the Hub, with filters"</span><span class="meta">"Ctrl Enter"</span></button>
                </div>
            </Show>
        </search>
    }
}

/// How the search of the Hub goes, where its models do not tell.
pub fn words(found: &Search, text: RwSignal<String>) -> Option<&'static str> {
    match found {
        Search::Asking => Some("Searching the Hub…"),
        Search::Failed => Some("The Hub does not answer. Built-in models need no network."),
        Search::Found(found) if found.is_empty() && !text.with(|text| text.contains('/')) => {
            Some("The Hub has no other model of that name.")
        }
        Search::Found(_) | Search::Idle => None,
    }
}

/// The list, with a heading wherever the group changes.
fn groups(all: Vec<Suggestion>, at: RwSignal<usize>, take: impl Fn(&str, Kind) + Copy + 'static) -> Vec<AnyView> {
    let mut views = Vec::new();
    let mut rest: Vec<(usize, Suggestion)> = all.into_iter().enumerate().collect();
    while let Some((_, first)) = rest.first() {
        let group = first.group.clone();
        let end = rest
            .iter()
            .position(|(_, one)| one.group != group)
            .unwrap_or(rest.len());
        let tail = rest.split_off(end);
        let options: Vec<_> = rest
            .into_iter()
            .map(|(index, one)| option(index, one, at, take))
            .collect();
        views.push(
            view! {
                <p class="group-name" aria-hidden="true">{group.clone()}</p>
                <div role="group" class="choices" aria-label=group>{options}</div>
            }
            .into_any(),
        );
        rest = tail;
    }
    views
}

fn option(
    index: usize,
    one: Suggestion,
    at: RwSignal<usize>,
    take: impl Fn(&str, Kind) + Copy + 'static,
) -> impl IntoView {
    let Suggestion {
        text,
        name,
        meta,
        kind,
        listed,
        ..
    } = one;
    let of = text.clone();
    let inside = match kind {
        Kind::Catalogue => view! { <span class="name">{name}</span> }.into_any(),
        Kind::Found => view! { <Icon name="cloud" /><span class="name">{name}</span> }.into_any(),
        Kind::Recent => view! { <Icon name="clock" /><span class="name">{name}</span> }.into_any(),
        Kind::Device => view! { <span class="name">"On "{name}</span> }.into_any(),
        Kind::Hub => {
            view! { <Icon name="cloud" /><span class="name">"Load "<b>{name}</b>" from the Hub"</span> }.into_any()
        }
    };
    view! {
        <div
            class="choice"
            class:hub=kind == Kind::Hub
            id=format!("find-{index}")
            role="option"
            aria-selected=move || (at.get() == index).to_string()
            on:click=move |_| take(&text, kind)
            on:mousemove=move |_| if at.get_untracked() != index { at.set(index) }
        >
            {inside}
            {(kind != Kind::Device).then(|| fit_badge(Case::here(), &of, listed.as_ref()))}
            <span class="meta">{meta}</span>
        </div>
    }
}

fn scroll_to(index: usize) {
    if let Some(option) = document().get_element_by_id(&format!("find-{index}")) {
        option.scroll_into_view_with_bool(false);
    }
}
