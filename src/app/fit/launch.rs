//! The command that runs what is weighed, with what each part of it is for.

use leptos::prelude::*;
use weighbridge::analysis::{Launch, launch};
use weighbridge::scenario::ModelSource;
use weighbridge::units::neutral;

use crate::app::case::{Answer, Case};
use crate::app::copy::copy;

/// The card.
#[component]
pub fn LaunchCard() -> impl IntoView {
    let case = Case::here();
    let found = Memo::new(move |_| case.shown.with(|shown| shown.as_ref().map(command)));
    view! {
        <section class="card wide" aria-labelledby="launch-title">
            {move || found.get().map(|(engine, found)| view! {
                <h2 id="launch-title">"Run it"<span class="side">{found.is_ok().then(|| format!(" with {engine}"))}</span></h2>
                {match found {
                    Ok(launch) => body(case, launch).into_any(),
                    Err(why) => view! { <p data-figure="launch.none">{why}</p> }.into_any(),
                }}
            })}
        </section>
    }
}

fn command(answer: &Answer) -> (&'static str, Result<Launch, String>) {
    // A config of one's own has no name that an engine could find.
    let name = match &answer.scenario.model.source {
        ModelSource::Id(id) => id.as_str(),
        _ => "",
    };
    // An engine reads points, whatever the page writes.
    let launch = neutral(|| launch(&answer.analysis, name));
    (answer.analysis.setup.engine.label(), launch)
}

/// Text with what stands between backticks as code.
fn with_code(text: &str) -> Vec<AnyView> {
    let parts = text.split('`').enumerate();
    parts
        .map(|(at, part)| match at % 2 {
            0 => part.to_owned().into_any(),
            _ => view! { <code>{part.to_owned()}</code> }.into_any(),
        })
        .collect()
}

/// The command, what each part of it is for, and what to know.
pub fn body(case: Case, launch: Launch) -> impl IntoView {
    let text = launch.command.clone();
    let rows: Vec<_> = launch
        .flags
        .iter()
        .map(|flag| {
            let part = format!("{} {}", flag.flag, flag.value).trim().to_owned();
            view! { <dt>{part}</dt><dd>{flag.why.clone()}</dd> }
        })
        .collect();
    let notes: Vec<_> = launch
        .notes
        .into_iter()
        .map(|note| view! { <p class="note">{with_code(&note)}</p> })
        .collect();
    view! {
        <div class="command">
            <pre tabindex="0" role="region" aria-label="Command" data-figure="launch.command">{launch.command}</pre>
            <button class="button small" type="button" on:click=move |_| copy(case.page, &text, "The command is copied.")>"Copy"</button>
        </div>
        <dl class="flags">{rows}</dl>
        {notes}
    }
}
