//! A token followed step by step; the same for training and reinforcement learning.

use leptos::prelude::*;
use strum::IntoEnumIterator;
use weighbridge::analysis::time::Pass;
use weighbridge::model::flow::PartId;
use weighbridge::report::walk::{Journey, Step, pass, reinforcement, training};
use weighbridge::scenario::Mode;
use weighbridge::scenario::training::Reinforcement;

use super::inspector::shape;
use super::looking::{Looking, View};

/// Which journey is followed, for as long as the tab is open.
#[derive(Clone, Copy)]
struct Followed(RwSignal<Journey>);

/// Begins to keep which journey is followed.
pub fn provide_journey() {
    provide_context(Followed(RwSignal::new(Journey::default())));
}

/// Which journey is followed.
pub fn journey_of(_looking: Looking) -> RwSignal<Journey> {
    use_context::<Followed>().map_or_else(|| RwSignal::new(Journey::default()), |followed| followed.0)
}

/// The journey.
#[component]
pub fn Walk() -> impl IntoView {
    let looking = Looking::here();
    let journey = journey_of(looking);
    // A run is followed through its step, another question through its own pass.
    let trains = looking.case.trains();
    Effect::new(move |before: Option<bool>| {
        let now = trains.get();
        if before != Some(now) {
            let fits = matches!(journey.get_untracked(), Journey::Training | Journey::Reinforcement) == now;
            if !fits && before.is_none() {
                journey.set(if now { Journey::Training } else { Journey::Decode });
            }
        }
        now
    });
    Effect::new(move |_| match journey.get() {
        Journey::Prefill => looking.look_at(Pass::Prefill),
        Journey::Decode => looking.look_at(Pass::Decode),
        Journey::Training | Journey::Reinforcement => {}
    });
    let steps = Memo::new(move |_| {
        let (journey, units) = (journey.get(), looking.case.page.units.get());
        looking.shown.with(|shown| {
            let shown = shown.as_ref()?;
            match journey {
                Journey::Prefill | Journey::Decode => {
                    (!trains.get()).then(|| pass(shown.setup(), &shown.anatomy, units))
                }
                Journey::Training => training(&shown.answer.analysis, units),
                Journey::Reinforcement => reinforcement(&shown.answer.analysis, units),
            }
        })
    });
    let at = RwSignal::new(0_usize);
    let count = move || steps.with(|steps| steps.as_ref().map_or(0, Vec::len));
    Effect::new(move |_| {
        journey.track();
        at.set(0);
    });
    let go = move |to: usize| {
        let last = count().saturating_sub(1);
        at.set(to.min(last));
        let part = steps.with_untracked(|steps| {
            steps
                .as_ref()
                .and_then(|steps| steps.get(to.min(last)))
                .and_then(|step| step.part)
        });
        looking.choose(part.unwrap_or(PartId::Model));
        request_animation_frame(move || {
            if let Some(element) = document().query_selector(".steps > .now").ok().flatten() {
                let options = web_sys::ScrollIntoViewOptions::new();
                options.set_block(web_sys::ScrollLogicalPosition::Nearest);
                element.scroll_into_view_with_scroll_into_view_options(&options);
            }
        });
    };
    let keys = move |event: web_sys::KeyboardEvent| {
        let now = at.get_untracked();
        match event.key().as_str() {
            "ArrowDown" | "ArrowRight" => go(now + 1),
            "ArrowUp" | "ArrowLeft" => go(now.saturating_sub(1)),
            _ => return,
        }
        event.prevent_default();
    };
    let choices = Journey::iter()
        .map(|one| view! { <button type="button" aria-pressed=move || (journey.get() == one).to_string() on:click=move |_| journey.set(one)>{one.label()}</button> })
        .collect_view();
    view! {
        <section class="card walk" aria-label="Step by step">
            <div class="row">
                <div class="segments" role="group" aria-label="What is followed">{choices}</div>
                <button class="button small" type="button" disabled=move || at.get() == 0 on:click=move |_| go(at.get_untracked().saturating_sub(1))>"Back"</button>
                <button class="button small" type="button" disabled=move || { at.get() + 1 >= count() } on:click=move |_| go(at.get_untracked() + 1)>"Next"</button>
                <span class="num" role="status">{move || { let all = count(); (all > 0).then(|| format!("Step {} of {all}", at.get() + 1)) }}</span>
            </div>
            {move || match steps.get() {
                Some(steps) => {
                    let items = steps.into_iter().enumerate().map(|(nth, step)| item(looking, at, nth, step, go)).collect_view();
                    view! { <ol class="steps" on:keydown=keys>{items}</ol> }.into_any()
                }
                None => missing(looking, journey.get()).into_any(),
            }}
        </section>
    }
}

fn item(
    looking: Looking,
    at: RwSignal<usize>,
    nth: usize,
    step: Step,
    go: impl Fn(usize) + Copy + Send + Sync + 'static,
) -> impl IntoView {
    let now = move || at.get() == nth;
    let touched = step
        .touched
        .into_iter()
        .map(|words| view! { <li>{words}</li> })
        .collect_view();
    let costs = step.costs.join(" · ");
    let inside = StoredValue::new(step.inside);
    // Of the step that is looked at alone: of all it would be a wall.
    let inner = move || {
        let list = now().then(|| inside.get_value()).filter(|list| !list.is_empty())?;
        let rows = list
            .into_iter()
            .map(|(part, title, shape)| {
                view! { <li><button class="link" type="button" on:click=move |_| looking.choose(part)>{title}</button>" "<span>{shape}</span></li> }
            })
            .collect_view();
        Some(view! { <ul class="inside" aria-label="Inside, in order">{rows}</ul> })
    };
    let dims = (!step.shape.is_empty()).then(|| shape(&step.shape));
    let part = step.part;
    let see = move || {
        part.filter(|_| now()).map(|part| {
            let show = move |_| {
                looking.choose(part);
                looking.see(View::Diagram);
            };
            view! { <button class="link" type="button" on:click=show>"Show in the diagram"</button> }
        })
    };
    view! {
        <li class:now=now aria-current=move || now().then_some("step")>
            <button type="button" class="step" tabindex=move || if now() { "0" } else { "-1" } on:click=move |_| go(nth)>
                <b>{step.title}</b><small>{costs}</small>
            </button>
            <p>{step.about}</p>
            {inner}
            {see}
            <ul class="touched">{touched}</ul>
            <div class="gives">{dims}</div>
        </li>
    }
}

/// Why there is nothing to follow, and the button that brings it.
fn missing(looking: Looking, journey: Journey) -> impl IntoView {
    let take = move |mode: Mode, reinforced: bool| {
        let case = looking.case;
        let scenario = case
            .shown
            .with_untracked(|answer| answer.as_ref().map(|answer| answer.scenario.as_ref().clone()));
        let Some(scenario) = scenario else { return };
        case.take(scenario.with(|scenario| {
            scenario.workload.mode = mode;
            if reinforced {
                scenario.training.reinforcement = Some(Reinforcement::Grpo);
            }
        }));
    };
    match journey {
        Journey::Prefill | Journey::Decode => view! {
            <p>"The question is about training; no token is written in it."</p>
            <button class="button small" type="button" on:click=move |_| take(Mode::Decode, false)>"Ask about decode instead"</button>
        }
        .into_any(),
        Journey::Training => view! {
            <p>"The question is about running the model. A training step needs a run: its devices, batch and optimizer."</p>
            <button class="button small" type="button" on:click=move |_| take(Mode::Finetune, false)>"Ask about fine-tuning instead"</button>
        }
        .into_any(),
        Journey::Reinforcement => view! {
            <p>"An update of reinforcement learning needs a run and a method."</p>
            <button class="button small" type="button" on:click=move |_| take(Mode::Finetune, true)>"Ask about GRPO"</button>
        }
        .into_any(),
    }
}
