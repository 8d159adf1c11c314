//! The page, one component a file. It knows the whole engine; the engine knows nothing of it.
//!
//! [`case`] holds a question and what follows from it, [`state`] the cases and what holds for all of them; components
//! take the case from context and write only to it. The
//! structure and the classes of the markup are those of the shell in `index.html`, so nothing moves when the program
//! arrives.

mod address;
mod architecture;
mod badge;
mod case;
mod case_strip;
mod changed;
mod charts;
mod checks;
mod chips;
mod compare;
mod compute_table;
mod copy;
mod dialogs;
mod drop;
mod explanation;
mod finder;
mod first_choice;
mod first_visit;
mod fit;
mod footer;
mod hardware;
mod header;
mod header_check;
mod history;
mod icon;
mod keyboard;
mod knob;
mod loaded;
mod memory_bar;
mod memory_table;
mod model_card;
mod models;
mod notices;
mod number_tiles;
mod omnibox;
mod page;
mod palette;
mod panel;
mod parts;
mod phone_sheet;
mod problem;
mod settings;
mod sight;
mod slices;
mod slider;
mod source;
mod speed;
mod state;
mod suggest;
mod tabs;
mod toasts;
mod training;
mod verdict;
mod verdict_strip;
mod ways;

pub use state::State;

use leptos::prelude::*;

use case::Case;
use case_strip::CaseStrip;
use chips::Chips;
use dialogs::Dialogs;
use first_visit::FirstVisit;
use footer::Footer;
use hardware::HardwareCard;
use header::Header;
use memory_bar::Bridge;
use model_card::ModelCard;
use notices::Notices;
use number_tiles::NumberTiles;
use page::Shows;
use panel::{AssumptionsCard, PrecisionCard, TrainingSheet, WorkloadCard};
use parts::{ExplanationSoon, Later, Part, Quietly, reader_part};
use slices::Slice;
use tabs::Tabs;
use toasts::ToastList;
use verdict::{StaleLine, VerdictLine};
use verdict_strip::VerdictStrip;
use weighbridge::scenario::Scenario;

/// Builds the app and puts it in the place of the shell.
pub fn start() {
    // Not Leptos's own: that works from the first mount on.
    wasm_bindgen_futures::spawn_local(async {
        // The program has just been read: that was a task of its own.
        slices::breath().await;
        settings::use_own_marks();
        slices::breath().await;
        // The example, which an empty address asks for: read before the frame of the page is built.
        let _ = loaded::at_hand(&Scenario::example().model.source);
        slices::breath().await;
        let shell = document().get_element_by_id("app");
        let shell = shell.map(wasm_bindgen::JsCast::unchecked_into::<web_sys::HtmlElement>);
        if let Some(root) = shell.and_then(|shell| slices::beside(&shell)) {
            leptos::mount::mount_to(root, App).forget();
        }
    });
}

/// The whole page.
#[component]
fn App() -> impl IntoView {
    let state = State::new();
    provide_context(state);
    address::follow(state);
    provide_context(state.page);
    keyboard::listen(state.page);
    toasts::listen_for_updates(state.page);
    parts::keep_history(state);
    parts::keep_deeds(state);
    slices::build(state, parts::fetch_when_idle);
    // Another case is another page of the same frame.
    view! {
        <Slice view=move || (move || match state.page.shows.get() {
            Shows::Answer => {
                let case = state.current();
                view! { <CasePage case=case/> }.into_any()
            }
            place => {
                let case = untrack(|| state.current());
                view! { <PlacePage case=case place=place/> }.into_any()
            }
        }).into_any()/>
    }
}

/// A place of full width; below the header all of it is in its part. The case is the one that was shown: what the header does,
/// it does to that.
#[component]
fn PlacePage(case: Case, place: Shows) -> impl IntoView {
    provide_context(case);
    let (part, view): (Part, fn() -> Option<parts::View>) = match place {
        Shows::Models => (Part::Models, || parts::models().map(|models| models.place)),
        Shows::History => (Part::History, || parts::history_part().map(|history| history.place)),
        Shows::Search => (Part::Models, || parts::models().map(|models| models.search)),
        Shows::Compare | Shows::Answer => (Part::Compare, || parts::compare().map(|compare| compare.place)),
    };
    view! {
        <Header/>
        <Later part=part view=view/>
    }
}

/// The page of one case.
#[component]
fn CasePage(case: Case) -> impl IntoView {
    provide_context(case);
    provide_context(ways::follow(case));
    phone_sheet::watch(case);
    let loading = move || case.loading.with(Option::is_some).then_some("true");
    let answered = Memo::new(move |_| case.shown.with(Option::is_some));
    view! {
        <Slice view=|| view! { <Header/> }.into_any()/>
        <main class="frame">
            <section class="panel" aria-label="What to estimate">
                <Slice view=|| view! { <ModelCard/> }.into_any()/>
                <Slice view=|| view! { <HardwareCard/> }.into_any()/>
                <Slice view=|| view! { <WorkloadCard/> }.into_any()/>
                <Slice view=|| view! { <TrainingSheet/> }.into_any()/>
                <Slice view=|| view! { <PrecisionCard/> }.into_any()/>
                <Slice view=|| view! { <AssumptionsCard/> }.into_any()/>
            </section>
            <section class="answer" id="answer" tabindex="-1" aria-label="Answer" aria-busy=loading>
                <Slice view=|| view! { <CaseStrip/><VerdictStrip/> }.into_any()/>
                <Slice view=|| view! { <FirstVisit/> }.into_any()/>
                <Slice view=|| view! { <StaleLine/><VerdictLine/> }.into_any()/>
                <Show when=move || answered.get()>
                    <Quietly part=Part::Tabs view=|| parts::tabs().map(|tabs| tabs.beside)/>
                    <Quietly part=Part::Tabs view=|| parts::tabs().map(|tabs| tabs.ways)/>
                    <Slice view=|| view! { <NumberTiles/> }.into_any()/>
                    <Slice view=|| view! { <Bridge/> }.into_any()/>
                    <Slice view=|| view! { <Tabs/> }.into_any()/>
                </Show>
                <Slice view=|| view! { <Notices/> }.into_any()/>
            </section>
        </main>
        <Slice view=|| view! { <Chips/> }.into_any()/>
        <Slice view=|| view! { <Footer/><ExplanationSoon/><Dialogs/> }.into_any()/>
        <Quietly part=Part::Reader view=|| reader_part().map(|reader| reader.drop)/>
        <ToastList/>
    }
}
