//! Other ways to train on the same devices: what each needs, how fast it is, one click to take it.

use std::sync::Arc;

use leptos::prelude::*;
use weighbridge::analysis::Setup;
use weighbridge::report::{Judged, Strategy, judge, strategies};
use weighbridge::units::{UnitSystem, decimal, grouped, seconds};

use super::rank_bar::{bar, in_short, legend};
use crate::app::case::Case;

type Weighed = Vec<(&'static str, Vec<(Strategy, Result<Judged, String>)>)>;

fn weigh(setup: &Setup) -> Weighed {
    strategies(setup)
        .into_iter()
        .map(|ways| {
            let each = ways.list.into_iter().map(|one| {
                let judged = judge(setup, &one);
                (one, judged)
            });
            (ways.title, each.collect())
        })
        .collect()
}

/// The card.
#[component]
pub fn Strategies() -> impl IntoView {
    let case = Case::here();
    let setup: Memo<Option<Arc<Setup>>> =
        Memo::new(move |_| case.shown.with(|answer| Some(answer.as_ref()?.analysis.setup.clone())));
    let room = Memo::new(move |_| {
        case.shown
            .with(|answer| Some(answer.as_ref()?.analysis.fit.as_ref()?.capacity_bytes))
    });
    let found = Memo::new(move |_| setup.with(|setup| setup.as_ref().map(|setup| weigh(setup))));
    move || {
        let (found, room, units) = (found.get()?, room.get(), case.page.units.get());
        let totals = found
            .iter()
            .flat_map(|(_, list)| list)
            .filter_map(|(_, judged)| judged.as_ref().ok());
        let most = totals.map(|judged| judged.total_bytes).max().unwrap_or(0);
        // What is far beyond the device is cut: the line should not lie at the edge.
        let end = most
            .max(room.unwrap_or(0))
            .min(room.map_or(u64::MAX, |room| room.saturating_mul(3)));
        let days = found
            .iter()
            .flat_map(|(_, list)| list)
            .any(|(_, judged)| judged.as_ref().is_ok_and(|judged| judged.days.is_some()));
        let groups: Vec<_> = found
            .into_iter()
            .map(|(title, list)| {
                let rows: Vec<_> = list.into_iter().map(|(one, judged)| row(case, one, judged, end, room, units, days)).collect();
                view! { <tr class="group"><th scope="rowgroup" colspan=if days { "7" } else { "6" }>{title}</th></tr>{rows} }
            })
            .collect();
        Some(view! {
            <section class="card wide" aria-labelledby="strategies-title">
                <h2 id="strategies-title">"Other ways to train, each weighed"</h2>
                <div class="table" tabindex="0" role="region" aria-label="Other ways to train"><table class="num strategies">
                    <thead><tr><th scope="col">"Way"</th><th scope="col" class="wide-bar">"One device"</th><th scope="col">"Memory"</th><th scope="col" class="optional">"Step"</th><th scope="col">"Tokens/s"</th>
                        {days.then(|| view! { <th scope="col">"Days"</th> })}<th scope="col"><span class="unseen">"Take it"</span></th></tr></thead>
                    <tbody>{groups}</tbody>
                </table></div>
                {legend(most > end)}
            </section>
        })
    }
}

fn row(
    case: Case,
    one: Strategy,
    judged: Result<Judged, String>,
    end: u64,
    room: Option<u64>,
    units: UnitSystem,
    days: bool,
) -> AnyView {
    let judged = match judged {
        Ok(judged) => judged,
        Err(why) => {
            return view! { <tr><th scope="row">{one.name}<small>" "{one.note}</small></th><td class="text why-not" colspan=if days { "6" } else { "5" }>{why}</td></tr> }.into_any();
        }
    };
    let now = {
        let scenario = judged.scenario.clone();
        Memo::new(move |_| case.scenario.with(|now| *now == scenario))
    };
    let (scenario, name) = (judged.scenario.clone(), one.name.clone());
    let note = if judged.recomputed {
        format!("{}, layers recomputed", one.note)
    } else {
        one.note
    };
    let fits = judged.fits;
    view! {
        <tr class:chosen=move || now.get() data-fits=fits.to_string()>
            <th scope="row">{one.name}<small>" "{note}</small></th>
            <td class="wide-bar">{bar(&in_short(&judged.parts), end, room)}</td>
            <td><b>{units.bytes(judged.total_bytes as f64)}</b><small class="verdict-word">{if fits { " fits" } else { " too large" }}</small></td>
            <td class="optional">{judged.speed.map(|(step, _)| seconds(step))}</td>
            <td>{judged.speed.map(|(_, rate)| grouped(rate.round() as u64))}</td>
            {days.then(|| view! { <td>{judged.days.map(decimal)}</td> })}
            <td>{move || if now.get() {
                view! { <span class="now">"this one"</span> }.into_any()
            } else {
                let scenario = scenario.clone();
                view! { <button class="button small" type="button" aria-label=format!("Use {name}") on:click=move |_| case.take(scenario.clone())>"Use"</button> }.into_any()
            }}</td>
        </tr>
    }
    .into_any()
}
