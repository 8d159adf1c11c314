//! What runs here: models on the devices of the case, built-in ones or those of a list, each in the format that is best there.

pub mod board;
mod filter;
mod list;
mod of_hub;
mod table;

use leptos::prelude::*;
use weighbridge::model::catalogue;
use weighbridge::report::model_rows::sentence;
use weighbridge::units::grouped;

use crate::app::case::Case;
use crate::app::dialogs::Dialogs;
use crate::app::footer::Footer;
use crate::app::page::{Choosing, Dialog, Shows};
use crate::app::parts::{Part, Quietly, reader_part, sheet};
use crate::app::toasts::ToastList;
use board::{Board, Which};
use filter::Filters;
use list::ListBox;
use of_hub::HubLine;
use table::Table;

/// The whole place.
#[component]
pub fn Models() -> impl IntoView {
    let case = Case::here();
    sheet::adopt(include_str!("../../../style/parts/models.css"));
    let board = Board::new(case);
    provide_context(board);
    let device = Memo::new(move |_| {
        case.shown.with(|shown| {
            let setup = &shown.as_ref()?.analysis.setup;
            setup.devices_in_words()
        })
    });
    let said = move || {
        if device.with(Option::is_none) {
            return "Choose a device: then this says which models run on it, in which format, and how fast.".to_owned();
        }
        let (done, all) = board.progress();
        if done < all && board.which.get() != Which::Own {
            return format!("{} of {} models weighed …", grouped(done), grouped(all));
        }
        board.rows.with(|rows| {
            if rows.is_empty() {
                "Paste a list below: ids, addresses or links, one a line, or a CSV.".to_owned()
            } else {
                sentence(rows)
            }
        })
    };
    let choose = move |_| case.page.dialog.set(Some(Dialog::Devices(Choosing::Device)));
    let choice = move |which: Which, words: Signal<String>| {
        view! {
            <button type="button" aria-pressed=move || (board.which.get() == which).to_string() on:click=move |_| board.which.set(which)>{words}</button>
        }
    };
    let built_in = Signal::derive(|| format!("Built in ({})", catalogue::entries().len()));
    let with_hub = Signal::derive(|| "With the Hub's".to_owned());
    let own = Signal::derive(move || match board.listed.with(Vec::len) {
        0 => "Your list".to_owned(),
        some => format!("Your list ({})", grouped(some as u64)),
    });
    view! {
        <main class="place models" id="answer" tabindex="-1" aria-labelledby="models-title">
            <div class="place-head">
                <h1 id="models-title">"What runs here"</h1>
                <p class="lead num" aria-live="polite" data-figure="models.sentence">{said}</p>
                <div class="deeds">
                    <button class="button small" id="back-to-answer" type="button" on:click=move |_| case.page.shows.set(Shows::Answer)>"Back to the answer"</button>
                    <button class="button small" type="button" on:click=choose>{move || device.get().map_or_else(|| "Choose a device".to_owned(), |name| format!("On {name}"))}</button>
                    <div class="segments" role="group" aria-label="Which models">{choice(Which::BuiltIn, built_in)}{choice(Which::Hub, with_hub)}{choice(Which::Own, own)}</div>
                </div>
            </div>
            {move || (board.which.get() == Which::Own).then(|| view! { <ListBox/> })}
            {move || (board.which.get() == Which::Hub).then(|| view! { <HubLine/> })}
            <Filters/>
            <Table/>
            <p class="note">"Each model in the format to begin with on this device: as published if that fits, else the one that loses least and fits whole; a heavy loss is not offered, a part in RAM is. Prompt, answer and sequences are those of the question behind this."</p>
        </main>
        <Footer/>
        <Dialogs/>
        <Quietly part=Part::Reader view=|| reader_part().map(|reader| reader.drop)/>
        <ToastList/>
    }
}
