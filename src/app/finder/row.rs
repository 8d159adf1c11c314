//! One row: open it, pin it, set it into the comparison, or choose one of its GGUF files.

use leptos::prelude::*;
use leptos::task::spawn_local;
use weighbridge::analysis::{Verdict, rough_verdict};
use weighbridge::hub::search::{SearchProblem, Variant};
use weighbridge::hub::{Locator, loader};
use weighbridge::scenario::ModelSource;
use weighbridge::units::short_count;

use super::Place;
use super::rows::{From, Row};
use crate::app::hardware::facts::resolve;
use crate::app::hardware::icon;
use crate::app::icon::Icon;
use crate::app::source::{self, Stop, recent};
use crate::app::toasts;

/// How far the files of a repository are.
#[derive(Clone, Debug, PartialEq)]
enum Files {
    Closed,
    Asking,
    Found(Vec<Variant>),
    Failed(String),
}

impl Place {
    /// Opens a model; its answer is exact.
    pub fn open(self, id: &str) {
        source::load(self.state.for_another(self.case), id);
    }
    /// Sets a model beside the others.
    pub fn compare(self, id: &str) {
        let copy = self.state.beside(self.case);
        let count = untrack(|| self.state.cases().len());
        // As many as there may be, which was said.
        if count > 1 && copy.id == self.case.id {
            return;
        }
        source::load(copy, id);
        let words = match count {
            1 => format!("{id} is the first to compare, in the place of the example."),
            some => format!("{id} is set beside the others: {some} to compare."),
        };
        toasts::say(self.case.page, words);
    }
    fn pin(self, row: &Row, pinned: bool) {
        if row.private {
            return toasts::say(self.case.page, "The name of a private model is not kept.");
        }
        recent::pin(&row.id, pinned);
        self.kept.update(|turn| *turn = turn.wrapping_add(1));
        let (id, place) = (row.id.clone(), self);
        super::focus_soon(&row.id);
        let words = if pinned { "pinned" } else { "no longer pinned" };
        toasts::undoable(self.case.page, format!("{id} {words}."), move || {
            recent::pin(&id, !pinned);
            place.kept.update(|turn| *turn = turn.wrapping_add(1));
        });
    }
}

/// A row of the list.
pub fn line(place: Place, row: Row) -> impl IntoView {
    let files = RwSignal::new(Files::Closed);
    let (owner, name) = row
        .id
        .split_once('/')
        .map_or(("", row.id.as_str()), |(owner, name)| (owner, name));
    let owner = if owner.is_empty() {
        String::new()
    } else {
        format!("{owner}/")
    };
    let name = name.to_owned();
    let now = place
        .case
        .model
        .with_untracked(|model| model.as_ref().map(|model| model.asked.clone()));
    let current = (now == Some(ModelSource::Id(row.id.clone()))).then_some("true");
    let (open, beside, inside) = (row.id.clone(), row.id.clone(), row.id.clone());
    let press = move |event: leptos::ev::MouseEvent| {
        if event.shift_key() {
            place.compare(&open)
        } else {
            place.open(&open)
        }
    };
    let pinned = row.pinned;
    let pin_label = format!("{} {}", if pinned { "Unpin" } else { "Pin" }, row.id);
    let compare_label = format!("Compare {}", row.id);
    let pin = {
        let row = row.clone();
        move |_| place.pin(&row, !pinned)
    };
    let verdict = row
        .verdict
        .clone()
        .map(|(verdict, short, about)| badge(verdict, short, about));
    let gguf = row.gguf.then(|| picker(place, row.id.clone(), files));
    let lock = row
        .gated
        .then(|| view! { <span class="lock" title="gated">"gated"</span> });
    let formats = row
        .formats
        .iter()
        .map(|format| view! { <span class="fact">{format.clone()}</span> })
        .collect_view();
    let from: &'static str = match row.from {
        From::Yours => "yours",
        From::BuiltIn => "built_in",
        From::Hub => "hub",
    };
    let active = row
        .active
        .map(|count| view! { <small>{short_count(count as f64)}" active"</small> });
    view! {
        <li data-model=row.id.clone() data-from=from>
            <button class="rn" type="button" aria-current=current data-row="" data-id=row.id.clone() on:click=press>
                <span>{owner}<b>{name}</b></span>{lock}<small>{row.note.clone()}</small>
            </button>
            <span class="rp num" data-label="Parameters">{row.parameters.map_or_else(|| "–".to_owned(), |count| short_count(count as f64))}{active}</span>
            <span class="rf" data-label="Formats">{formats}{gguf}</span>
            <span class="rl" data-label="Licence">{row.licence.clone().unwrap_or_default()}</span>
            <span class="rd num" data-label="Downloads">{row.downloads.map_or_else(|| "–".to_owned(), short)}</span>
            <span class="ru num" data-label="Changed">{row.updated.clone().unwrap_or_else(|| "–".to_owned())}</span>
            <span class="rv">{verdict}</span>
            <span class="ra">
                <button class="icon-button pin" type="button" aria-pressed=pinned.to_string() aria-label=pin_label.clone() title=pin_label on:click=pin>
                    <svg class="icon" aria-hidden="true" viewBox="0 0 20 20"><path d="M10 2.5l2.3 4.9 5.2.7-3.8 3.7.9 5.3-4.6-2.6-4.6 2.6.9-5.3-3.8-3.7 5.2-.7z"/></svg>
                </button>
                <button class="icon-button" type="button" aria-label=compare_label.clone() title=compare_label on:click=move |_| place.compare(&beside)>"+"</button>
            </span>
            {move || variants(place, &inside, &files.get())}
        </li>
    }
}

fn badge(verdict: Verdict, short: String, about: String) -> impl IntoView {
    let key: &'static str = verdict.into();
    view! { <span class="fit" data-verdict=key><Icon name=icon(key)/>{short}</span><small class="num">{about}</small> }
}

/// Opens the list of a repository's GGUF files.
fn picker(place: Place, id: String, files: RwSignal<Files>) -> impl IntoView {
    let label = format!("Files of {id}");
    let press = move |_| {
        if files.get_untracked() != Files::Closed {
            return files.set(Files::Closed);
        }
        let hub = source::hub(place.case.page.settings);
        let Ok(locator) = Locator::parse_at(&id, &hub.endpoint) else {
            return;
        };
        files.set(Files::Asking);
        spawn_local(async move {
            let found = source::run(loader::gguf_variants(hub, locator), &Stop::new(), |_, _| ()).await;
            // Closed meanwhile, or gone.
            if files.try_get_untracked() == Some(Files::Asking) {
                files.set(match found {
                    Ok(found) => Files::Found(found),
                    Err(error) => Files::Failed(SearchProblem::of(&error).words().0.to_owned()),
                });
            }
        });
    };
    view! {
        <button class="link" type="button" aria-label=label aria-expanded=move || (files.get() != Files::Closed).to_string() on:click=press>"sizes"</button>
    }
}

fn variants(place: Place, id: &str, files: &Files) -> Option<AnyView> {
    let words = match files {
        Files::Closed => return None,
        Files::Asking => "Asking for its files …".to_owned(),
        Files::Failed(why) => why.clone(),
        Files::Found(found) if found.is_empty() => "It holds no whole GGUF file.".to_owned(),
        Files::Found(found) => {
            let units = place.case.page.units.get_untracked();
            let (device, devices) = place.under.with_untracked(|under| {
                let hardware = &under.question.hardware;
                (hardware.device.as_deref().and_then(resolve), hardware.devices)
            });
            let rows = found.iter().map(|one| {
                let verdict = device.as_deref().map(|device| rough_verdict(one.bytes, device, devices, 0));
                let verdict = verdict.map(|one| {
                    let short = if one.verdict == Verdict::Fits { "should fit" } else { "too large?" };
                    badge(one.verdict, short.to_owned(), format!("about {}", units.bytes(one.needed_bytes as f64)))
                });
                let (id, path) = (id.to_owned(), one.path.clone());
                let parts = (one.files > 1).then(|| format!(" in {} files", one.files));
                let press = move |_| source::open_file(place.state.for_another(place.case), &id, &path);
                view! {
                    <li><button class="rn" type="button" data-row="" on:click=press><b>{one.label.clone()}</b></button>
                        <span class="num">{units.bytes(one.bytes as f64)}<small>{parts}</small></span><span class="rv">{verdict}</span></li>
                }
            });
            let label = format!("GGUF files of {id}");
            return Some(view! { <ul class="files" aria-label=label>{rows.collect_view()}</ul> }.into_any());
        }
    };
    Some(view! { <p class="files" role="status">{words}</p> }.into_any())
}

/// A count of downloads: `386k`, `1.1 M`.
fn short(count: u64) -> String {
    match count {
        0..1_000 => count.to_string(),
        1_000..1_000_000 => format!("{}k", count / 1_000),
        _ => short_count(count as f64),
    }
}
