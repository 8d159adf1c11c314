//! The place: what was weighed in a sentence, filters, what is done with the chosen ones, their plot, the table.

use std::collections::BTreeSet;
use std::sync::Arc;

use leptos::html;
use leptos::prelude::*;
use weighbridge::export::history::{Column, Filter, History, Kept, Sort, headline};
use weighbridge::units::{UnitSystem, counted};

use super::filters::Filters;
use super::import::{ImportCard, read_files};
use super::markup::{self, BIN, UP};
use super::plot::{MOST, Plot};
use super::shelf::Shelf;
use super::store::Trouble;
use super::table::{STEP, Table};
use super::{anew, deeds, keep, prefs};
use crate::app::dialogs::Dialogs;
use crate::app::footer::Footer;
use crate::app::icon::Icon;
use crate::app::page::{Dialog, Page, Shows};
use crate::app::parts::{Part, Quietly, reader_part, sheet};
use crate::app::state::State;
use crate::app::toasts::ToastList;

/// What the place shows. Cheap to copy.
#[derive(Clone, Copy)]
pub struct View {
    /// The cases of the page.
    pub state: State,
    /// All rows; none until they were read.
    pub history: Signal<Option<Arc<History>>>,
    /// What is asked for.
    pub filter: RwSignal<Filter>,
    /// The order.
    pub sort: RwSignal<Sort>,
    /// Places of the rows that pass, in order.
    pub picked: Memo<Vec<usize>>,
    /// How many of them are shown.
    pub most: RwSignal<usize>,
    /// Keys of the chosen rows.
    pub chosen: RwSignal<BTreeSet<String>>,
    /// Key of the row whose name is being written.
    pub edited: RwSignal<Option<String>>,
}

impl View {
    fn new(shelf: &Shelf) -> Self {
        let all = shelf.history.clone();
        let history = Signal::derive(move || all.get());
        let (filter, sort) = (RwSignal::new(Filter::default()), RwSignal::new(Sort::default()));
        let pick = move |history: &Option<Arc<History>>| {
            let history = history.as_ref()?;
            Some(filter.with(|filter| history.pick(filter, sort.get())))
        };
        Self {
            state: State::here(),
            history,
            filter,
            sort,
            picked: Memo::new(move |_| history.with(pick).unwrap_or_default()),
            most: RwSignal::new(STEP),
            chosen: RwSignal::new(BTreeSet::new()),
            edited: RwSignal::new(None),
        }
    }
    /// Asks for other rows.
    pub fn set_filter(self, change: impl FnOnce(&mut Filter)) {
        self.most.set(STEP);
        self.filter.update(change);
    }
    /// A heading was pressed.
    pub fn press(self, column: Column) {
        self.most.set(STEP);
        self.sort.update(|sort| *sort = sort.pressed(column));
    }
    /// The chosen rows, newest first.
    fn chosen_rows(self) -> Vec<Kept> {
        self.chosen.with(|chosen| {
            self.history.with(|history| {
                let rows = history.iter().flat_map(|history| history.rows().iter().rev());
                rows.filter(|row| chosen.contains(&row.id)).cloned().collect()
            })
        })
    }
    fn count(self) -> usize {
        self.history
            .with(|history| history.as_ref().map_or(0, |history| history.rows().len()))
    }
}

/// The place.
#[component]
pub fn HistoryPlace() -> impl IntoView {
    sheet::adopt(include_str!("../../../style/parts/history.css"));
    let shelf = Shelf::here();
    let view = View::new(&shelf);
    shelf.read();
    document().set_title("Past calculations · Weighbridge");
    // What an earlier version said is weighed anew.
    Effect::new(move |_| {
        if let Some(history) = view.history.get() {
            anew::begin(&history);
        }
    });
    let plotting = RwSignal::new(false);
    let plotted = Memo::new(move |_| {
        let mut rows = view.chosen_rows();
        rows.truncate(MOST);
        rows
    });
    let any = Memo::new(move |_| view.count() > 0);
    let none_pass = Memo::new(move |_| view.picked.with(Vec::is_empty));
    let there = Memo::new(move |_| view.history.with(Option::is_some));
    view! {
        <main class="past-place" id="answer" tabindex="-1" aria-label="Past calculations">
        <Head view=view/>
        <Troubles view=view/>
        <ImportCard/>
        <Show when=move || any.get()>
            <div class="tops"><Filters view=view/><Chosen view=view plotting=plotting/></div>
            {move || (plotting.get() && plotted.with(|rows| !rows.is_empty())).then(|| view! { <Plot rows=plotted/> })}
            <section class="card past-card" aria-label="Calculations">
                <Show when=move || !none_pass.get() fallback=move || view! { <Unmatched view=view/> }><Table view=view/></Show>
            </section>
        </Show>
        <Show when=move || there.get() && !any.get()><Empty view=view/></Show>
        <Show when=move || !there.get()><p class="coming" role="status">"Reading …"</p></Show>
        </main>
        <Footer/>
        <Dialogs/>
        <Quietly part=Part::Reader view=|| reader_part().map(|reader| reader.drop)/>
        <ToastList/>
    }
}

/// The sentence, where all of it is kept, and what is done with all of it.
#[component]
fn Head(view: View) -> impl IntoView {
    let page = Page::here();
    let bytes = Shelf::here().bytes;
    let any = Memo::new(move |_| view.count() > 0);
    let title = move || {
        view.history.with(|history| match history {
            Some(history) if !history.rows().is_empty() => headline(history.rows()),
            _ => "Past calculations".to_owned(),
        })
    };
    let size = move || {
        let bytes = bytes.get();
        let stored = if bytes > 0 {
            format!(", {}", UnitSystem::Gb.bytes(bytes as f64))
        } else {
            String::new()
        };
        format!(
            "Kept in this browser only{stored}. Each keeps its question; the figures beside it are those it had: reopened, it is weighed anew with today's version."
        )
    };
    let clear = move |_| deeds::remove(view, page, Shelf::here().rows());
    let export = move |_| deeds::export(&Shelf::here().rows());
    view! {
        <section class="verdict past-head">
            <div class="above">
                <p class="pill quiet num">{move || counted(view.count() as u64, "calculation")}</p>
                <span class="deeds">
                    <ImportButton/>
                    <Show when=move || any.get()>
                        <button class="button small bare" type="button" aria-label="Export all" on:click=export><Icon name="download"/><span class="word">"Export"</span></button>
                        <button class="button small bare" type="button" aria-label="Clear: delete all" on:click=clear><span inner_html=markup::icon(BIN)></span><span class="word">"Clear"</span></button>
                    </Show>
                </span>
            </div>
            <h1 class="num">{title}</h1>
            <p class="lead num">{size}</p>
        </section>
    }
}

#[component]
fn ImportButton() -> impl IntoView {
    let field = NodeRef::<html::Input>::new();
    let chosen = move |_| {
        let Some(field) = field.get_untracked() else { return };
        let files = field.files();
        let files = files
            .iter()
            .flat_map(|files| (0..files.length()).filter_map(|at| files.get(at)));
        read_files(files.collect());
        // The same file may be chosen once more.
        field.set_value("");
    };
    let open = move |_| {
        if let Some(field) = field.get_untracked() {
            field.click();
        }
    };
    view! {
        <input class="unseen" id="history-file" type="file" accept=".json,.jsonl,.ndjson,application/json" tabindex="-1" aria-label="A file of calculations" node_ref=field on:change=chosen/>
        <button class="button small bare" type="button" aria-label="Import" title="A file that History exported, or the JSON of the command line; dropped here, it is read too" on:click=open>
            <span inner_html=markup::icon(UP)></span><span class="word">"Import"</span>
        </button>
    }
}

/// What the storage refused, what could not be read, and that nothing is kept where the user said so.
#[component]
fn Troubles(view: View) -> impl IntoView {
    let page = Page::here();
    let shelf = Shelf::here();
    let (trouble, unreadable) = (shelf.trouble.clone(), shelf.unreadable.clone());
    let told = move || {
        trouble.get().map(|trouble| {
            let (code, what, next) = match trouble {
                Trouble::Denied => (
                    "history_denied",
                    "This browser keeps nothing for this page.",
                    "A private window or a setting refuses it. What you weigh is listed until you close this page; export it to keep it.".to_owned(),
                ),
                Trouble::Full => (
                    "history_full",
                    "The storage of this browser is full.",
                    "Not all calculations were kept. Delete some, or export them and clear the list.".to_owned(),
                ),
                Trouble::Other(words) => (
                    "history_failed",
                    "The browser could not keep or read past calculations.",
                    words,
                ),
            };
            view! {
                <div class="callout" data-kind="warn" role="alert" data-code=code><Icon name="alert"/>
                    <p class="what">{what}</p><p class="next">{next}</p></div>
            }
        })
    };
    let broken = move || {
        let keys = unreadable.get();
        (!keys.is_empty()).then(|| {
            let what = match keys.len() {
                1 => "One entry cannot be read and is left out.".to_owned(),
                many => format!("{many} entries cannot be read and are left out."),
            };
            view! {
                <div class="callout" data-kind="warn" role="status" data-code="history_unreadable"><Icon name="alert"/>
                    <p class="what">{what}</p><p class="next">"Another version wrote it, or it was damaged. The others are as they were."</p>
                    <div class="row"><button class="button small" type="button" on:click=move |_| Shelf::here().remove(keys.clone())>"Remove"</button></div></div>
            }
        })
    };
    let off = (!prefs::keeps()).then(|| {
        view! {
            <div class="callout" data-kind="note" data-code="history_off"><Icon name="info"/>
                <p class="what">"New calculations are not kept."</p><p class="next">"You said so in the settings."</p>
                <div class="row"><button class="button small" type="button" on:click=move |_| page.dialog.set(Some(Dialog::Settings))>"Settings"</button></div></div>
        }
    });
    let _ = view;
    view! { {told}{broken}{off} }
}

/// What is done with the chosen rows. Always there, so that nothing moves while rows are ticked.
#[component]
fn Chosen(view: View, plotting: RwSignal<bool>) -> impl IntoView {
    let page = Page::here();
    let count = Memo::new(move |_| view.chosen.with(BTreeSet::len));
    let none = move || count.get() == 0;
    let words = move || match count.get() {
        0 => "None chosen".to_owned(),
        some => format!("{some} chosen"),
    };
    let chosen = move || untrack(|| view.chosen_rows());
    view! {
        <div class="selbar num" role="toolbar" aria-label="Chosen calculations">
            <b aria-live="polite">{words}</b>
            <button class="button small" type="button" aria-pressed=move || plotting.get().to_string() disabled=move || none() && !plotting.get() on:click=move |_| plotting.update(|on| *on = !*on)>"Plot"</button>
            <button class="button small" type="button" disabled=none on:click=move |_| deeds::compare(view.state, &chosen())><Icon name="columns"/>"Compare"</button>
            <button class="button small" type="button" disabled=none on:click=move |_| deeds::export(&chosen())><Icon name="download"/>"Export"</button>
            <button class="button small" type="button" disabled=none on:click=move |_| deeds::remove(view, page, chosen())><span inner_html=markup::icon(BIN)></span>"Delete"</button>
            <button class="button small bare" type="button" disabled=none on:click=move |_| view.chosen.set(BTreeSet::new())>"Choose none"</button>
        </div>
    }
}

/// No row passes the filters.
#[component]
fn Unmatched(view: View) -> impl IntoView {
    let words = move || {
        view.filter.with(|filter| {
            let typed = filter.words.trim();
            let what = if typed.is_empty() {
                "Nothing".to_owned()
            } else {
                format!("No “{typed}”")
            };
            let on = if filter.device.is_empty() {
                String::new()
            } else {
                format!(" on {}", filter.device)
            };
            format!("{what}{on} here.")
        })
    };
    let hidden = move || {
        let by = match view.filter.with(Filter::parts) {
            1 => "one filter".to_owned(),
            many => format!("{many} filters"),
        };
        format!(
            "{} hidden by {by}.",
            match view.count() {
                1 => "One calculation is".to_owned(),
                many => format!("{many} calculations are"),
            }
        )
    };
    view! {
        <div class="empty num"><Icon name="search"/><b>{words}</b><span>{hidden}</span>
            <span class="row"><button class="button" type="button" on:click=move |_| view.set_filter(|filter| *filter = Filter::default())>"Drop the filters"</button></span></div>
    }
}

/// Nothing was kept yet.
#[component]
fn Empty(view: View) -> impl IntoView {
    let weigh = move |_| {
        keep::example_is_asked();
        let case = untrack(|| view.state.current());
        case.scenario.set(weighbridge::scenario::Scenario::example());
        view.state.page.shows.set(Shows::Answer);
        keep::look_again(case);
    };
    view! {
        <section class="card past-card"><div class="empty"><Icon name="clock"/><b>"Nothing weighed yet."</b>
            <span>"An answer that stands for three seconds is kept here, in this browser only."</span>
            <span class="row"><button class="button primary" type="button" on:click=weigh>"Weigh the example"</button></span></div></section>
    }
}
