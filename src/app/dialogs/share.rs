//! Share: the link, the answer as text, Markdown, CSV, JSON, a picture, the command line, and the printed page.

use std::cell::RefCell;
use std::sync::Arc;

use js_sys::Date;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use weighbridge::analysis::launch::quote::shell;
use weighbridge::chart::{AnswerCard, CARD};
use weighbridge::export;
use weighbridge::export::answer::{AnswerSheet, Occasion, csv, markdown, text};
use weighbridge::scenario::{KNOBS, Scenario, link};
use weighbridge::units::neutral;

use super::Frame;
use super::paper::{Paper, page as paper_page};
use crate::app::address::whole;
use crate::app::case::{Answer, Case};
use crate::app::charts::{Draw, file_name, save_picture, save_svg, save_text, scheme_now};
use crate::app::copy::copy;
use crate::app::page::Shows;
use crate::app::parts;
use crate::app::state::{Place, State};
use crate::app::toasts;

/// The whole address of the case.
///
/// # Errors
/// Why no link holds it, in words.
pub fn address(case: Case) -> Result<String, String> {
    let query = case.scenario.with_untracked(link).map_err(|error| error.to_string())?;
    Ok(whole(&Place::query(&query, case.page.tab.get_untracked())))
}

/// The day, as the clock of this machine has it.
fn today() -> String {
    let now = Date::new_0();
    format!(
        "{}-{:02}-{:02}",
        now.get_full_year(),
        now.get_month() + 1,
        now.get_date()
    )
}

/// The answer as it is handed over: numbers as every reader takes them.
fn sheet(case: Case, answer: &Answer) -> AnswerSheet {
    neutral(|| own_sheet(case, answer))
}

fn own_sheet(case: Case, answer: &Answer) -> AnswerSheet {
    let link = address(case).unwrap_or_else(|why| why);
    let date = today();
    case.model.with_untracked(|model| {
        let facts = model.as_ref().map(|model| model.facts.clone()).unwrap_or_default();
        let occasion = Occasion {
            name: model.as_ref().map_or("", |model| model.name.as_str()),
            revision: model.as_ref().and_then(|model| model.commit.as_deref()),
            link: &link,
            date: &date,
        };
        AnswerSheet::of(&answer.analysis, &facts, &occasion, case.page.units.get_untracked())
    })
}

/// The command that answers the same: each flag that is not as it is by itself.
fn command(id: &str, scenario: &Scenario) -> String {
    let default = Scenario::default();
    let mut words = vec![format!("weighbridge estimate {}", shell(id))];
    for knob in KNOBS.iter() {
        let value = (knob.get)(scenario);
        if value != (knob.get)(&default) && !value.is_empty() {
            words.push(format!("--{} {}", knob.flag, shell(&value)));
        }
    }
    words.join(" ")
}

/// Prints the report of the answer where the browser prints without the dialog: Ctrl+P, its menu.
pub fn print_by_itself(state: State) {
    thread_local! {
        static MADE: RefCell<Vec<Box<dyn FnOnce()>>> = const { RefCell::new(Vec::new()) };
    }
    let _ = window_event_listener_untyped("beforeprint", move |_| {
        let case = untrack(|| state.current());
        let made = document().query_selector(".paper").ok().flatten().is_some();
        let (true, Some(answer)) = (
            state.page.shows.get_untracked() == Shows::Answer && !made,
            case.shown.get_untracked(),
        ) else {
            return;
        };
        let Some((body, place)) = document().body().zip(document().create_element("div").ok()) else {
            return;
        };
        parts::sheet::adopt(include_str!("../../../style/parts/share.css"));
        let (of, units) = (sheet(case, &answer), case.page.units.get_untracked());
        let _ = body.append_child(&place);
        let mounted = leptos::mount::mount_to(place.clone().unchecked_into(), move || {
            neutral(|| paper_page(&of, units))
        });
        MADE.with_borrow_mut(|all| {
            all.push(Box::new(move || {
                drop(mounted);
                place.remove();
            }));
        });
    });
    let _ = window_event_listener_untyped("afterprint", |_| MADE.take().into_iter().for_each(|undo| undo()));
}

/// A form in which the answer is copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A few lines for a message.
    Text,
    /// A table for issues and papers.
    Markdown,
    /// One row a figure.
    Csv,
    /// All figures, as the command line gives them.
    Json,
    /// The command that answers the same.
    Command,
}

/// The answer of a case in a form, with all that stands beside it; none without an answer.
pub fn written(case: Case, form: Form) -> Option<String> {
    let answer = case.shown.get_untracked()?;
    let of = sheet(case, &answer);
    Some(match form {
        Form::Text => text(&of),
        Form::Markdown => markdown(&of, true, true),
        Form::Csv => csv(&of).unwrap_or_default(),
        Form::Json => json(case, &answer),
        Form::Command => {
            let id = of.asked.first().map(|(_, id)| id.clone()).unwrap_or_default();
            command(&id, &answer.scenario)
        }
    })
}

fn json(case: Case, answer: &Answer) -> String {
    let facts = case
        .model
        .with_untracked(|model| model.as_ref().map(|model| model.facts.clone()).unwrap_or_default());
    neutral(|| serde_json::to_string_pretty(&export::estimate(&facts, &answer.analysis)).unwrap_or_default())
}

/// The dialog.
#[component]
pub fn Share() -> impl IntoView {
    let case = Case::here();
    let Some(answer) = case.shown.get_untracked() else {
        return view! { <Frame title="Share this answer"><p>"There is no answer yet."</p></Frame> }.into_any();
    };
    let (page, sheet) = (case.page, StoredValue::new(sheet(case, &answer)));
    let name = sheet.with_value(|sheet| sheet.name.clone());
    let (assumptions, sources) = (RwSignal::new(true), RwSignal::new(true));
    let printing = RwSignal::new(false);
    let address = address(case);
    let as_markdown = move || sheet.with_value(|sheet| markdown(sheet, assumptions.get(), sources.get()));
    let as_text = move || sheet.with_value(text);
    let as_csv = move || sheet.with_value(|sheet| csv(sheet).unwrap_or_default());
    let answered = StoredValue::new(answer.clone());
    // Made when it is asked for: it explains every number.
    let as_json = move || answered.with_value(|answer| json(case, answer));
    let line = command(
        &sheet.with_value(|sheet| sheet.asked.first().map(|(_, id)| id.clone()).unwrap_or_default()),
        &answer.scenario,
    );
    let line = StoredValue::new(line);
    let file = StoredValue::new(name);
    let save = move |ending: &'static str, kind: &'static str, text: String| {
        save_text(&file.with_value(|name| file_name(name, "answer", ending)), kind, &text);
    };
    let picture = move |ending: &'static str| {
        let card = AnswerCard {
            sheet: sheet.get_value(),
        };
        let (name, caption) = (
            file.with_value(|name| file_name(name, "answer", ending)),
            card.caption(),
        );
        let draw: Draw = Arc::new(move |paper, theme, scale, _| card.draw(paper, theme, scale).unwrap_or_default());
        if ending == "svg" {
            save_svg(&name, CARD, &draw, scheme_now(), &caption);
        } else {
            save_picture(name, CARD, &draw, scheme_now(), caption);
        }
    };
    let copy_link = {
        let address = address.clone();
        move |_| match &address {
            Ok(address) => {
                copy(page, address, "Link copied: it holds the whole question.");
                page.hand_out();
            }
            Err(why) => toasts::say(page, why.clone()),
        }
    };
    let print = move |_| {
        printing.set(true);
        page.hand_out();
        // The page stands in the document before the browser looks at it.
        set_timeout(
            move || {
                let _ = window().print();
            },
            std::time::Duration::from_millis(60),
        );
    };
    let button = move |words: &'static str, of: &'static str, press: Box<dyn Fn()>| {
        let press = move || {
            press();
            page.hand_out();
        };
        view! { <button class="button small" type="button" aria-label=format!("{words} {of}") on:click=move |_| press()>{words}</button> }
    };
    let copied = "Copied.";
    view! {
        <Frame title="Share this answer" class="share">
            <div class="linkrow">
                <input class="num" id="share-link" readonly=true aria-label="Link" prop:value=address.clone().unwrap_or_else(|why| why)/>
                <button class="button go" type="button" on:click=copy_link>"Copy link"</button>
            </div>
            <p>"The link is the question, in full. Opened, it is weighed anew; nothing is stored anywhere."</p>
            <ul class="ways-out">
                <li><span><b>"Text"</b><small>"for a message"</small></span><span class="deeds">{button("Copy", "text", Box::new(move || copy(page, &as_text(), copied)))}{button("Save", "text", Box::new(move || save("txt", "text/plain", as_text())))}</span></li>
                <li><span><b>"Markdown"</b><small>"a table for issues and papers"</small></span><span class="deeds">{button("Copy", "Markdown", Box::new(move || copy(page, &untrack(as_markdown), copied)))}{button("Save", "Markdown", Box::new(move || save("md", "text/markdown", untrack(as_markdown))))}</span></li>
                <li><span><b>"CSV"</b><small>"bare numbers, a row each, units beside them"</small></span><span class="deeds">{button("Copy", "CSV", Box::new(move || copy(page, &as_csv(), copied)))}{button("Save", "CSV", Box::new(move || save("csv", "text/csv", as_csv())))}</span></li>
                <li><span><b>"JSON"</b><small>"all figures in SI units, as the command line gives them"</small></span><span class="deeds">{button("Copy", "JSON", Box::new(move || copy(page, &as_json(), copied)))}{button("Save", "JSON", Box::new(move || save("json", "application/json", as_json())))}</span></li>
                <li><span><b>"Command"</b><small>"the same on the command line"</small></span><span class="deeds">{button("Copy", "command", Box::new(move || line.with_value(|line| copy(page, line, copied))))}</span></li>
                <li><span><b>"Picture"</b><small>"verdict, numbers, the scale; the link in the file"</small></span><span class="deeds">{button("PNG", "picture", Box::new(move || picture("png")))}{button("SVG", "picture", Box::new(move || picture("svg")))}</span></li>
                <li><span><b>"Print or PDF"</b><small>"one page, black on white"</small></span><span class="deeds"><button class="button small" type="button" id="share-print" on:click=print>"Print"</button></span></li>
            </ul>
            <div class="with">
                <span>"Markdown with"</span>
                <label class="tick"><input type="checkbox" prop:checked=move || assumptions.get() on:change:target=move |event| assumptions.set(event.target().checked())/>"assumptions"</label>
                <label class="tick"><input type="checkbox" prop:checked=move || sources.get() on:change:target=move |event| sources.set(event.target().checked())/>"sources"</label>
            </div>
            <pre class="preview" tabindex="0" aria-label="Markdown, before it is copied">{as_markdown}</pre>
            {move || printing.get().then(|| view! { <Paper sheet=sheet.get_value() units=page.units.get_untracked()/> })}
        </Frame>
    }
    .into_any()
}
