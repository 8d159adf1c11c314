//! What is said where models do not tell: searching, no network, refused, nothing found.

use leptos::prelude::*;
use weighbridge::hub::search::SearchProblem;
use weighbridge::model::catalogue;
use weighbridge::units::grouped;

use super::Place;
use super::ask::State;
use crate::app::icon::Icon;
use crate::app::page::Dialog;
use crate::app::source::recent;

/// Whether the browser says that there is a network.
pub fn online() -> bool {
    window().navigator().on_line()
}

/// The state of the search above the rows: trouble alone.
#[component]
pub fn Trouble() -> impl IntoView {
    let place = Place::here();
    let (desk, page) = (place.desk, place.case.page);
    let again = move || {
        let left = desk.wait.get();
        if left == 0 {
            "Try again".to_owned()
        } else {
            format!("Again in {}:{:02}", left / 60, left % 60)
        }
    };
    move || {
        if !place.online.get() {
            let read = recent::list().len() as u64;
            let words = format!(
                "{} built-in models and {} read before can be weighed.",
                grouped(catalogue::entries().len() as u64),
                grouped(read)
            );
            return Some(view! { <p class="say" role="status"><Icon name="offline"/><span><b>"No network. "</b>{words}</span></p> }.into_any());
        }
        let State::Failed(problem) = desk.state.get() else {
            return None;
        };
        let (what, next) = problem.words();
        let (what, next) = (what.to_owned(), next);
        let bad = !matches!(problem, SearchProblem::Away);
        Some(view! {
            <div class="say" class:bad=bad role="alert"><Icon name="alert"/><span><b>{what}" "</b>{next}</span>
                <span class="deeds">
                    <button class="button small num" type="button" id="find-again" disabled=move || { desk.wait.get() > 0 } on:click=move |_| desk.again()>{again}</button>
                    <button class="button small" type="button" on:click=move |_| page.dialog.set(Some(Dialog::Settings))>"Use a mirror or a token"</button>
                </span>
            </div>
        }
        .into_any())
    }
}

/// What stands where nothing was found: the nearest name, and other ways.
#[component]
pub fn Nothing() -> impl IntoView {
    let place = Place::here();
    let (desk, page) = (place.desk, place.case.page);
    let none = Memo::new(move |_| {
        let asked = desk.query.with(|query| query.is_worth_asking());
        let settled = matches!(desk.state.get(), State::There | State::Idle);
        asked && settled && place.nothing.get()
    });
    let nearest = Memo::new(move |_| {
        let words = desk.query.with(|query| query.words.clone());
        // A word less, and once more.
        let words: Vec<&str> = words.split_whitespace().collect();
        (1..=words.len()).rev().find_map(|count| {
            let asked = words.get(..count)?.join(" ");
            catalogue::named(&asked).first().map(|(_, entry)| entry.id.clone())
        })
    });
    move || {
        none.get().then(|| {
            let narrowed = desk.query.with(|query| query.is_narrowed());
            view! {
                <div class="say none"><Icon name="search"/><span><b>{if narrowed { "No model passes the filters. " } else { "No model of that name. " }}</b>
                    {move || nearest.get().map(|id| { let open = id.clone(); view! { "The nearest: "<button class="link" type="button" on:click=move |_| place.open(&open)>{id}</button> } })}</span>
                    <span class="deeds">
                        {narrowed.then(|| view! { <button class="button small" type="button" id="find-widen" on:click=move |_| desk.change(|query| *query = query.widened())>"Drop the filters"</button> })}
                        <button class="button small" type="button" on:click=move |_| page.dialog.set(Some(Dialog::Picker))>"Paste a config.json"</button>
                    </span>
                    <small>"Private and misspelt names look the same from outside. A token in the settings opens your own."</small>
                </div>
            }
        })
    }
}
