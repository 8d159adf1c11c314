//! The tabs and what they show.

use leptos::prelude::*;
use strum::IntoEnumIterator;

use super::case::Case;
use super::memory_table::MemoryTable;
use super::page::{Page, Tab};
use super::parts::{Later, Part, charts, tabs};
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
        }
    }
    const fn id(self) -> &'static str {
        match self {
            Self::Memory => "tab-memory",
            Self::Compute => "tab-compute",
            Self::Speed => "tab-speed",
            Self::Fit => "tab-fit",
            Self::Architecture => "tab-architecture",
        }
    }
    fn step(self, by: isize) -> Self {
        let all: Vec<Self> = Self::iter().collect();
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

/// The tabs.
#[component]
pub fn Tabs() -> impl IntoView {
    let case = Case::here();
    let keys = move |event: web_sys::KeyboardEvent| {
        let now = case.page.tab.get_untracked();
        let next = match event.key().as_str() {
            "ArrowRight" => now.step(1),
            "ArrowLeft" => now.step(-1),
            "Home" => Tab::Memory,
            "End" => Tab::Architecture,
            _ => return,
        };
        event.prevent_default();
        open(case.page, next);
    };
    view! {
        <div class="tabs" role="tablist" aria-label="Details" on:keydown=keys>
            {Tab::iter().map(|tab| {
                let selected = move || case.page.tab.get() == tab;
                view! {
                    <button type="button" role="tab" id=tab.id() aria-controls="tabpanel" aria-selected=move || selected().to_string()
                        tabindex=move || if selected() { "0" } else { "-1" } on:click=move |_| case.page.tab.set(tab)>{tab.label()}</button>
                }
            }).collect_view()}
        </div>
        <div class="tabpanel" role="tabpanel" id="tabpanel" aria-labelledby=move || case.page.tab.get().id() tabindex="0">
            {move || match case.page.tab.get() {
                Tab::Memory => view! {
                    <Slice view=|| view! { <MemoryTable/> }.into_any()/>
                    <section class="card" aria-labelledby="context-title"><h2 id="context-title">"Memory over context"</h2><Later part=Part::Charts view=|| charts().map(|charts| charts.context)/></section>
                    <section class="card wide" aria-labelledby="formats-title"><h2 id="formats-title">"Memory compared"</h2><Later part=Part::Charts view=|| charts().map(|charts| charts.memory)/></section>
                }.into_any(),
                Tab::Compute => view! { <Later part=Part::Tabs view=|| tabs().map(|tabs| tabs.compute)/> }.into_any(),
                Tab::Speed => view! { <Later part=Part::Tabs view=|| tabs().map(|tabs| tabs.speed)/> }.into_any(),
                Tab::Fit => view! { <Later part=Part::Tabs view=|| tabs().map(|tabs| tabs.fit)/> }.into_any(),
                Tab::Architecture => view! { <Later part=Part::Tabs view=|| tabs().map(|tabs| tabs.architecture)/> }.into_any(),
            }}
        </div>
    }
}
