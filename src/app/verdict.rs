//! The verdict in a sentence, and what would make it fit where it is no.

use leptos::prelude::*;
use weighbridge::analysis::{Verdict, fixes};

use super::case::Case;
use super::icon::Icon;
use super::state::State;
use super::words::{Sentence, sentence};

/// The sentence of the answer on the page.
pub fn of(case: Case) -> Memo<Sentence> {
    Memo::new(move |_| {
        let units = case.page.units.get();
        let name = case.model.with(|model| {
            model
                .as_ref()
                .map_or_else(|| "This model".to_owned(), |model| model.name.clone())
        });
        let found = case
            .shown
            .with(|shown| shown.as_ref().map(|answer| sentence(answer, &name, units)));
        found.unwrap_or_else(|| nothing(case))
    })
}

/// Before there is any answer: what is on its way, or what to do.
fn nothing(case: Case) -> Sentence {
    let (pill, main, rest) = match case.loading.get() {
        Some(loading) => ("Reading", format!("{} is being read.", loading.what), ""),
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

/// While another model is read, the old answer stays and says so.
#[component]
pub fn StaleLine() -> impl IntoView {
    let case = Case::here();
    let old = Memo::new(move |_| case.shown.with(Option::is_some));
    move || {
        case.loading.get().filter(|_| old.get()).map(|loading| {
            let name = case.model.with(|model| model.as_ref().map(|model| model.name.clone()));
            view! {
                <div class="stale"><Icon name="clock"/>
                    <span>"Still shown: "<b>{name.unwrap_or_else(|| "the last model".to_owned())}</b>", until "{loading.what}" is read."</span>
                </div>
            }
        })
    }
}

/// What a context beyond the model's own looks like: it fits, but with a catch, as with part of it in RAM.
pub fn look(verdict: &'static str) -> &'static str {
    match verdict {
        "beyond" | "tight" => "offload",
        other => other,
    }
}

/// The verdict.
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
    let icon = move || match sentence.get().verdict {
        "fits" => view! { <Icon name="check"/> },
        "offload" | "beyond" | "tight" => view! { <Icon name="alert"/> },
        "unsupported" => view! { <Icon name="barred"/> },
        "does_not_fit" => view! { <Icon name="cross"/> },
        _ => view! { <Icon name="question"/> },
    };
    view! {
        <div class="verdict" data-verdict=move || look(sentence.get().verdict) aria-live="polite">
            <div class="above">
                <p class="pill">{icon}<span data-figure="fit.verdict">{move || sentence.get().pill}</span></p>
                <span class="deeds">
                    <button class="button small bare" type="button" title="Keeps this answer above and goes on with a copy of it" on:click=move |_| state.keep(case)>
                        <Icon name="columns"/><span class="word">"Keep and try another"</span>
                    </button>
                </span>
            </div>
            <h1>
                <span data-figure="sentence">{move || sentence.get().main}</span>" "
                <em data-figure="sentence.rest">{move || sentence.get().rest}</em>
            </h1>
        </div>
    }
}

/// What would make it fit: each way one click.
#[component]
pub fn WaysOut() -> impl IntoView {
    let case = Case::here();
    let found = Memo::new(move |_| {
        let units = case.page.units.get();
        case.shown.with(|shown| {
            let answer = shown.as_ref()?;
            let fit = answer.analysis.fit.as_ref();
            let missing = fit
                .filter(|fit| fit.headroom_bytes < 0 && fit.verdict != Verdict::Offload)?
                .missing_bytes;
            let needed = units.bytes(answer.analysis.held().total_bytes as f64);
            Some((units.bytes(missing as f64), needed, fixes(&answer.analysis, units)))
        })
    });
    move || {
        found.get().map(|(missing, needed, list)| {
            view! {
                <div class="ways num" role="group" aria-label="Ways to make it fit">
                    <div class="way missing"><span class="what">"Missing"</span>" "<b>{missing}</b>" "<span class="note">{format!("{needed} are needed")}</span></div>
                    {list.into_iter().map(|way| {
                        let scenario = way.scenario.clone();
                        view! {
                            <button class="way" type="button" on:click=move |_| case.scenario.set(scenario.clone())>
                                <span class="what">"It fits with"</span>" "<b>{way.label}</b>" "<span class="note">{way.note}</span>
                            </button>
                        }
                    }).collect_view()}
                </div>
            }
        })
    }
}
