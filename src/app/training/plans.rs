//! The best layouts of a run: searched when asked for, fastest first.

use leptos::prelude::*;
use weighbridge::analysis::training::{Search, search};
use weighbridge::report::{layout_words, step_words, why_not};
use weighbridge::units::{counted, grouped, percent, seconds};

use crate::app::case::Case;

/// Most plans that are listed.
const LISTED: usize = 6;

/// What was found, and what a step took in it.
#[derive(Clone)]
struct Found {
    search: Search,
    step: String,
}

/// The card.
#[component]
pub fn Plans() -> impl IntoView {
    let case = Case::here();
    let found = RwSignal::new(None::<Result<Found, String>>);
    // What was found belongs to the question it was asked for.
    Effect::new(move |_| {
        case.answer.track();
        found.set(None);
    });
    let look = move |_| {
        let setup = case
            .answer
            .with_untracked(|answer| answer.as_ref().ok().map(|answer| answer.analysis.setup.clone()));
        let Some(setup) = setup else { return };
        let searched = search(&setup).map_err(|error| error.to_string());
        found.set(Some(searched.map(|search| Found {
            step: step_words(&setup, search.global_batch),
            search,
        })));
    };
    view! {
        <section class="card wide" aria-labelledby="plans-title">
            <h2 id="plans-title">"The fastest plans that fit"</h2>
            {move || match found.get() {
                None => view! {
                    <p>"Weighs every layout that the framework can run on these devices: sharding, tensor, pipeline and context parallel, micro-batch, recomputation. Each step takes as many sequences as the answer above."</p>
                    <button class="button" id="find-plans" type="button" on:click=look>"Find the best plan"</button>
                }.into_any(),
                Some(Err(why)) => view! { <p class="error">{why}</p> }.into_any(),
                Some(Ok(found)) => list(case, &found).into_any(),
            }}
        </section>
    }
}

fn list(case: Case, Found { search: found, step }: &Found) -> impl IntoView + use<> {
    let units = case.page.units.get_untracked();
    let best = found.best.first();
    let rows: Vec<_> = found
        .best
        .iter()
        .take(LISTED)
        .chain(found.nearest.iter())
        .enumerate()
        .map(|(at, one)| {
            let words = layout_words(one);
            let why = if at == 0 { String::new() } else { why_not(one, best, found.room, units) };
            let scenario = one.scenario.clone();
            view! {
                <tr>
                    <th scope="row">{words.clone()}<small>" "{why}</small></th>
                    <td><b>{units.bytes(one.total_bytes as f64)}</b></td>
                    <td>{percent(one.time.mfu(&one.plan))}</td>
                    <td class="optional">{seconds(one.time.seconds)}</td>
                    <td>{grouped(one.tokens_per_second().round() as u64)}</td>
                    <td><button class="button small" type="button" aria-label=format!("Use {words}") on:click=move |_| case.take(scenario.clone())>"Use"</button></td>
                </tr>
            }
        })
        .collect();
    let tried = counted(found.tried as u64, "layout");
    let said = match (best, &found.nearest) {
        (Some(_), _) => format!("{tried} with {step}, those that fit by the time of a step."),
        (None, Some(_)) => format!("{tried} with {step}: none fits. The one that needs least:"),
        (None, None) => format!("{tried} with {step}: none fits."),
    };
    view! {
        <p role="status">{said}</p>
        <div class="table" tabindex="0" role="region" aria-label="Plans"><table class="num plans">
            <thead><tr><th scope="col">"Layout"</th><th scope="col">"Memory"</th><th scope="col">"MFU"</th><th scope="col" class="optional">"Step"</th><th scope="col">"Tokens/s"</th><th scope="col"><span class="unseen">"Take it"</span></th></tr></thead>
            <tbody>{rows}</tbody>
        </table></div>
    }
}
