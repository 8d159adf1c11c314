//! "Loss": what a law predicts for the run, the best size and length for its operations, and the learning rate.

use leptos::prelude::*;
use strum::IntoEnumIterator;
use weighbridge::analysis::training::law::LAWS;
use weighbridge::analysis::training::schedule::{WARM_UP, schedule};
use weighbridge::scenario::training::RateSchedule;
use weighbridge::units::{percent, short_count};

use crate::app::case::Case;

/// Points of a drawn curve.
const POINTS: u32 = 80;
/// Where a curve begins, as a share of the run: before it a law says nothing.
const BEGINS: f64 = 0.03;
/// Tokens a parameter where a run has none of its own: what compute-optimal training takes (Hoffmann 2022).
const USUAL: f64 = 20.0;

#[derive(Clone, Copy, Default, PartialEq)]
struct Run {
    parameters: f64,
    tokens: f64,
    given: bool,
    finetunes: bool,
    schedule: RateSchedule,
    /// Percentage of the steps that warm up.
    warm: f64,
}

fn words_of(value: f64) -> String {
    format!("{value:.2}")
}

/// The cards of the tab.
#[component]
pub fn LossTab() -> impl IntoView {
    super::dress();
    let case = Case::here();
    let run = Memo::new(move |_| {
        case.shown.with(|answer| {
            let answer = answer.as_ref()?;
            let analysis = &answer.analysis;
            let training = analysis.training.as_ref()?;
            let (schedule, warm) = schedule(&answer.scenario.training);
            let parameters = analysis.parameters.active.0 as f64;
            Some(Run {
                parameters,
                tokens: training.plan.tokens.map_or(USUAL * parameters, |tokens| tokens as f64),
                given: training.plan.tokens.is_some(),
                schedule,
                warm: 100.0 * warm,
                finetunes: answer.scenario.workload.mode == weighbridge::scenario::Mode::Finetune,
            })
        })
    });
    view! {
        {move || run.get().map(|run| if run.finetunes {
            view! { <section class="card wide" aria-labelledby="loss-title"><h2 id="loss-title">"Loss"</h2>
                <p>"The laws are of runs that begin at random weights. None that is known predicts the loss of a fine-tuned model on data of your own."</p></section> }.into_any()
        } else {
            view! { {curve(run)}{best(run)} }.into_any()
        })}
        {move || run.get().map(|run| rate(case, run))}
    }
}

/// A curve over a plane from 0 to 100 both ways, as points of SVG.
fn points(at: impl Iterator<Item = (f64, f64)>) -> String {
    at.map(|(x, y)| format!("{x:.2},{y:.2} ")).collect()
}

fn curve(run: Run) -> impl IntoView + use<> {
    let span = |law: usize| {
        move |step: u32| {
            let share = BEGINS + (1.0 - BEGINS) * f64::from(step) / f64::from(POINTS);
            let loss = LAWS
                .get(law)
                .map_or(0.0, |law| law.loss(run.parameters, share * run.tokens));
            (100.0 * share, loss)
        }
    };
    let (first, other) = (span(0), span(1));
    let all = || (0..=POINTS).flat_map(|step| [first(step).1, other(step).1]);
    let top = (all().fold(0.0, f64::max) * 10.0).ceil() / 10.0;
    let bottom = (all().fold(f64::MAX, f64::min) * 10.0).floor() / 10.0;
    let place = move |(x, loss): (f64, f64)| (x, 100.0 * (top - loss) / (top - bottom).max(1e-9));
    let there = points((0..=POINTS).map(|step| place(first(step))));
    let back = points((0..=POINTS).rev().map(|step| place(other(step))));
    let middle = points((0..=POINTS).map(|step| {
        let (one, two) = (first(step), other(step));
        place((one.0, f64::midpoint(one.1, two.1)))
    }));
    let ends: Vec<_> = LAWS
        .iter()
        .map(|law| {
            let loss = law.loss(run.parameters, run.tokens);
            view! { <tr><th scope="row">{law.source}</th><td>{words_of(loss)}</td><td>{words_of(law.e)}</td></tr> }
        })
        .collect();
    let (low, high) = bounds(run);
    let about = format!(
        "The loss falls from about {} to between {} and {} nats a token.",
        words_of(top),
        words_of(low),
        words_of(high)
    );
    let length = if run.given {
        String::new()
    } else {
        "No tokens are given; drawn are twenty a parameter. ".to_owned()
    };
    view! {
        <section class="card" aria-labelledby="loss-title">
            <h2 id="loss-title">"The loss a scaling law predicts"<span class="side">" · a prediction, no measurement"</span></h2>
            <div class="law-curve" role="img" aria-label=about.clone()>
                <span class="high num">{words_of(top)}</span><span class="low num">{words_of(bottom)}</span>
                <svg viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">
                    <polygon class="band" points=format!("{there}{back}")></polygon>
                    <polyline class="line" points=middle></polyline>
                </svg>
                <span class="from num">"0"</span><span class="to num">{format!("{} tokens", short_count(run.tokens))}</span>
            </div>
            <p>{format!("{length}{about} The band lies between two published fits of one law. Each point is the last loss of a run that ends there, on their data: read the shape, not the level.")}</p>
            <div class="table" tabindex="0" role="region" aria-label="Loss by law"><table class="num"><thead><tr><th scope="col">"Law"</th><th scope="col">"Loss at the end"</th><th scope="col">"No model passes"</th></tr></thead><tbody>{ends}</tbody></table></div>
        </section>
    }
}

fn bounds(run: Run) -> (f64, f64) {
    let each = || LAWS.iter().map(|law| law.loss(run.parameters, run.tokens));
    (each().fold(f64::MAX, f64::min), each().fold(0.0, f64::max))
}

fn best(run: Run) -> impl IntoView + use<> {
    let flops = 6.0 * run.parameters * run.tokens;
    let row = |name: String, parameters: f64, tokens: f64, loss: f64| {
        view! {
            <tr><th scope="row">{name}</th><td>{short_count(parameters)}</td><td>{short_count(tokens)}</td>
                <td>{format!("{:.0}", tokens / parameters.max(1.0))}</td><td>{words_of(loss)}</td></tr>
        }
    };
    let mut rows = Vec::new();
    for law in &LAWS {
        let (at, name) = (
            law.best(flops),
            law.source.split(' ').take(2).collect::<Vec<_>>().join(" "),
        );
        rows.push(row(
            format!("This run, {name}"),
            run.parameters,
            run.tokens,
            law.loss(run.parameters, run.tokens),
        ));
        rows.push(row(format!("Best, {name}"), at.parameters, at.tokens, at.loss));
    }
    view! {
        <section class="card" aria-labelledby="best-title">
            <h2 id="best-title">"Compute-optimal: the same FLOPs, best spent"</h2>
            <div class="table" tabindex="0" role="region" aria-label="Loss by size and tokens"><table class="num">
                <thead><tr><th scope="col">"Run"</th><th scope="col">"Parameters"</th><th scope="col">"Tokens"</th><th scope="col">"Tokens a parameter"</th><th scope="col">"Loss"</th></tr></thead>
                <tbody>{rows}</tbody>
            </table></div>
            <p>{format!("For {flops:.1e} FLOPs: the laws count 6 a parameter and token. A smaller model trained for longer learns less for the same FLOPs and is cheaper to use.")}</p>
        </section>
    }
}

/// Puts another schedule in the place of the one that is shown: part of the question, and so of its link.
fn take(case: Case, change: impl FnOnce(&mut weighbridge::scenario::training::TrainingChoice)) {
    let now = case
        .shown
        .with_untracked(|answer| answer.as_ref().map(|answer| answer.scenario.as_ref().clone()));
    if let Some(scenario) = now {
        case.take(scenario.with(|scenario| change(&mut scenario.training)));
    }
}

fn rate(case: Case, run: Run) -> impl IntoView + use<> {
    let kind = run.schedule;
    let warm = RwSignal::new(run.warm);
    let drawn = move || {
        let warm = warm.get() / 100.0;
        let at = (0..=4 * POINTS).map(|step| f64::from(step) / f64::from(4 * POINTS));
        points(at.map(|done| (100.0 * done, 100.0 * (1.0 - kind.at(done, warm)))))
    };
    let said = move || {
        let warm = warm.get() / 100.0;
        format!(
            "It warms up over {} of the steps, is at {} of its peak half-way and ends at {}.",
            percent(warm),
            percent(kind.at(0.5, warm)),
            percent(kind.at(1.0, warm))
        )
    };
    let choices: Vec<_> = RateSchedule::iter()
        .map(|one| {
            view! {
                <button class="button small" type="button" aria-pressed=(kind == one).to_string()
                    on:click=move |_| take(case, |choice| choice.rate_schedule = Some(one).filter(|one| *one != RateSchedule::default()))>{one.label()}</button>
            }
        })
        .collect();
    let length = if run.given {
        format!("{} tokens", short_count(run.tokens))
    } else {
        "the whole run".to_owned()
    };
    view! {
        <section class="card wide" aria-labelledby="rate-title">
            <h2 id="rate-title">"Learning rate"<span class="side">" as a share of its peak"</span></h2>
            <div class="programs" role="group" aria-label="Schedule">{choices}</div>
            <label class="warm">"Warm-up, % of the steps"
                <input type="range" min="1" max="20" step="1" prop:value=move || warm.get().to_string()
                    on:input=move |event| { if let Ok(value) = event_target_value(&event).parse() { warm.set(value); } }
                    on:change=move |_| { let percent = warm.get_untracked().round() as u64; take(case, |choice| choice.warm_up = Some(percent).filter(|percent| *percent != WARM_UP)); }/>
                <span class="num">{move || percent(warm.get() / 100.0)}</span>
            </label>
            <div class="law-curve flat" role="img" aria-label=said>
                <span class="high num">"100 %"</span><span class="low num">"0"</span>
                <svg viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true"><polyline class="line" points=drawn></polyline></svg>
                <span class="from num">"0"</span><span class="to num">{length}</span>
            </div>
            <p>{said}" The laws hold for a schedule that ends where the run does. The peak itself is no part of the estimate."</p>
        </section>
    }
}
