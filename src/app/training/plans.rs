//! The best layouts of a run: searched when asked for, fastest first.

use leptos::prelude::*;
use weighbridge::analysis::training::{Search, search};
use weighbridge::report::{layout_words, why_not};
use weighbridge::units::{grouped, percent, seconds};

use crate::app::case::Case;

/// Most plans that are listed.
const LISTED: usize = 6;

/// The card.
#[component]
pub fn Plans() -> impl IntoView {
    let case = Case::here();
    let found = RwSignal::new(None::<Result<Search, String>>);
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
        found.set(Some(search(&setup).map_err(|error| error.to_string())));
    };
    view! {
        <section class="card wide" aria-labelledby="plans-title">
            <h2 id="plans-title">"The fastest plans that fit"</h2>
            {move || match found.get() {
                None => view! {
                    <p>"Weighs every layout that the framework can run on these devices: sharding, tensor, pipeline and context parallel, micro-batch, recomputation."</p>
                    <button class="button" id="find-plans" type="button" on:click=look>"Find the best plan"</button>
                }.into_any(),
                Some(Err(why)) => view! { <p class="error">{why}</p> }.into_any(),
                Some(Ok(found)) => list(case, &found).into_any(),
            }}
        </section>
    }
}

fn list(case: Case, found: &Search) -> impl IntoView + use<> {
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
    let said = match best {
        Some(_) => format!("{} layouts were weighed.", grouped(found.tried as u64)),
        None => format!(
            "{} layouts were weighed; none fits. The one that needs least:",
            grouped(found.tried as u64)
        ),
    };
    view! {
        <p role="status">{said}</p>
        <div class="table" tabindex="0" role="region" aria-label="Plans"><table class="num plans">
            <thead><tr><th scope="col">"Layout"</th><th scope="col">"Memory"</th><th scope="col">"MFU"</th><th scope="col" class="optional">"Step"</th><th scope="col">"Tokens/s"</th><th scope="col"><span class="unseen">"Take it"</span></th></tr></thead>
            <tbody>{rows}</tbody>
        </table></div>
    }
}
