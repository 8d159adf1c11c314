//! The verdict in a sentence, and what stands beside it.

use std::time::Duration;

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use weighbridge::report::{Sentence, sentence};

use super::case::{Case, NoAnswer, is_coming};
use super::icon::Icon;
use super::notices::WeightyNotices;
use super::page::Dialog;
use super::parts::focus_search;
use super::state::State;
use super::toasts;
use super::ways::BestWay;

/// The sentence of the answer on the page.
pub fn of(case: Case) -> Memo<Sentence> {
    Memo::new(move |_| {
        let units = case.page.units.get();
        let name = case.model_name().unwrap_or_else(|| "This model".to_owned());
        let found = case
            .shown
            .with(|shown| shown.as_ref().map(|answer| sentence(&answer.analysis, &name, units)));
        found.unwrap_or_else(|| nothing(case))
    })
}

/// Before there is any answer: what is on its way, or what to do.
fn nothing(case: Case) -> Sentence {
    let (pill, main, rest) = match case.loading.get() {
        Some(loading) => ("Reading", format!("{} is being read.", loading.what), ""),
        None if case
            .answer
            .with(|answer| matches!(answer, Err(NoAnswer::Analysis(error)) if is_coming(error))) =>
        {
            ("Reading", "The planner of training runs is on its way.".to_owned(), "")
        }
        None if case.model.with(Option::is_some) => (
            "No answer",
            format!(
                "{} has no answer as asked.",
                case.model_name().unwrap_or_else(|| "This model".to_owned())
            ),
            "The reason stands below. Change what it names.",
        ),
        None => (
            "No model loaded",
            "No model is on the scale.".to_owned(),
            "Find one with the search, or drop its config.json anywhere on this page.",
        ),
    };
    Sentence {
        verdict: "unknown",
        pill,
        main,
        rest: rest.to_owned(),
    }
}

/// While another model is read, or what was asked could not be, the old answer stays and says so.
#[component]
pub fn StaleLine() -> impl IntoView {
    let case = Case::here();
    let old = Memo::new(move |_| case.shown.with(Option::is_some));
    let name = move || case.model_name().unwrap_or_else(|| "the last model".to_owned());
    move || {
        let until = match case.loading.get() {
            Some(loading) => format!(", until {} is read.", loading.what),
            None if case.problem.with(Option::is_some) => ". What was asked for last could not be read.".to_owned(),
            None if case.refused.with(|refused| !refused.is_empty()) => {
                " with the last value that could be read.".to_owned()
            }
            None => return None,
        };
        old.get().then(|| {
            view! { <div class="stale"><Icon name="clock"/><span>"Still shown: "<b>{name()}</b>{until}</span></div> }
        })
    }
}

/// What a context beyond the model's own or a missed target looks like: it fits, but with a catch, as with part of it in RAM.
pub fn look(verdict: &'static str) -> &'static str {
    match verdict {
        "beyond" | "tight" | "missed" => "offload",
        other => other,
    }
}

/// The verdict, what it rests on, and what should be known beside it.
#[component]
pub fn VerdictLine() -> impl IntoView {
    let case = Case::here();
    let state = State::here();
    let sentence = of(case);
    Effect::new(move |_| {
        let sentence = sentence.get();
        if !sentence.main.is_empty() {
            document().set_title(&format!("{} · Weighbridge", sentence.main.trim_end_matches('.')));
        }
    });
    view! {
        <section class="verdict" id="verdict" tabindex="-1" data-verdict=move || look(sentence.get().verdict) aria-live="polite" aria-label="Verdict">
            <div class="above">
                <p class="pill">{move || sign(sentence.get().verdict)}<span data-figure="fit.verdict">{move || sentence.get().pill}</span></p>
                <span class="deeds">
                    <button class="button small bare" type="button" aria-label="Keep, try another" title="Keeps this answer above and goes on with a copy of it" on:click=move |_| keep_and_ask(state, case)>
                        <Icon name="columns"/><span class="word">"Keep, try another"</span>
                    </button>
                    <button class="button small bare" type="button" aria-label="Share" aria-haspopup="dialog" on:click=move |_| case.page.dialog.set(Some(Dialog::Share))>
                        <Icon name="share"/><span class="word">"Share"</span>
                    </button>
                </span>
            </div>
            <h1 data-figure="sentence">{move || joined(&sentence.get().main)}</h1>
            <p class="lead num"><span data-figure="sentence.rest">{move || sentence.get().rest}</span><BestWay/></p>
            <WeightyNotices/>
        </section>
    }
}

/// Puts the focus on the answer, once what had it has gone: else it falls to the top of the page.
pub fn focus_answer() {
    set_timeout(
        || {
            let lost = document()
                .active_element()
                .is_none_or(|element| element.tag_name() == "BODY" || element.id() == "find");
            let answer = document().get_element_by_id("verdict");
            if let Some(answer) = answer
                .filter(|_| lost)
                .and_then(|answer| answer.dyn_into::<web_sys::HtmlElement>().ok())
            {
                let options = web_sys::FocusOptions::new();
                options.set_prevent_scroll(true);
                let _ = answer.focus_with_options(&options);
            }
        },
        Duration::from_millis(50),
    );
}

/// The sign of a verdict.
pub fn sign(verdict: &str) -> impl IntoView + use<> {
    let name = sign_name(verdict);
    view! { <Icon name=name/> }
}

/// The same by its name.
pub fn sign_name(verdict: &str) -> &'static str {
    match verdict {
        "fits" => "check",
        "offload" | "beyond" | "tight" | "missed" => "alert",
        "unsupported" => "barred",
        "does_not_fit" => "cross",
        _ => "question",
    }
}

/// No line ends between a count and what it counts: `8 × H100`.
fn joined(sentence: &str) -> String {
    sentence.replace(" × ", "\u{a0}×\u{a0}")
}

/// Keeps an answer and asks what comes beside it: the search has the focus.
fn keep_and_ask(state: State, case: Case) {
    state.keep(case);
    toasts::say(
        case.page,
        "Kept above. What you choose now comes beside it: a model, a device, any setting.",
    );
    focus_search();
}
