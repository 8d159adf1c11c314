//! The pipeline of a step, slot by slot.

use leptos::prelude::*;
use weighbridge::chart::pipeline::{Pass, Slot, slots};
use weighbridge::scenario::training::Schedule;
use weighbridge::units::percent;

use crate::app::case::Case;

/// Micro-batches that are drawn; a longer step goes on in the same way.
const DRAWN: u64 = 32;
/// Height of a row, in units of the drawing.
const ROW: f64 = 2.4;

/// The drawing; nothing without a pipeline.
#[component]
pub fn Timeline() -> impl IntoView {
    let case = Case::here();
    let plan = Memo::new(move |_| {
        case.shown.with(|answer| {
            let training = answer.as_ref()?.analysis.training.as_ref()?;
            let plan = &training.plan;
            let bubble = training.time.as_ref().map(|time| time.bubble / (1.0 + time.bubble));
            let order = (plan.schedule, plan.pipeline, plan.virtual_stages);
            (plan.pipeline > 1).then_some((order, plan.accumulation, bubble))
        })
    });
    move || {
        let ((schedule, stages, chunks), batches, bubble) = plan.get()?;
        let waits = bubble.map_or_else(String::new, |share| {
            format!("Stages wait {} of the step. ", percent(share))
        });
        // Chunks take turns for as many micro-batches as there are stages: whole rounds of them are drawn.
        let round = if chunks > 1 { stages } else { 1 };
        let most = (DRAWN / round).max(1) * round;
        let shown = slots(schedule, stages, batches.min(most), chunks);
        let cut = (batches > most)
            .then(|| format!("Drawn are the first {most} of {batches} micro-batches, as if there were no more. "));
        let tints = (chunks > 1).then(|| format!("A stage has {chunks} chunks of layers, in two tints by turns. "));
        let takes = match schedule {
            Schedule::ZeroBubble => "A forward pass, gradients of inputs and gradients of weights take equally long.",
            _ => "A backward pass takes twice a forward pass.",
        };
        let words = format!("{waits}{}{}{takes}", cut.unwrap_or_default(), tints.unwrap_or_default());
        Some(view! {
            <section class="card wide" aria-labelledby="pipeline-title">
                <h2 id="pipeline-title">{format!("One step: {batches} micro-batches through {stages} stages ({})", schedule.label())}</h2>
                {match shown {
                    Some((all, length)) => drawing(&all, length, stages, schedule).into_any(),
                    None => view! { <p>"This schedule is counted, but not drawn."</p> }.into_any(),
                }}
                <p>{words}</p>
            </section>
        })
    }
}

fn drawing(all: &[Slot], length: f64, stages: u64, schedule: Schedule) -> impl IntoView + use<> {
    let height = stages as f64 * ROW;
    // Numbers that have no room in the narrowest slot are left out of all.
    let room = |slot: &Slot| (slot.end - slot.start) >= if slot.batch < 9 { 0.5 } else { 0.9 };
    let numbers = length <= 120.0 && all.iter().all(room);
    let boxes: Vec<_> = all
        .iter()
        .map(|slot| {
            let (x, y) = (slot.start, slot.stage as f64 * ROW);
            let width = slot.end - slot.start;
            let class = match (slot.pass, slot.chunk % 2) {
                (Pass::Forward, 0) => "forward",
                (Pass::Forward, _) => "forward other",
                (Pass::Backward, 0) => "backward",
                (Pass::Backward, _) => "backward other",
                (Pass::Weights, _) => "weights",
            };
            let text = numbers.then(|| {
                view! { <text class=class x=format!("{:.2}", x + width / 2.0) y=format!("{:.2}", y + ROW * 0.62)>{slot.batch + 1}</text> }
            });
            view! {
                <rect class=class x=format!("{:.2}", x + 0.04) y=format!("{:.2}", y + 0.15) width=format!("{:.2}", width - 0.08) height=format!("{:.2}", ROW - 0.3) rx="0.15"></rect>
                {text}
            }
        })
        .collect();
    // The same for those who do not see it: how long each stage works and waits.
    let rows: Vec<_> = (0..stages as usize)
        .map(|stage| {
            let busy: f64 = all.iter().filter(|slot| slot.stage == stage).map(|slot| slot.end - slot.start).sum();
            view! { <tr><th scope="row">{format!("Stage {}", stage + 1)}</th><td>{percent(busy / length)}</td><td>{percent(1.0 - busy / length)}</td></tr> }
        })
        .collect();
    let weights =
        (schedule == Schedule::ZeroBubble).then(|| view! { <span class="weights"></span>"gradients of weights" });
    let backward = if weights.is_some() {
        "gradients of inputs"
    } else {
        "backward"
    };
    view! {
        <div class="pipeline" tabindex="0" role="region" aria-label="The pipeline over time">
            <svg viewBox=format!("0 0 {length:.2} {height:.2}") role="img" aria-label=format!("{} over {stages} stages", schedule.label()) style:--slots=format!("{length:.0}")>{boxes}</svg>
        </div>
        <p class="key"><span class="forward"></span>"forward"<span class="backward"></span>{backward}{weights}<span class="waits"></span>"waiting"</p>
        <details class="as-table"><summary>"As a table"</summary>
            <div class="table" tabindex="0" role="region" aria-label="Stages of the pipeline"><table class="num"><thead><tr><th scope="col">"Stage"</th><th scope="col">"Works"</th><th scope="col">"Waits"</th></tr></thead><tbody>{rows}</tbody></table></div>
        </details>
    }
}
