//! The devices side by side: the verdict on each in a row.

use leptos::prelude::*;
use weighbridge::units::decimal;

use super::facts::resolve;
use crate::app::case::Case;
use crate::app::fit::{room_words, verdict_name, verdict_words, weigh};
use crate::app::icon::Icon;

/// The row; it is there only where devices are compared.
#[component]
pub fn Beside() -> impl IntoView {
    let case = Case::here();
    let found = Memo::new(move |_| {
        case.shown.with(|shown| {
            let answer = shown.as_ref()?;
            let scenario = &answer.scenario;
            if scenario.hardware.beside.is_empty() {
                return None;
            }
            let ids = scenario.hardware.device.iter().chain(&scenario.hardware.beside);
            let devices: Vec<_> = ids.filter_map(|id| resolve(id)).collect();
            let weighed = weigh(&answer.blueprint, scenario, &devices);
            let both = devices.into_iter().zip(weighed);
            Some(
                both.filter_map(|(device, one)| Some((device, one?)))
                    .collect::<Vec<_>>(),
            )
        })
    });
    // The device chosen changes places with the first.
    let choose = move |id: &str| {
        case.scenario.update(|scenario| {
            let before = scenario.hardware.device.replace(id.to_owned());
            if let (Some(before), Some(place)) = (
                before,
                scenario.hardware.beside.iter_mut().find(|one| one.as_str() == id),
            ) {
                *place = before;
            }
            scenario.hardware.host = None;
        });
    };
    move || {
        found.get().map(|list| {
            let units = case.page.units.get();
            let cells: Vec<_> = list
                .into_iter()
                .enumerate()
                .map(|(at, (device, one))| {
                    let name = device.short_name().to_owned();
                    let room = room_words(&one, units);
                    let speed = one.pace.map(|pace| format!("{} tokens/s", decimal(pace.expected)));
                    let icon = icon(one.verdict);
                    let id = device.id.clone();
                    view! {
                        <button class="beside" type="button" data-verdict=one.verdict aria-pressed=(at == 0).to_string()
                            title=verdict_words(&one, units) on:click=move |_| { if at > 0 { choose(&id) } }>
                            <span class="what">{name}</span>
                            <b><Icon name=icon/>{verdict_name(one.verdict)}</b>
                            <span class="note num">{room}{speed.map(|speed| format!(" · {speed}"))}</span>
                        </button>
                    }
                })
                .collect();
            view! { <div class="besides" role="group" aria-label="Devices side by side">{cells}</div> }
        })
    }
}

/// The icon of a verdict.
pub const fn icon(verdict: &str) -> &'static str {
    match verdict.as_bytes() {
        b"fits" => "check",
        b"offload" => "alert",
        b"does_not_fit" => "cross",
        b"unsupported" => "barred",
        _ => "question",
    }
}
