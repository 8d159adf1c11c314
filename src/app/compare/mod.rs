//! All cases side by side: a place of full width. Columns are the cases of the page; everything shown of them comes from
//! [`weighbridge::report::compare`].

mod architecture;
mod bars;
mod deeds;
mod head;
mod list;
mod plane;
mod shown;
mod table;
mod waiting;

use leptos::prelude::*;

use super::dialogs::Dialogs;
use super::footer::Footer;
use super::page::Page;
use super::parts::{Part, Quietly, reader_part, sheet};
use super::state::State;
use super::toasts::ToastList;
use shown::{Shown, shown};

/// The place.
#[component]
pub fn Compare() -> impl IntoView {
    sheet::adopt(include_str!("../../../style/parts/compare.css"));
    let (state, page) = (State::here(), Page::here());
    let shown: Memo<Shown> = Memo::new(move |_| shown(state, page.units.get()));
    let only_differences = RwSignal::new(true);
    Effect::new(move |_| {
        let title = shown.with(|shown| shown.beside.main.trim_end_matches('.').to_owned());
        document().set_title(&format!("{title} · Weighbridge"));
    });
    let several = Memo::new(move |_| shown.with(|shown| shown.cases.len() > 1));
    let some = Memo::new(move |_| shown.with(|shown| !shown.cases.is_empty()));
    view! {
        <main class="beside" id="answer" tabindex="-1" aria-label="Comparison">
        <head::Head shown=shown only_differences=only_differences/>
        <waiting::Waiting/>
        <Show when=move || some.get()>
            <list::MeasureList shown=shown/>
            <table::Table shown=shown only_differences=only_differences/>
        </Show>
        <Show when=move || several.get()>
            <div class="two">
                <bars::Bars shown=shown/>
                <plane::Planes shown=shown/>
            </div>
            <architecture::Architectures shown=shown/>
        </Show>
        </main>
        <Footer/>
        <Dialogs/>
        <Quietly part=Part::Reader view=|| reader_part().map(|reader| reader.drop)/>
        <ToastList/>
    }
}
