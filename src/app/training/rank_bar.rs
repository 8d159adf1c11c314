//! What a device holds as a bar, against what it has room for.

use leptos::prelude::*;

/// A part: key of its colour, name, bytes.
pub type Held = (&'static str, &'static str, u64);

/// Weights as one part, whatever their components.
pub fn in_short(parts: &[Held]) -> Vec<Held> {
    let mut weights = 0_u64;
    let mut all = Vec::new();
    for (key, name, bytes) in parts {
        match *key {
            "activations" | "gradients" | "optimizer" | "transient" | "overhead" => all.push((*key, *name, *bytes)),
            _ => weights = weights.saturating_add(*bytes),
        }
    }
    let first = (weights > 0).then_some(("projection", "Weights", weights));
    first.into_iter().chain(all).collect()
}

/// The bar: `end` is what its full width stands for, `room` what the device has. What is longer is torn off there.
pub fn bar(parts: &[Held], end: u64, room: Option<u64>) -> AnyView {
    let end = end.max(1) as f64;
    let share = move |bytes: u64| format!("{:.3}", bytes as f64 / end * 100.0);
    let pieces: Vec<_> = parts
        .iter()
        .filter(|(.., bytes)| *bytes as f64 / end > 0.0015)
        .map(|(key, name, bytes)| {
            view! { <i data-component=*key title=*name style:--share=share(*bytes)></i> }
        })
        .collect();
    let line = room.map(|room| view! { <b style:--at=share(room)></b> });
    let all = parts.iter().fold(0_u64, |sum, (.., bytes)| sum.saturating_add(*bytes));
    let torn = all as f64 > end * 1.001;
    view! { <span class="rank-bar" class:torn=torn aria-hidden="true">{pieces}{line}</span> }.into_any()
}

/// The colours and their names; where bars are torn, also what that means.
pub fn legend(torn: bool) -> impl IntoView {
    let all = [
        ("projection", "Weights"),
        ("optimizer", "Optimizer"),
        ("gradients", "Gradients"),
        ("activations", "Kept for the backward pass"),
        ("transient", "Temporary"),
        ("overhead", "Overhead"),
    ];
    view! {
        <ul class="rank-legend">{all.into_iter().map(|(key, name)| view! { <li data-component=key><i class="dot"></i>{name}</li> }).collect_view()}
            {torn.then(|| view! { <li class="goes-on"><span class="rank-bar torn" aria-hidden="true"><i></i></span>"Goes on: more than three times the device"</li> })}
        </ul>
    }
}
