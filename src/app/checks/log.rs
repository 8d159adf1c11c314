//! "Check against a log": an engine's log beside the estimate, part by part, and what of it is worth keeping.

use std::sync::Arc;

use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen_futures::JsFuture;
use web_sys::File;
use weighbridge::analysis::analyse_setup;
use weighbridge::export::difference;
use weighbridge::limits;
use weighbridge::logs::{self, Log};
use weighbridge::report::log::{Assumption, Check, Row, Taken, as_logged, assume, check};
use weighbridge::scenario::Scenario;
use weighbridge::units::UnitSystem;

use super::row;
use crate::app::case::Case;
use crate::app::icon::Icon;
use crate::app::parts::{Part, reader_part, then};
use crate::app::toasts::say;

/// A log beside the estimate of the question it answers.
#[derive(Clone, PartialEq)]
struct Beside {
    log: Arc<Log>,
    scenario: Scenario,
    taken: Vec<Taken>,
    check: Check,
}

/// The view: where there is no log yet, a place for one.
#[component]
pub fn LogCheck() -> impl IntoView {
    let case = Case::here();
    let text = case.page.log;
    let read = Memo::new(move |_| text.with(|text| text.as_ref().map(|text| logs::read(text).map(Arc::new))));
    let beside = Memo::new(move |_| {
        let log = read.get()?.ok()?;
        case.shown.with(|shown| {
            let answer = shown.as_ref()?;
            let (scenario, taken) = as_logged(&log, &answer.scenario, &[]);
            let then = answer.analysis.setup.under(scenario.clone());
            let id = case
                .model
                .with(|model| model.as_ref().map(|model| model.facts.id.clone()));
            // What of the log makes no question is left out, and the one in hand is compared.
            let analysis = then.and_then(analyse_setup).ok();
            let check = check(
                &log,
                analysis.as_ref().unwrap_or(&answer.analysis),
                &id.unwrap_or_default(),
            );
            Some(Beside {
                log,
                scenario,
                taken,
                check,
            })
        })
    });
    let error = move || read.get().and_then(Result::err).map(|error| error.to_string());
    view! {
        {move || error().map(|words| view! { <div class="callout" role="alert" data-code="unknown_log"><Icon name="alert"/><p class="what">{words}</p></div> })}
        {move || match beside.get() {
            Some(found) => view! { <Found found=found/> }.into_any(),
            None => view! { <Place/> }.into_any(),
        }}
    }
}

/// Where a log is pasted or chosen.
#[component]
fn Place() -> impl IntoView {
    let case = Case::here();
    let chooser = NodeRef::<html::Input>::new();
    let chosen = move |_| {
        let files = chooser.get_untracked().and_then(|chooser| chooser.files());
        if let Some(file) = files.and_then(|files| files.get(0)) {
            take_file(case, file);
        }
    };
    view! {
        <p>"The start of vLLM, SGLang, llama.cpp, Ollama or MLX as it was printed, nvidia-smi below it if you like. It is read here; nothing leaves your browser."</p>
        <textarea id="log-text" aria-label="Paste a log" placeholder="Paste a log" spellcheck="false" on:input:target=move |event| {
            let text = event.target().value();
            if text.lines().count() > 1 || text.len() > 80 {
                case.page.log.set(Some(text));
            }
        }></textarea>
        <div class="row">
            <button class="button small" type="button" on:click=move |_| { if let Some(chooser) = chooser.get_untracked() { chooser.click() } }>"Choose a file"</button>
            <input id="log-file" node_ref=chooser type="file" accept=".log,.txt,text/plain" hidden aria-label="Choose a log" on:change=chosen />
        </div>
    }
}

/// Reads a file as a log, whatever its name.
fn take_file(case: Case, file: File) {
    if file.size() > limits::LOG.bytes as f64 {
        // Said in the words of the limit, without reading it.
        return say(case.page, limits::LOG.refusal(&file.name()));
    }
    spawn_local(async move {
        if let Some(text) = JsFuture::from(file.text()).await.ok().and_then(|text| text.as_string()) {
            case.page.log.set(Some(text));
        }
    });
}

/// The log in hand beside the estimate.
#[component]
fn Found(found: Beside) -> impl IntoView {
    let case = Case::here();
    let Beside {
        log,
        scenario,
        taken,
        check,
    } = found;
    let units = case.page.units.get();
    let title = format!(
        "{}{}",
        log.source.label(),
        log.options
            .version
            .as_deref()
            .map_or_else(String::new, |version| format!(" {version}"))
    );
    let taken_over = case.scenario.with(|now| *now == scenario);
    let ask = (!taken_over).then(|| {
        view! { <button class="button small" type="button" id="ask-logged" on:click=move |_| case.take(scenario.clone())>"Ask what the log answers"</button> }
    });
    let assumptions = check.assumptions.clone();
    let all = assumptions.clone();
    let use_these = move |_| case.take(case.scenario.with_untracked(|scenario| assume(scenario, &all)));
    view! {
        <div class="log-head">
            <b>{title}</b>
            <button class="link" type="button" on:click=move |_| case.page.log.set(None)>"Another log"</button>
        </div>
        {check.notes.iter().map(|note| view! { <p class="note">{note.clone()}</p> }).collect::<Vec<_>>()}
        {other_model(case, &log)}
        {(!taken.is_empty()).then(|| view! {
            <section class="checks">
                <h3>"Compared under what the log says of its start"</h3>
                <ul class="taken">{taken.iter().map(|one| view! { <li class:refused=one.refused.is_some()>{one.words()}</li> }).collect::<Vec<_>>()}</ul>
                {ask}
            </section>
        })}
        <section class="checks" data-of="log">
            <h3>"Part by part"</h3>
            <div class="table"><table>
                <thead><tr><th scope="col">"Part"</th><th scope="col">"Log"</th><th scope="col">"Here"</th><th scope="col">"Off by"</th></tr></thead>
                {check.rows.iter().map(|row| part(row, units)).collect::<Vec<_>>()}
            </table></div>
        </section>
        {(!assumptions.is_empty()).then(|| view! {
            <section class="checks" id="assumptions">
                <h3>"What holds for this machine"</h3>
                <dl class="pairs">{assumptions.iter().map(|one| assumption(one, units)).collect::<Vec<_>>()}</dl>
                <button class="button primary" type="button" id="use-these" on:click=use_these>"Use these"</button>
            </section>
        })}
    }
}

fn part(one: &Row, units: UnitSystem) -> AnyView {
    let cells = [
        one.label.into_any(),
        one.measure.write(one.said, units).into_any(),
        one.ours
            .map_or_else(|| "–".to_owned(), |ours| one.measure.write(ours, units))
            .into_any(),
        difference(one.difference()).into_any(),
    ];
    row(one.key, cells, one.agrees(), one.reason.clone().into_any())
}

fn assumption(one: &Assumption, units: UnitSystem) -> AnyView {
    let label = one.knob.knob().map_or("", |knob| knob.label);
    view! { <dt>{label}<small>{one.why.clone()}</small></dt><dd>{one.shown(units)}</dd> }.into_any()
}

/// A log that names another model of the Hub offers to load it.
fn other_model(case: Case, log: &Log) -> Option<AnyView> {
    let id = log.options.model.clone()?;
    let hub = id.matches('/').count() == 1 && !id.starts_with(['/', '.', '~']) && !id.ends_with('/');
    let same = case
        .model
        .with(|model| model.as_ref().is_some_and(|model| model.facts.id == id));
    (hub && !same).then(|| {
        let name = id.clone();
        let load = move |_| {
            let id = id.clone();
            then(Part::Reader, move || {
                if let Some(reader) = reader_part() {
                    (reader.load)(case, &id);
                }
            });
        };
        view! { <div class="row"><button class="button small" type="button" id="load-logged" on:click=load>"Load "{name}</button></div> }.into_any()
    })
}
