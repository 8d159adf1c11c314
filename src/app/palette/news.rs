//! What is new, told once for each version: `data/whats_new.csv`.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use weighbridge::export::VERSION;

use crate::app::icon::Icon;
use crate::app::page::{Dialog, Page};
use crate::app::parts::sheet;
use crate::app::settings::{keep, local};

const TABLE: &str = include_str!("../../../data/whats_new.csv");
const KEY: &str = "version";

/// The points of a version.
fn points(version: &str) -> Vec<String> {
    let mut reader = csv::Reader::from_reader(TABLE.as_bytes());
    let rows = reader.records().filter_map(Result::ok);
    let of = rows.filter(|row| row.get(0) == Some(version));
    of.filter_map(|row| row.get(1).map(str::to_owned)).collect()
}

/// The points of this version.
#[component]
pub fn News() -> impl IntoView {
    let rows = points(VERSION).into_iter().map(|words| view! { <li>{words}"."</li> });
    view! {
        <p>{format!("Version {VERSION}")}</p>
        <ul class="points">{rows.collect_view()}</ul>
        <p><a href="https://github.com/weighbridge/weighbridge/blob/main/CHANGELOG.md">"All changes"</a></p>
    }
}

/// Says it where this browser had another version before. The first visit has nothing new.
pub fn tell(page: Page) {
    let before = local().and_then(|storage| storage.get_item(KEY).ok().flatten());
    if before.as_deref() == Some(VERSION) {
        return;
    }
    keep(local(), KEY, Some(VERSION));
    let (true, Some(body)) = (before.is_some(), document().body()) else {
        return;
    };
    sheet::adopt(include_str!("../../../style/parts/palette.css"));
    let shown = RwSignal::new(true);
    let first = points(VERSION).into_iter().next().unwrap_or_default();
    leptos::mount::mount_to(body.unchecked_into(), move || {
        view! {
            <Show when=move || shown.get()>
                <aside class="news" aria-label="What is new"><span><b>{format!("New in {VERSION}: ")}</b>{first.clone()}"."</span>
                    <button class="button small" type="button" on:click=move |_| { shown.set(false); page.dialog.set(Some(Dialog::News)); }>"What is new"</button>
                    <button class="icon-button" type="button" aria-label="Dismiss" on:click=move |_| shown.set(false)><Icon name="cross"/></button>
                </aside>
            </Show>
        }
    })
    .forget();
}
