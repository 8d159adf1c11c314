//! The weighbridge: what lies on the scale, against what the device carries.

use leptos::prelude::*;
use weighbridge::report::scale::{Scale, brief, scale};
use weighbridge::units::UnitSystem;

use super::case::Case;
use super::slices::Slice;

/// The bar, its ruler and its legend.
#[component]
pub fn Bridge() -> impl IntoView {
    let case = Case::here();
    let scale = Memo::new(move |_| {
        let units = case.page.units.get();
        case.shown.with(|shown| {
            shown
                .as_ref()
                .map(|answer| scale(&answer.analysis, units))
                .unwrap_or_default()
        })
    });
    view! {
        <section class="card bridge" aria-labelledby="bridge-title">
            <div class="head">
                <h2 id="bridge-title">"On the scale"</h2>
                <span class="side num" data-figure="bridge.side">{move || scale.get().side}</span>
            </div>
            <Slice view=move || (move || view! { <Deck scale=scale.get() units=case.page.units.get()/> }).into_any()/>
            <Slice view=move || (move || view! { <Legend scale=scale.get() units=case.page.units.get()/> }).into_any()/>
        </section>
    }
}

#[component]
fn Deck(scale: Scale, units: UnitSystem) -> impl IntoView {
    let case = Case::here();
    let end = scale.end.max(1.0);
    let share = move |bytes: f64| format!("{:.3}", bytes / end * 100.0);
    let limit = scale.capacity.filter(|capacity| scale.total > *capacity).map(|capacity| {
        let at = capacity / end * 100.0;
        let label = format!("{} has room for {}", scale.device, units.bytes(capacity));
        view! {
            <span class="over" class:spilled=scale.spills style:--at=format!("{at:.3}")></span>
            <span class="limit" style:--at=format!("{at:.3}") data-side=(at < 25.0).then_some("right")><b>{label}</b></span>
        }
    });
    let free = scale
        .capacity
        .map(|capacity| capacity - scale.total)
        .filter(|free| *free > 0.0);
    // The deck is for the pointer alone: a part may be a few pixels wide. The legend has the same parts as buttons.
    view! {
        <div class="scale">
            <div class="deck" aria-hidden="true">
                {scale.pieces.iter().cloned().map(|piece| {
                    let size = units.bytes(piece.bytes);
                    let words = (!piece.mute).then(|| view! { <span class="name">{piece.name}</span>" "<span class="size">{size.clone()}</span> });
                    view! {
                        <span class="part" data-component=piece.key data-short=if piece.mute { "" } else { piece.short }
                            style:--share=share(piece.bytes) title=format!("{}: {size}", piece.name)
                            on:click=move |event| case.open(piece.figure, &event)>{words}</span>
                    }
                }).collect_view()}
                {free.map(|free| view! { <span class="free" style:--share=share(free)><b>{format!("{} free", brief(free, units))}</b></span> })}
                {(scale.reserved > 0.0).then(|| view! { <span class="reserved" style:--share=share(scale.reserved) title=scale.reserved_words.clone()></span> })}
            </div>
            {limit}
            <div class="ticks num" aria-hidden="true">{scale.ticks.iter().map(|(at, tick)| view! { <span style:--at=format!("{at:.3}")>{tick.clone()}</span> }).collect_view()}</div>
        </div>
    }
}

#[component]
fn Legend(scale: Scale, units: UnitSystem) -> impl IntoView {
    let case = Case::here();
    let mut seen: Vec<&'static str> = Vec::new();
    let mut entries = Vec::new();
    for piece in &scale.pieces {
        if seen.contains(&piece.key) {
            continue;
        }
        seen.push(piece.key);
        let all: f64 = scale
            .pieces
            .iter()
            .filter(|one| one.key == piece.key)
            .map(|one| one.bytes)
            .sum();
        let figure = piece.figure;
        entries.push(view! {
            <li>
                <button class="entry" type="button" data-component=piece.key on:click=move |event| case.open(figure, &event)>
                    <i class="dot"></i>{piece.name}" "<b>{brief(all, units)}</b>
                </button>
            </li>
        });
    }
    let drawn: f64 = scale.pieces.iter().map(|piece| piece.bytes).sum();
    let other = (scale.total - drawn).max(0.0);
    // What is too small to be drawn still belongs to the sum.
    let other = (other >= 0.005 * units.giga()).then(|| {
        view! { <li><span class="entry"><i class="dot other"></i>"Other "<b>{brief(other, units)}</b></span></li> }
    });
    view! {
        <ul class="legend num" aria-label=format!("Parts, {units}")>
            {entries}
            {other}
            {(scale.reserved > 0.0).then(|| view! { <li><span class="entry none"><i class="dot reserved"></i>"Not used "<b>{brief(scale.reserved, units)}</b>{format!(" ({})", scale.reserved_words)}</span></li> })}
            {scale.missing.map(|missing| view! { <li><span class="entry too-much" class:spilled=scale.spills><i class="dot"></i>{if scale.spills { "In RAM " } else { "Missing " }}<b>{missing}</b></span></li> })}
        </ul>
    }
}
