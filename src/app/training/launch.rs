//! The command that starts the run as it was weighed, in the words of the program that is chosen.

use leptos::prelude::*;
use weighbridge::analysis::Launch;
use weighbridge::analysis::training::launch::{Program, launch, programs_for};
use weighbridge::scenario::ModelSource;
use weighbridge::units::neutral;

use crate::app::case::{Answer, Case};
use crate::app::fit::launch_body;

#[derive(Clone, PartialEq)]
struct Shown {
    programs: &'static [Program],
    program: Option<Program>,
    made: Result<Launch, String>,
}

fn shown(answer: &Answer, wanted: Option<Program>) -> Option<Shown> {
    let programs = programs_for(&answer.analysis.setup, answer.analysis.training.as_ref()?);
    let program = wanted
        .filter(|one| programs.contains(one))
        .or_else(|| programs.first().copied());
    // A config of one's own has no name that a program could find.
    let name = match &answer.scenario.model.source {
        ModelSource::Id(id) => id.as_str(),
        _ => "",
    };
    Some(Shown {
        programs,
        program,
        // A program reads points, whatever the page writes.
        made: neutral(|| launch(&answer.analysis, name, program)),
    })
}

/// The card.
#[component]
pub fn RunCard() -> impl IntoView {
    let case = Case::here();
    let wanted = RwSignal::new(None::<Program>);
    let found = Memo::new(move |_| {
        case.shown
            .with(|answer| answer.as_ref().and_then(|answer| shown(answer, wanted.get())))
    });
    move || {
        let Shown {
            programs,
            program,
            made,
        } = found.get()?;
        let choice = (programs.len() > 1).then(|| {
            let all: Vec<_> = programs
                .iter()
                .map(|one| {
                    let one = *one;
                    view! {
                        <button class="button small" type="button" aria-pressed=(program == Some(one)).to_string()
                            on:click=move |_| wanted.set(Some(one))>{one.label()}</button>
                    }
                })
                .collect();
            view! { <div class="programs" role="group" aria-label="Program">{all}</div> }
        });
        Some(view! {
            <section class="card wide" aria-labelledby="run-title">
                <h2 id="run-title">"Run it"<span class="side">{made.is_ok().then_some(program).flatten().map(|one| format!(" with {}", one.label()))}</span></h2>
                {choice}
                {match made {
                    Ok(launch) => launch_body(case, launch).into_any(),
                    Err(why) => view! { <p data-figure="launch.none">{why}</p> }.into_any(),
                }}
            </section>
        })
    }
}
