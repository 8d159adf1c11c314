//! The search of the Hub: words and filters, and what would run on the devices of the case. Yours first, then what is built
//! in, then what the Hub lists.

mod ask;
mod filters;
mod row;
mod rows;
mod said;

use std::time::Duration;

use js_sys::{Array, Function, Reflect};
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::HtmlElement;
use weighbridge::hub::search::Filter;
use weighbridge::units::{counted, one_or_times};

use super::case::Case;
use super::dialogs::Dialogs;
use super::drop::in_field;
use super::footer::Footer;
use super::hardware::facts::resolve;
use super::icon::Icon;
use super::models::board::{Which, begin_with, question_of};
use super::page::Shows;
use super::parts::{Arrival, Part, Quietly, arrival, reader_part, sheet};
use super::state::State as Cases;
use super::toasts::ToastList;
use ask::{Desk, State};
use filters::Filters;
use row::line;
use rows::{Row, Under, fits};
use said::{Nothing, Trouble, online};

/// The state of the place. Cheap to copy; its components take it from context.
#[derive(Clone, Copy)]
struct Place {
    case: Case,
    state: Cases,
    desk: Desk,
    /// What rows are made under.
    under: Memo<Under>,
    /// Whether no row is shown.
    nothing: Memo<bool>,
    /// Changes with what is pinned.
    kept: RwSignal<u32>,
    online: RwSignal<bool>,
}

impl Place {
    fn here() -> Self {
        expect_context()
    }
}

/// The whole place.
#[component]
pub fn Finder() -> impl IntoView {
    sheet::adopt(include_str!("../../../style/parts/finder.css"));
    let (case, state) = (Case::here(), Cases::here());
    let desk = Desk::new(case);
    let under = Memo::new(move |_| Under {
        question: case.scenario.with(question_of),
        units: case.page.units.get(),
    });
    let (kept, connected) = (RwSignal::new(0), RwSignal::new(online()));
    let library = arrival(Part::Library);
    let yours = Memo::new(move |_| {
        kept.track();
        desk.query.with(|query| under.with(|under| under.yours(query)))
    });
    let built_in = Memo::new(move |_| {
        if library.get() != Arrival::Here {
            return Vec::new();
        }
        desk.query
            .with(|query| under.with(|under| yours.with(|yours| under.built_in(query, yours))))
    });
    let hub = Memo::new(move |_| {
        let known = |id: &str| {
            [yours, built_in]
                .into_iter()
                .any(|rows| rows.with(|rows| rows.iter().any(|row| row.id == id)))
        };
        desk.query.with(|query| {
            desk.listed.with(|listed| {
                under.with(|under| {
                    let rows = listed.iter().map(|one| under.of_listed(one));
                    rows.filter(|row| fits(query, row) && !known(&row.id))
                        .collect::<Vec<_>>()
                })
            })
        })
    });
    let nothing = Memo::new(move |_| [yours, built_in, hub].into_iter().all(|rows| rows.with(Vec::is_empty)));
    let place = Place {
        case,
        state,
        desk,
        under,
        nothing,
        kept,
        online: connected,
    };
    provide_context(place);
    let field = NodeRef::<html::Input>::new();
    let focus = move || {
        if let Some(field) = field.get_untracked() {
            let _ = field.focus();
            field.select();
        }
    };
    // The answer on the page before may still hold it.
    set_timeout(focus, Duration::from_millis(30));
    let listeners = [
        window_event_listener(leptos::ev::online, move |_| connected.set(true)),
        window_event_listener(leptos::ev::offline, move |_| connected.set(false)),
        window_event_listener(leptos::ev::keydown, move |event| {
            let plain = !(event.ctrl_key() || event.meta_key() || event.alt_key());
            if plain && event.key() == "/" && !in_field(event.target()) && case.page.dialog.get_untracked().is_none() {
                event.prevent_default();
                focus();
            }
        }),
    ];
    on_cleanup(move || listeners.into_iter().for_each(WindowListenerHandle::remove));
    let device = Memo::new(move |_| {
        under.with(|under| {
            let hardware = &under.question.hardware;
            let device = resolve(hardware.device.as_deref()?)?;
            Some(one_or_times(hardware.devices, device.short_name()))
        })
    });
    let keys = move |event: leptos::ev::KeyboardEvent| {
        let target = event.target().and_then(|target| target.dyn_into::<HtmlElement>().ok());
        let on_menu = target
            .as_ref()
            .is_some_and(|target| target.tag_name() == "SELECT" || target.closest("dialog").ok().flatten().is_some());
        if on_menu {
            return;
        }
        match event.key().as_str() {
            "ArrowDown" => step(1, focus),
            "ArrowUp" => step(-1, focus),
            "Enter" if event.shift_key() => match target.and_then(|target| target.get_attribute("data-id")) {
                Some(id) => place.compare(&id),
                None => return,
            },
            "Enter" => match target.as_ref().map(|target| target.id()).as_deref() {
                Some("find-words") => first(place),
                _ => return,
            },
            "Escape" => match target.as_ref().map(|target| target.id()).as_deref() {
                Some("find-words") | None => case.page.shows.set(Shows::Answer),
                _ => focus(),
            },
            _ => return,
        }
        event.prevent_default();
    };
    let rows = move |rows: Memo<Vec<Row>>| {
        // A row is drawn anew where what it says is another.
        let key = |row: &Row| {
            (
                row.id.clone(),
                row.verdict.clone().map(|(_, short, about)| (short, about)),
                row.note.clone(),
                row.pinned,
            )
        };
        view! { <ul class="rows"><For each=move || rows.get() key=key children=move |row| line(place, row)/></ul> }
    };
    let some = |rows: Memo<Vec<Row>>| move || !rows.with(Vec::is_empty);
    let listed = move || {
        let sort = desk.query.with(|query| query.get(Filter::Sort).label);
        match desk.state.get() {
            State::Asking => "asking …".to_owned(),
            State::There | State::More => format!("{} shown, by {sort}", hub.with(Vec::len)),
            State::Idle | State::Failed(_) => String::new(),
        }
    };
    let heard = move || match desk.state.get() {
        State::There => format!("{} found on the Hub.", counted(hub.with(Vec::len) as u64, "model")),
        _ => String::new(),
    };
    view! {
        <main class="place finder" id="answer" tabindex="-1" aria-labelledby="finder-title" on:keydown=keys>
            <h1 class="unseen" id="finder-title">"Search the Hub"</h1>
            <section class="card panel-of" aria-label="Search">
                <div class="ask">
                    <label class="omnibox"><Icon name="search"/>
                        <input id="find-words" node_ref=field type="search" autocomplete="off" autocapitalize="off" spellcheck="false" enterkeyhint="search"
                            placeholder="Words of a model's name: qwen3 30b, coder, embedding" aria-label="Search the Hub"
                            prop:value=move || desk.query.with(|query| query.words.clone())
                            on:input:target=move |event| { let words = event.target().value(); desk.change(|query| query.words = words); }/></label>
                    <Filters/>
                </div>
                <div class="rows-head" aria-hidden="true"><span>"Model"</span><span>"Parameters"</span><span>"Formats"</span><span>"Licence"</span><span>"Downloads"</span><span>"Changed"</span>
                    <span>{move || device.get().map_or_else(|| "Without a device".to_owned(), |name| format!("On {name}"))}</span></div>
                <Trouble/>
                <p class="unseen" role="status">{heard}</p>
                <Show when=some(yours)><h2>"Yours"</h2>{rows(yours)}</Show>
                <Show when=some(built_in)><h2><span>"Built in"</span><span>"exact, without a network"</span></h2>{rows(built_in)}</Show>
                <Show when=move || desk.query.with(|query| query.is_worth_asking()) && !matches!(desk.state.get(), State::Failed(_)) && connected.get()>
                    <h2><span>"On the Hub"</span><span class="num">{listed}</span></h2>
                    <Show when=move || desk.state.get() == State::Asking><div class="asking" aria-hidden="true"><i></i><i></i><i></i></div></Show>
                    {rows(hub)}
                    <div class="after">
                    <Show when=move || desk.next.with(Option::is_some)>
                        <button class="button small" type="button" id="find-more" disabled=move || desk.state.get() == State::More on:click=move |_| desk.more()>
                            {move || if desk.state.get() == State::More { "Asking …" } else { "Further models" }}</button>
                    </Show>
                    <Show when=some(hub)>
                        <button class="button small" type="button" id="find-rank" on:click=move |_| { begin_with(Which::Hub); case.page.shows.set(Shows::Models); }>"Rank them with the built-in ones"</button>
                    </Show>
                    </div>
                </Show>
                <Show when=move || desk.state.get() == State::Idle && desk.query.with(|query| query.words.trim().is_empty())>
                    <p class="note">"Words or a filter ask the Hub. Nothing is sent before."</p>
                </Show>
                <Nothing/>
                <div class="keys-foot"><span><kbd>"↑"</kbd><kbd>"↓"</kbd>" choose"</span><span><kbd>"Enter"</kbd>" weigh"</span><span><kbd>"Shift"</kbd><kbd>"Enter"</kbd>" set beside the others"</span><span><kbd>"Esc"</kbd>" back"</span>
                    <span class="rough">"“should”: by the size in the listing; exact once it was opened"</span></div>
            </section>
        </main>
        <Footer/>
        <Dialogs/>
        <Quietly part=Part::Reader view=|| reader_part().map(|reader| reader.drop)/>
        <ToastList/>
    }
}

/// The buttons that the arrow keys walk through.
fn stops() -> Vec<HtmlElement> {
    let page: JsValue = document().into();
    let find = Reflect::get(&page, &"querySelectorAll".into()).and_then(JsCast::dyn_into::<Function>);
    let found = find.and_then(|find| find.call1(&page, &".finder [data-row]".into()));
    let all = found.map(|found| Array::from(&found)).unwrap_or_default();
    all.iter()
        .filter_map(|node| node.dyn_into::<HtmlElement>().ok())
        .collect()
}

/// A row that is drawn anew elsewhere keeps the focus.
fn focus_soon(id: &str) {
    let id = id.to_owned();
    set_timeout(
        move || {
            let stop = stops()
                .into_iter()
                .find(|stop| stop.get_attribute("data-id").as_deref() == Some(&id));
            if let Some(stop) = stop {
                let _ = stop.focus();
            }
        },
        Duration::from_millis(30),
    );
}

/// One row on; above the first is the field.
fn step(by: isize, field: impl Fn()) {
    let stops = stops();
    let now = document().active_element();
    let at = stops.iter().position(|stop| {
        now.as_ref()
            .is_some_and(|now| **now == **AsRef::<web_sys::Element>::as_ref(stop))
    });
    let next = match (at, by) {
        (None, 1) => Some(0),
        (Some(0), -1) => None,
        (Some(at), by) => Some(at.saturating_add_signed(by).min(stops.len().saturating_sub(1))),
        (None, _) => None,
    };
    match next.and_then(|at| stops.get(at)) {
        Some(stop) => {
            let _ = stop.focus();
        }
        None => field(),
    }
}

/// Opens what Enter means in the field: an address or id as it stands, else the first row.
fn first(place: Place) {
    let words = place.desk.query.with_untracked(|query| query.words.clone());
    if words.contains('/') {
        return place.open(words.trim());
    }
    if let Some(id) = stops().first().and_then(|stop| stop.get_attribute("data-id")) {
        place.open(&id);
    }
}
