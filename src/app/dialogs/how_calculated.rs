//! How the figures are calculated, step by step with the user's own numbers: the same code that explains each figure.

use leptos::prelude::*;
use weighbridge::analysis::{self, Explanation, Figure, explain};

use super::Frame;
use crate::app::case::{Answer, Case};
use crate::app::explanation::formula;
use crate::app::hardware::facts::price_words;
use crate::app::page::Dialog;

/// The page on accuracy.
const ACCURACY: &str = concat!(env!("CARGO_PKG_REPOSITORY"), "/blob/main/docs/accuracy.md");

/// A step of the calculation.
struct Step {
    title: &'static str,
    about: &'static str,
    /// The same for training.
    training: &'static str,
    figures: &'static [Figure],
}

const STEPS: &[Step] = &[
    Step {
        title: "What is estimated",
        about: "The config says how many layers there are and how wide each matrix is. Every tensor is counted once; what a token passes of it is the active part.",
        training: "The config says how many layers there are and how wide each matrix is. Every tensor is counted once.",
        figures: &[Figure::Parameters],
    },
    Step {
        title: "What must fit",
        about: "Weights in their format, scales included, the cache of keys and values for all tokens, what one pass holds in between, and what driver and runtime take.",
        training: "Weights, a gradient and AdamW's states for each of them, what the backward pass needs of the forward pass, and what driver and runtime take.",
        figures: &[Figure::Memory, Figure::KvPerToken],
    },
    Step {
        title: "What one pass moves and computes",
        about: "Each operator reads its weights once for the whole batch, its inputs and its part of the cache, and does two operations for every multiply-add.",
        training: "The forward pass, the backward pass at twice its cost, what is recomputed, and the optimizer's update of every weight.",
        figures: &[Figure::Traffic, Figure::Flops, Figure::Intensity],
    },
    Step {
        title: "How long that takes",
        about: "Each operator moves its bytes and does its arithmetic, partly at the same time, at the shares of peak that published measurements show; kernel launches, scheduling and communication between devices come on top.",
        training: "Only a lower bound: each operator takes the longer of moving its bytes at full bandwidth and doing its arithmetic at the peak rate.",
        figures: &[Figure::Time, Figure::TokensPerSecond],
    },
];

/// The worked example.
#[component]
pub fn Worked() -> impl IntoView {
    let case = Case::here();
    let units = case.page.units.get_untracked();
    let steps = case.shown.with_untracked(|shown| {
        let answer = shown.as_ref()?;
        let training = answer.scenario.workload.mode.trains();
        let steps = STEPS.iter().map(|step| {
            let found: Vec<Explanation> = step
                .figures
                .iter()
                .filter(|figure| **figure != Figure::KvPerToken || answer.scenario.workload.mode.writes())
                .filter_map(|figure| explain(&answer.analysis, *figure, &[], units))
                .collect();
            view! {
                <section class="step">
                    <h3>{step.title}</h3>
                    <p>{if training { step.training } else { step.about }}</p>
                    {if found.is_empty() { view! { <p class="without">"This needs a device."</p> }.into_any() } else { found.into_iter().map(one).collect_view().into_any() }}
                </section>
            }
        });
        let steps: Vec<_> = steps.collect();
        let price = cost_of_tokens(answer);
        Some((steps, price))
    });
    view! {
        <Frame title="How is this calculated?" class="worked">
            <p>"With your own numbers, in the order the program takes them. Every line is written by the code that computes it; any number on the page opens the same way, down to the key of the config. "<a href=ACCURACY>"How right it is, and what is not known"</a>"."</p>
            <Further/>
            {match steps {
                None => view! { <div class="empty"><b>"No model is loaded yet."</b></div> }.into_any(),
                Some((steps, price)) => view! { {steps}{price} }.into_any(),
            }}
        </Frame>
    }
}

/// The ways to what others say.
#[component]
fn Further() -> impl IntoView {
    let case = Case::here();
    let open = move |dialog: Dialog| move |_| case.page.dialog.set(Some(dialog));
    view! {
        <p class="further">
            <button class="link" type="button" aria-haspopup="dialog" on:click=open(Dialog::Calculators)>"Why do calculators disagree?"</button>
            <button class="link" type="button" aria-haspopup="dialog" on:click=open(Dialog::Log)>"Check against a log"</button>
        </p>
    }
}

/// A figure: formula, values, parts.
fn one(of: Explanation) -> impl IntoView {
    let parts: Vec<_> = of
        .parts
        .iter()
        .map(|part| {
            let key = part.key.clone();
            let dot = key.is_some().then(|| view! { <i class="dot"></i> });
            view! { <li data-component=key>{dot}<span>{part.name.clone()}</span><span class="value">{part.value.clone()}</span></li> }
        })
        .collect();
    let formula = formula(&of);
    view! {
        <div class="figure num">
            <h4>{of.title}</h4>
            {formula}
            {(!parts.is_empty()).then(|| view! { <ul class="parts plain">{parts}</ul> })}
            {(!of.not_counted.is_empty()).then(|| view! { <p class="without">"Not counted: "{of.not_counted}</p> })}
        </div>
    }
}

/// What a million tokens cost at this speed, where a price is known.
fn cost_of_tokens(answer: &Answer) -> Option<AnyView> {
    let speed = answer.analysis.speed.as_ref()?;
    let paid = analysis::cost(&answer.analysis.setup, Some(speed))?;
    let (hour, cost) = (paid.usd_per_hour, paid.usd_per_million_tokens?);
    let tokens = weighbridge::units::decimal(speed.tokens_per_second);
    Some(
        view! {
            <section class="step">
                <h3>"What it costs"</h3>
                <p>"The price of an hour, divided by the tokens of an hour at this load. A server that is idle half of the time costs twice as much for each token."</p>
                <div class="figure num">
                    <h4>{format!("A million tokens: ${cost:.2}")}</h4>
                    <div class="formula"><var>"price of an hour"</var>" ÷ ("<var>"tokens a second"</var>" × 3,600) × 1,000,000"
                        <span class="values">{format!("{} ÷ ({tokens} × 3,600) × 1,000,000 = ", price_words(hour))}<b>{format!("${cost:.2}")}</b></span></div>
                    <p class="without">{paid.basis}</p>
                </div>
            </section>
        }
        .into_any(),
    )
}
