//! The tabs and what they show.

use leptos::prelude::*;

use super::case::Case;
use super::memory_table::MemoryTable;
use super::page::{Page, Tab};
use super::parts::{Later, Part, charts, explorer, tabs, training};
use super::slices::Slice;

impl Tab {
    /// Its name.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Memory => "Memory",
            Self::Compute => "Compute",
            Self::Speed => "Speed",
            Self::Fit => "Hardware fit",
            Self::Architecture => "Architecture",
            Self::Plan => "Plan",
            Self::Time => "Time",
            Self::Loss => "Loss",
            Self::Rl => "RL",
        }
    }
    const fn id(self) -> &'static str {
        match self {
            Self::Memory => "tab-memory",
            Self::Compute => "tab-compute",
            Self::Speed => "tab-speed",
            Self::Fit => "tab-fit",
            Self::Architecture => "tab-architecture",
            Self::Plan => "tab-plan",
            Self::Time => "tab-time",
            Self::Loss => "tab-loss",
            Self::Rl => "tab-rl",
        }
    }
    /// The tabs of a question that trains or does not, in order.
    const fn all(trains: bool) -> &'static [Self] {
        if trains {
            &[
                Self::Plan,
                Self::Memory,
                Self::Time,
                Self::Loss,
                Self::Rl,
                Self::Compute,
                Self::Architecture,
            ]
        } else {
            &[Self::Memory, Self::Compute, Self::Speed, Self::Fit, Self::Architecture]
        }
    }
    /// The tab that is open where this was the last: one that the question does not have gives way to the first.
    fn among(self, trains: bool) -> Self {
        let all = Self::all(trains);
        if all.contains(&self) {
            self
        } else {
            all.first().copied().unwrap_or_default()
        }
    }
    fn step(self, by: isize, all: &[Self]) -> Self {
        let at = all.iter().position(|tab| *tab == self).unwrap_or(0) as isize;
        let next = (at + by).rem_euclid(all.len() as isize) as usize;
        all.get(next).copied().unwrap_or_default()
    }
}

/// Opens a tab and moves the focus to it.
pub fn open(page: Page, tab: Tab) {
    page.tab.set(tab);
    if let Some(element) = document().get_element_by_id(tab.id()) {
        let element: web_sys::HtmlElement = wasm_bindgen::JsCast::unchecked_into(element);
        let _ = element.focus();
    }
}

/// Opens the tab at this place, of those that are there.
pub fn open_nth(at: u32) {
    let found = document().query_selector(&format!(".tabs [role=tab]:nth-child({})", at + 1));
    if let Some(element) = found.ok().flatten() {
        let element: web_sys::HtmlElement = wasm_bindgen::JsCast::unchecked_into(element);
        element.click();
        let _ = element.focus();
    }
}

/// The tabs.
#[component]
pub fn Tabs() -> impl IntoView {
    let case = Case::here();
    // The answer that is shown decides: while the planner is on its way, that is still the last one.
    let trains = Memo::new(move |_| {
        case.shown.with(|shown| {
            shown
                .as_ref()
                .is_some_and(|answer| answer.scenario.workload.mode.trains())
        })
    });
    let open_tab = Memo::new(move |_| case.page.tab.get().among(trains.get()));
    // A run begins with its plan.
    Effect::new(move |before: Option<bool>| {
        let now = trains.get();
        if now && before == Some(false) {
            case.page.tab.set(Tab::Plan);
        }
        now
    });
    let keys = move |event: web_sys::KeyboardEvent| {
        let (now, all) = (open_tab.get_untracked(), Tab::all(trains.get_untracked()));
        let next = match event.key().as_str() {
            "ArrowRight" => now.step(1, all),
            "ArrowLeft" => now.step(-1, all),
            "Home" => all.first().copied().unwrap_or_default(),
            "End" => Tab::Architecture,
            _ => return,
        };
        event.prevent_default();
        open(case.page, next);
    };
    view! {
        <div class="tabs" role="tablist" aria-label="Details" on:keydown=keys>
            {move || Tab::all(trains.get()).iter().map(|tab| {
                let tab = *tab;
                let selected = move || open_tab.get() == tab;
                view! {
                    <button type="button" role="tab" id=tab.id() aria-controls="tabpanel" aria-selected=move || selected().to_string()
                        tabindex=move || if selected() { "0" } else { "-1" } on:click=move |_| case.page.tab.set(tab)>{tab.label()}</button>
                }
            }).collect_view()}
        </div>
        <div class="tabpanel" role="tabpanel" id="tabpanel" aria-labelledby=move || open_tab.get().id() tabindex="0">
            {move || match open_tab.get() {
                Tab::Memory if trains.get() => view! {
                    <Later part=Part::Training view=|| training().map(|training| training.memory)/>
                    <MemoryTable/>
                    <section class="card" aria-labelledby="context-title"><h2 id="context-title">"Memory over sequence length"</h2><Later part=Part::Charts view=|| charts().map(|charts| charts.context)/></section>
                }.into_any(),
                Tab::Plan => view! { <Later part=Part::Training view=|| training().map(|training| training.plan)/> }.into_any(),
                Tab::Time => view! { <Later part=Part::Training view=|| training().map(|training| training.time)/> }.into_any(),
                Tab::Loss => view! { <Later part=Part::Training view=|| training().map(|training| training.loss)/> }.into_any(),
                Tab::Rl => view! { <Later part=Part::Training view=|| training().map(|training| training.rl)/> }.into_any(),
                Tab::Memory => view! {
                    <Slice view=|| view! { <MemoryTable/> }.into_any()/>
                    <section class="card" aria-labelledby="context-title"><h2 id="context-title">"Memory as it grows"</h2><Later part=Part::Charts view=|| charts().map(|charts| charts.context)/></section>
                    <section class="card wide" aria-labelledby="formats-title"><h2 id="formats-title">"Formats compared"</h2><Later part=Part::Charts view=|| charts().map(|charts| charts.memory)/></section>
                }.into_any(),
                Tab::Compute => view! { <Later part=Part::Tabs view=|| tabs().map(|tabs| tabs.compute)/> }.into_any(),
                Tab::Speed => view! { <Later part=Part::Tabs view=|| tabs().map(|tabs| tabs.speed)/> }.into_any(),
                Tab::Fit => view! { <Later part=Part::Tabs view=|| tabs().map(|tabs| tabs.fit)/> }.into_any(),
                Tab::Architecture => view! { <Later part=Part::Explorer view=|| explorer().map(|explorer| explorer.tab)/> }.into_any(),
            }}
        </div>
    }
}
