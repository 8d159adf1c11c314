//! Files that become rows: what History exports, and the JSON of the command line. They are looked at before they are added.

use js_sys::Date;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen_futures::JsFuture;
use web_sys::File;
use weighbridge::export::history::{Fault, ImportError, Kept, read};
use weighbridge::limits;
use weighbridge::units::{capital, counted};

use super::shelf::Shelf;
use crate::app::icon::Icon;
use crate::app::page::Page;
use crate::app::toasts;

/// Faults that are told one by one.
const TOLD: usize = 5;

/// What was found in a file.
#[derive(Clone, Debug)]
struct Found {
    name: String,
    version: Option<String>,
    /// Rows that are not here yet.
    new: Vec<Kept>,
    known: usize,
    /// Rows that are here and get the pin, name or note that the file has.
    marked: Vec<Kept>,
    /// How many of the new ones this version does not understand whole.
    strange: usize,
    faults: Vec<Fault>,
}

thread_local! {
    static FOUND: ArcRwSignal<Option<Result<Found, (String, String)>>> = ArcRwSignal::new(None);
}

fn found() -> ArcRwSignal<Option<Result<Found, (String, String)>>> {
    FOUND.with(Clone::clone)
}

/// Looks into files that were chosen or dropped.
pub fn read_files(files: Vec<File>) {
    let Some(file) = files.into_iter().next() else { return };
    let name = file.name();
    spawn_local(async move {
        let read = if limits::HISTORY.bytes < file.size() as u64 {
            Err(limits::HISTORY.refusal(&name))
        } else {
            match JsFuture::from(file.text()).await.ok().and_then(|text| text.as_string()) {
                Some(text) => read(&text, Date::now().max(0.0) as u64).map_err(|error: ImportError| error.to_string()),
                None => Err(format!("The browser could not read {name}. Choose it again.")),
            }
        };
        let result = read.map_err(|why| (name.clone(), why)).map(|import| {
            let beside = import.beside(&Shelf::here().rows());
            Found {
                strange: beside.new.iter().filter(|row| !row.is_understood()).count(),
                name,
                version: import.version,
                new: beside.new,
                known: beside.known,
                marked: beside.marked,
                faults: import.faults,
            }
        });
        found().set(Some(result));
    });
}

/// What was found, to be added or not; nothing while no file was read.
#[component]
pub fn ImportCard() -> impl IntoView {
    let page = Page::here();
    let found = found();
    let close = {
        let found = found.clone();
        move || found.set(None)
    };
    move || {
        let close = close.clone();
        found.get().map(move |result| match result {
            Err((name, why)) => {
                let close = close.clone();
                view! {
                    <div class="callout" role="alert" data-code="history_import"><Icon name="alert"/>
                        <p class="what">{name}" was not read."</p>
                        <p class="next">{why}</p>
                        <div class="row"><button class="button small" type="button" on:click=move |_| close()>"Close"</button></div>
                    </div>
                }
                .into_any()
            }
            Ok(found) => card(page, found, close).into_any(),
        })
    }
}

fn card(page: Page, found: Found, close: impl Fn() + Clone + 'static) -> impl IntoView {
    let all = (found.new.len() + found.known + found.faults.len()) as u64;
    let side = match &found.version {
        Some(version) => format!("{}, version {version}", counted(all, "calculation")),
        None => counted(all, "calculation"),
    };
    let are = |count: usize, one: &str, many: &str| {
        if count == 1 {
            format!("1 {one}")
        } else {
            format!("{count} {many}")
        }
    };
    let new = found.new.len();
    let more = found.faults.len().saturating_sub(TOLD);
    let faults = found
        .faults
        .iter()
        .take(TOLD)
        .map(|fault| format!("Number {} is left out: {}", fault.at, fault.why))
        .chain((more > 0).then(|| format!("{more} more are left out.")));
    let faults: Vec<String> = faults.map(|words| capital(words.trim_end_matches('.')) + ".").collect();
    let marked = found.marked.len();
    let rows: Vec<Kept> = found.new.iter().chain(&found.marked).cloned().collect();
    let (add, cancel) = (close.clone(), close);
    let add = move |_| {
        Shelf::here().put(rows.clone());
        let mut words = format!("{} added.", counted(new as u64, "calculation"));
        if marked > 0 {
            words.push_str(&format!(" Pins, names and notes of {marked} taken over."));
        }
        toasts::say(page, words);
        add();
    };
    view! {
        <section class="card imp" aria-labelledby="import-title">
            <p class="head"><b id="import-title"><code>{found.name}</code></b><span class="side num">{side}</span></p>
            <ul class="num">
                <li class="ok"><Icon name="check"/><span>{are(new, "is new", "are new")}</span></li>
                {(found.known > 0).then(|| view! { <li><Icon name="columns"/><span>{are(found.known, "is here already, left as it is", "are here already, left as they are")}</span></li> })}
                {(marked > 0).then(|| view! { <li class="ok"><Icon name="check"/><span>{are(marked, "of them is pinned, named or noted in the file: that is taken over", "of them are pinned, named or noted in the file: that is taken over")}</span></li> })}
                {(found.strange > 0).then(|| view! { <li class="odd"><Icon name="alert"/><span>{are(found.strange, "names something this version does not know. It is kept as it is.", "name something this version does not know. They are kept as they are.")}</span></li> })}
                {faults.into_iter().map(|words| view! { <li class="odd"><Icon name="alert"/><span>{words}</span></li> }).collect_view()}
            </ul>
            <div class="row">
                {(new + marked > 0).then(|| view! { <button class="button primary" type="button" on:click=add>{if new > 0 { format!("Add {new}") } else { format!("Take over {marked}") }}</button> })}
                <button class="button" type="button" on:click=move |_| cancel()>{if new + marked > 0 { "Cancel" } else { "Close" }}</button>
            </div>
        </section>
    }
}
