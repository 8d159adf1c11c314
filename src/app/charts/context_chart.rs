//! Memory over context, and where the device is full.

use std::sync::Arc;

use leptos::prelude::*;
use weighbridge::analysis::Verdict;
use weighbridge::chart;
use weighbridge::units::{UnitSystem, grouped};

use super::figure::{ChartFigure, Draw};
use crate::app::case::{Answer, Case};

/// Points of the curve: 128 steps, so that those of a power of two are round.
const POINTS: u64 = 129;
/// Rows of the table are every so many points.
const STEP: usize = 8;

/// Memory over context.
#[component]
pub fn ContextChart() -> impl IntoView {
    let case = Case::here();
    let data = Memo::new(move |_| {
        let answer = case.shown.get()?;
        chart::ContextChart::of(&answer.analysis, POINTS, case.page.units.get()).ok()
    });
    let draw: Draw = Arc::new(move |canvas, theme, scale, caption| {
        data.with(|data| {
            if let Some(data) = data {
                // A canvas that cannot draw leaves the table.
                drop(data.draw(canvas, theme, scale, caption));
            }
        });
    });
    let label = Signal::derive(move || data.with(|data| data.as_ref().map_or_else(String::new, finding)));
    let caption = Signal::derive(move || {
        let (Some(answer), Some(data)) = (case.shown.get(), data.get()) else {
            return String::new();
        };
        words(&answer, &data)
    });
    let table = move || data.with(|data| data.as_ref().map(rows));
    view! { <ChartFigure title="Memory over context" label=label caption=caption draw=draw table=table.into() /> }
}

/// What the picture shows.
fn finding(data: &chart::ContextChart) -> String {
    let longest = data.tokens.last().copied().unwrap_or(0);
    let units = data.units;
    let mut text = format!("Chart of memory from 1 to {} tokens of context.", grouped(longest));
    if let Some((tokens, bytes)) = data.now {
        text.push_str(&format!(
            " Now {} at {} tokens.",
            units.bytes(bytes as f64),
            grouped(tokens)
        ));
    }
    if let Some(capacity) = &data.capacity {
        text.push_str(&format!(
            " {} has room for {}",
            capacity.name,
            units.bytes(capacity.bytes as f64)
        ));
        match data.crossing {
            Some(most) if data.crossing_is_models => {
                text.push_str(&format!("; the model's own limit is {} tokens.", grouped(most)));
            }
            Some(full) => text.push_str(&format!(" and is full at {} tokens.", grouped(full))),
            None if data.total(data.tokens.len().saturating_sub(1)) <= capacity.bytes => {
                text.push_str(", enough for all of it.")
            }
            None => text.push_str(", too little for any of it."),
        }
    }
    text
}

/// What it means.
fn words(answer: &Answer, data: &chart::ContextChart) -> String {
    let units = data.units;
    let held = answer.analysis.held();
    // Of a server, what runs of its requests.
    let running = answer
        .analysis
        .serving
        .as_ref()
        .map(|serving| serving.admission.running);
    let batch = running.unwrap_or(answer.scenario.workload.batch);
    if answer.scenario.workload.mode.trains() {
        return format!(
            "Weights, gradients and optimizer states stay at {}; activations grow with the tokens of a step.",
            units.bytes(
                held.weights_bytes
                    .saturating_add(held.gradient_bytes)
                    .saturating_add(held.optimizer_bytes) as f64
            )
        );
    }
    let growth = growth(answer);
    let fixed = units.bytes(held.weights_bytes.saturating_add(held.overhead_bytes) as f64);
    let place = match answer.scenario.hardware.devices {
        1 => "",
        _ => " on the fullest device",
    };
    let grows = match (growth, batch) {
        (0, _) => "the cache stops growing when its windows are full".to_owned(),
        (each, 1) => format!("the KV cache grows {} a token", units.bytes(each as f64)),
        (each, batch) => format!(
            "the KV cache grows {} a token for each of {} sequences",
            units.bytes(each as f64),
            grouped(batch)
        ),
    };
    let fit = answer.analysis.fit.as_ref();
    let spills = fit.filter(|fit| fit.verdict == Verdict::Offload);
    let end = match (&data.capacity, data.crossing) {
        _ if spills.is_some() => format!(
            " With part of the model in RAM there is room for {} tokens.",
            grouped(spills.map_or(0, |fit| fit.max_context))
        ),
        (_, Some(most)) if data.crossing_is_models => {
            format!(" The model's own limit is {} tokens.", grouped(most))
        }
        (Some(capacity), Some(full)) => format!(" {} is full at {} tokens.", capacity.name, grouped(full)),
        (Some(capacity), None) if answer.analysis.fit.as_ref().is_some_and(|fit| fit.max_context == 0) => {
            format!(" Even one token is too much for {}.", capacity.name)
        }
        _ => String::new(),
    };
    format!("Weights and overhead stay at {fixed}{place}; {grows}.{end}")
}

/// Bytes the cache of the fullest device grows by with each token of a sequence: its share of the whole growth.
fn growth(answer: &Answer) -> u64 {
    let (all, held) = (&answer.analysis.memory, answer.analysis.held());
    let share = held.kv_cache_bytes as f64 / (all.kv_cache.0 as f64).max(1.0);
    (all.kv_cache_per_token.0 as f64 * share).round() as u64
}

/// The same numbers.
fn rows(data: &chart::ContextChart) -> impl IntoView + use<> {
    let units = data.units;
    let growing = ["activations", "kv_cache"];
    let of = |key: &str, at: usize| {
        data.bands
            .iter()
            .find(|band| band.key == key)
            .and_then(|band| band.bytes.get(at))
            .copied()
            .unwrap_or(0)
    };
    let fixed = |at: usize| {
        let bands = data.bands.iter().filter(|band| !growing.contains(&band.key));
        bands.fold(0_u64, |sum, band| {
            sum.saturating_add(band.bytes.get(at).copied().unwrap_or(0))
        })
    };
    let carried = data.capacity.as_ref().map(|capacity| capacity.bytes);
    let body: Vec<_> = data
        .tokens
        .iter()
        .enumerate()
        .step_by(STEP)
        .map(|(at, &tokens)| {
            let total = data.total(at);
            let fits = carried.map(|carried| if total <= carried { "yes" } else { "no" });
            view! {
                <tr>
                    <th scope="row">{grouped(tokens)}</th>
                    <td class="optional">{bytes(units, fixed(at))}</td>
                    <td class="optional">{bytes(units, of("activations", at))}</td>
                    <td>{bytes(units, of("kv_cache", at))}</td>
                    <td>{bytes(units, total)}</td>
                    {fits.map(|fits| view! { <td>{fits}</td> })}
                </tr>
            }
        })
        .collect();
    view! {
        <table>
            <thead>
                <tr>
                    <th scope="col">"Tokens"</th>
                    <th scope="col" class="optional">"What stays"</th>
                    <th scope="col" class="optional">"Activations"</th>
                    <th scope="col">"KV cache"</th>
                    <th scope="col">"Total"</th>
                    {carried.map(|_| view! { <th scope="col">"Fits"</th> })}
                </tr>
            </thead>
            <tbody>{body}</tbody>
        </table>
    }
}

fn bytes(units: UnitSystem, bytes: u64) -> String {
    units.bytes(bytes as f64)
}
