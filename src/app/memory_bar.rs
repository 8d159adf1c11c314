//! The weighbridge: what lies on the scale, against what the device carries.

use leptos::prelude::*;
use weighbridge::analysis::{Figure, MemoryPart, Verdict, share_words};
use weighbridge::model::Component;
use weighbridge::units::{UnitSystem, capital, decimal, grouped};

use super::case::{Answer, Case};

/// Parts smaller than this share of the ruler are left off the deck.
const LEAST_SHARE: f64 = 0.003;

/// A part of the bar.
#[derive(Clone, Debug, PartialEq)]
struct Piece {
    key: &'static str,
    name: &'static str,
    short: &'static str,
    bytes: f64,
    figure: Figure,
    /// Beyond the capacity: drawn without words.
    mute: bool,
}

/// The bar as drawn.
#[derive(Clone, Debug, Default, PartialEq)]
struct Scale {
    pieces: Vec<Piece>,
    total: f64,
    capacity: Option<f64>,
    /// Bytes of the device that the engine leaves alone.
    reserved: f64,
    /// Bytes at the end of the ruler.
    end: f64,
    /// Place on the ruler in percent, and figure.
    ticks: Vec<(f64, String)>,
    side: String,
    missing: Option<String>,
    /// What does not fit on the device lies in the machine's RAM.
    spills: bool,
    device: String,
    /// Where the room comes from.
    reserved_words: String,
}

/// The bar, its ruler and its legend.
#[component]
pub fn Bridge() -> impl IntoView {
    let case = Case::here();
    let scale = Memo::new(move |_| {
        let units = case.page.units.get();
        case.shown
            .with(|shown| shown.as_ref().map(|answer| scale(answer, units)).unwrap_or_default())
    });
    view! {
        <section class="card bridge" aria-labelledby="bridge-title">
            <div class="head">
                <h2 id="bridge-title">"On the scale"</h2>
                <span class="side num" data-figure="bridge.side">{move || scale.get().side}</span>
            </div>
            {move || {
                let units = case.page.units.get();
                let scale = scale.get();
                view! { <Deck scale=scale.clone() units=units/><Legend scale=scale units=units/> }
            }}
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
    view! {
        <ul class="legend num" aria-label=format!("Parts, {units}")>
            {entries}
            {(scale.reserved > 0.0).then(|| view! { <li><span class="entry none"><i class="dot reserved"></i>"Not used "<b>{brief(scale.reserved, units)}</b>{format!(" ({})", scale.reserved_words)}</span></li> })}
            {scale.missing.map(|missing| view! { <li><span class="entry too-much" class:spilled=scale.spills><i class="dot"></i>{if scale.spills { "In RAM " } else { "Missing " }}<b>{missing}</b></span></li> })}
        </ul>
    }
}

/// Names that fit on the bar.
const fn short(key: &str) -> (&'static str, &'static str) {
    match key.as_bytes() {
        b"embedding" => ("Embedding", "Emb"),
        b"attention" => ("Attention", "Attn"),
        b"projection" => ("Projections", "Proj"),
        b"mlp" => ("MLP", "MLP"),
        b"experts" => ("Experts", "Exp"),
        b"shared_experts" => ("Shared experts", "Shared"),
        b"router" => ("Router", "Rout"),
        b"state_space" => ("State space", "SSM"),
        b"norm" => ("Norms", "Norm"),
        b"lm_head" => ("LM head", "Head"),
        b"vision" => ("Vision", "Vis"),
        b"audio" => ("Audio", "Aud"),
        b"encoder" => ("Encoder", "Enc"),
        b"kv_cache" => ("KV cache", "KV"),
        b"state_cache" => ("State cache", "State"),
        b"activations" => ("Activations", "Act"),
        b"gradients" => ("Gradients", "Grad"),
        b"optimizer" => ("Optimizer", "Opt"),
        _ => ("Overhead", "Over"),
    }
}

/// The figure that explains a part of memory.
pub fn figure_of(key: &str) -> Figure {
    if let Ok(component) = key.parse::<Component>() {
        return Figure::ComponentWeights(component);
    }
    key.parse::<MemoryPart>().map_or(Figure::Memory, Figure::Part)
}

fn scale(answer: &Answer, units: UnitSystem) -> Scale {
    let total = answer.analysis.held().total_bytes as f64;
    let capacity = answer.analysis.fit.as_ref().map(|fit| fit.capacity_bytes as f64);
    // What the engine leaves alone is drawn as long as nothing lies on it.
    let reserved = answer
        .analysis
        .fit
        .as_ref()
        .filter(|fit| total <= fit.capacity_bytes as f64)
        .map_or(0.0, |fit| fit.device_bytes.saturating_sub(fit.capacity_bytes) as f64);
    let longest = capacity.map_or(total, |capacity| capacity.max(total) + reserved);
    let end = longest.max(1.0);
    let ticks = ruler(end, units);
    let mut pieces = Vec::new();
    let mut at = 0.0;
    for (key, _, bytes) in answer.analysis.held().parts() {
        let bytes = bytes as f64;
        let (name, short) = short(key);
        let piece = |bytes, mute| Piece {
            key,
            name,
            short,
            bytes,
            figure: figure_of(key),
            mute,
        };
        let room = capacity.map_or(f64::INFINITY, |capacity| (capacity - at).max(0.0));
        at += bytes;
        if bytes / end < LEAST_SHARE {
            continue;
        }
        // The part that crosses the capacity is cut there.
        if room > 0.0 {
            pieces.push(piece(bytes.min(room), false));
        }
        if bytes > room {
            pieces.push(piece(bytes - room, true));
        }
    }
    let device = super::hardware::facts::resolve(answer.scenario.hardware.device.as_deref().unwrap_or_default())
        .map(|device| device.short_name().to_owned());
    let side = match (&device, capacity) {
        (Some(device), Some(capacity)) => {
            let on = match answer.scenario.hardware.devices {
                1 => format!("one {device}"),
                _ if answer.scenario.is_mixed() => format!(
                    "the fullest of {}",
                    answer.analysis.setup.devices_in_words().unwrap_or_default()
                ),
                devices => format!("the fullest of {} × {device}", grouped(devices)),
            };
            format!("{} on {on} ({})", units.bytes(total), units.bytes(capacity))
        }
        _ => units.bytes(total),
    };
    let left = capacity.map(|capacity| capacity - total);
    Scale {
        pieces,
        total,
        capacity,
        reserved,
        end,
        ticks,
        side,
        spills: answer
            .analysis
            .fit
            .as_ref()
            .is_some_and(|fit| fit.verdict == Verdict::Offload),
        missing: left.filter(|left| *left < 0.0).map(|left| brief(-left, units)),
        device: device.unwrap_or_default(),
        reserved_words: answer.analysis.setup.device().map_or_else(String::new, |device| {
            capital(&share_words(&answer.analysis.setup, device, units))
        }),
    }
}

/// A size in the legend: the list names the unit, so only what is too small for it carries its own.
fn brief(bytes: f64, units: UnitSystem) -> String {
    let giga = bytes / units.giga();
    if giga >= 0.0995 || bytes == 0.0 {
        decimal(giga)
    } else {
        units.bytes(bytes)
    }
}

/// Ticks of a ruler that ends at `end` bytes: round figures, and the end itself with its unit.
fn ruler(end: f64, units: UnitSystem) -> Vec<(f64, String)> {
    let (_, unit) = units.split(end);
    let factor = end / units.split_value(end);
    let value = units.split_value(end);
    let rough = value / 6.0;
    let power = 10f64.powf(rough.max(1e-9).log10().floor());
    let steps = [1.0, 2.0, 4.0, 5.0, 8.0, 10.0].map(|round| round * power);
    let step = steps.into_iter().find(|step| *step >= rough).unwrap_or(power * 10.0);
    let place = |figure: f64| figure * factor / end * 100.0;
    let word = |figure: f64| {
        if figure.fract() == 0.0 {
            grouped(figure as u64)
        } else {
            format!("{figure:.1}")
        }
    };
    let mut ticks: Vec<(f64, String)> = (0..12)
        .map(|at| f64::from(at) * step)
        // Room is left for the last one's words.
        .filter(|figure| place(*figure) < 92.0)
        .map(|figure| (place(figure), word(figure)))
        .collect();
    ticks.push((100.0, format!("{} {unit}", decimal(value))));
    ticks
}
