//! Everything that can be done, by typing (Ctrl+K); every change taken back (Ctrl+Z); what a new version brought.

mod deeds;
mod lost_focus;
mod news;
mod undo;

pub use news::News;

use leptos::html;
use leptos::prelude::*;

use super::case::Case;
use super::dialogs::share::print_by_itself;
use super::icon::Icon;
use super::parts::sheet;
use super::state::State;
use deeds::{Deed, offered};

/// Remembers changes, prints the report, and tells once what a new version brought.
pub fn follow(state: State) {
    lost_focus::listen();
    undo::follow(state);
    print_by_itself(state);
    news::tell(state.page);
}

/// A field, and what it offers.
#[component]
pub fn PaletteList() -> impl IntoView {
    sheet::adopt(include_str!("../../../style/parts/palette.css"));
    let (case, state) = (Case::here(), State::here());
    let (typed, at) = (RwSignal::new(String::new()), RwSignal::new(0_usize));
    let found = RwSignal::new_local(offered(case, state, ""));
    let field = NodeRef::<html::Input>::new();
    request_animation_frame(move || {
        if let Some(field) = field.get_untracked() {
            let _ = field.focus();
        }
    });
    let run = move |deed: &Deed| {
        // Closed first: the deed may open another.
        case.page.dialog.set(None);
        (deed.run)();
    };
    let enter = move || {
        if let Some(deed) = found.with_untracked(|all| all.get(at.get_untracked()).cloned()) {
            run(&deed);
        }
    };
    let step = move |by: isize| {
        let count = found.with_untracked(Vec::len);
        if count > 0 {
            at.update(|at| *at = at.saturating_add(count).saturating_add_signed(by) % count);
            scroll_to(at.get_untracked());
        }
    };
    let keys = move |event: leptos::ev::KeyboardEvent| {
        match event.key().as_str() {
            "ArrowDown" => step(1),
            "ArrowUp" => step(-1),
            "PageDown" => step(6),
            "PageUp" => step(-6),
            "Enter" => enter(),
            _ => return,
        }
        event.prevent_default();
    };
    let count = move || match found.with(Vec::len) {
        0 => "Nothing is called so.".to_owned(),
        1 => "1 found".to_owned(),
        some => format!("{some} found"),
    };
    view! {
        <label class="omnibox"><Icon name="search"/>
            <input id="palette" node_ref=field type="search" role="combobox" aria-expanded="true" aria-controls="palette-list" aria-autocomplete="list" autocomplete="off"
                autocapitalize="off" spellcheck="false" placeholder="A place, a model, a device, a setting: dark, 4090, engine vllm, batch 8" aria-label="Do anything"
                aria-activedescendant=move || found.with(|all| (at.get() < all.len()).then(|| format!("deed-{}", at.get())))
                on:input:target=move |event| {
                    typed.set(event.target().value());
                    found.set(offered(case, state, &typed.get_untracked()));
                    at.set(0);
                }
                on:keydown=keys/></label>
        <div id="palette-list" role="listbox" aria-label="What can be done">
            {move || {
                let all = found.get();
                let rows: Vec<(usize, Deed)> = all.into_iter().enumerate().collect();
                rows.chunk_by(|one, next| one.1.group == next.1.group)
                    .map(|rows| {
                        let title = rows.first().map_or("", |(_, deed)| deed.group);
                        let options = rows.iter().map(|(place, deed)| option(*place, deed.clone(), at, run)).collect_view();
                        view! { <div class="family" role="group" aria-label=title><h3 aria-hidden="true">{title}</h3>{options}</div> }
                    })
                    .collect_view()
            }}
        </div>
        <p class="searched" role="status">{count}</p>
    }
}

fn option(place: usize, deed: Deed, at: RwSignal<usize>, run: impl Fn(&Deed) + Copy + 'static) -> impl IntoView {
    let keys = deed.keys.iter().map(|key| view! { <kbd>{*key}</kbd> }).collect_view();
    let (words, note) = (deed.words.clone(), deed.note.clone());
    view! {
        <div class="choice" id=format!("deed-{place}") role="option" aria-selected=move || (at.get() == place).to_string()
            on:click=move |_| run(&deed) on:mousemove=move |_| if at.get_untracked() != place { at.set(place) }>
            <span class="name">{words}</span><span class="meta">{note}{keys}</span>
        </div>
    }
}

fn scroll_to(place: usize) {
    if let Some(option) = document().get_element_by_id(&format!("deed-{place}")) {
        option.scroll_into_view_with_bool(false);
    }
}
