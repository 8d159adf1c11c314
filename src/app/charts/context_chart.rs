//! Memory over context or over sequences, and where the device is full.

use leptos::prelude::*;
use weighbridge::analysis::{Over, Verdict};
use weighbridge::chart;
use weighbridge::units::grouped;

use super::choice::Choice;
use super::figure::{ChartFigure, draw_of, table_of};
use crate::app::case::{Answer, Case};

/// Points of the curve: 128 steps, so that those of a power of two are round.
const POINTS: u64 = 129;

/// Memory over context, or over sequences.
#[component]
pub fn ContextChart() -> impl IntoView {
    let case = Case::here();
    let over = RwSignal::new(Over::Context);
    let trains = Memo::new(move |_| {
        case.shown.with(|shown| {
            shown
                .as_ref()
                .is_some_and(|answer| answer.scenario.workload.mode.trains())
        })
    });
    let data = Memo::new(move |_| {
        let answer = case.shown.get()?;
        chart::GrowthChart::of(
            &answer.analysis,
            if trains.get() { Over::Context } else { over.get() },
            POINTS,
            case.page.units.get(),
        )
        .ok()
    });
    let label = Signal::derive(move || data.with(|data| data.as_ref().map_or_else(String::new, finding)));
    let caption = Signal::derive(move || {
        let (Some(answer), Some(data)) = (case.shown.get(), data.get()) else {
            return String::new();
        };
        match data.over {
            Over::Context => words(&answer, &data),
            Over::Sequences => data.words(),
        }
    });
    let title = move || match over.get() {
        Over::Context => "Memory over context",
        Over::Sequences => "Memory over sequences",
    };
    view! {
        {move || (!trains.get()).then(|| view! { <Choice label="Memory over" chosen=over choices=vec![(Over::Context, "Over context"), (Over::Sequences, "Over sequences")]/> })}
        {move || view! { <ChartFigure title=title() label=label caption=caption draw=draw_of(data) table=table_of(data) /> }}
    }
}

/// What the picture shows.
fn finding(data: &chart::GrowthChart) -> String {
    let units = data.units;
    let mut text = format!("Chart of memory from 1 to {}.", data.place_words(data.longest()));
    if let Some((place, bytes)) = data.now {
        text.push_str(&format!(
            " Now {} at {}.",
            units.bytes(bytes as f64),
            data.place_words(place)
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
                text.push_str(&format!("; the model's own limit is {}.", data.place_words(most)));
            }
            Some(full) => text.push_str(&format!(" and is full at {}.", data.place_words(full))),
            None if data.total(data.places.len().saturating_sub(1)) <= capacity.bytes => {
                text.push_str(", enough for all of it.")
            }
            None => text.push_str(", too little for any of it."),
        }
    }
    text
}

/// What it means.
fn words(answer: &Answer, data: &chart::GrowthChart) -> String {
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
        _ if answer.analysis.setup.encodes() => "nothing is kept of a token".to_owned(),
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
