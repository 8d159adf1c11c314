//! The tab "Speed": how fast with what spread, where the time goes, and what others measured.

mod intervals;
mod nearest;
mod parts;
mod serving;

pub use intervals::Intervals;
pub use nearest::Nearest;
pub use parts::TimeParts;
pub use serving::ServingCard;

use leptos::prelude::*;

use super::case::Case;
use super::charts::PhaseChart;
use super::page::Dialog;

/// What the tab shows.
#[component]
pub fn SpeedTab() -> impl IntoView {
    let case = Case::here();
    let none = Memo::new(move |_| {
        case.shown.with(|shown| match shown {
            Some(answer) if answer.scenario.hardware.device.is_none() => {
                Some("Speed needs a device. Choose one under Hardware.")
            }
            Some(answer) if answer.analysis.speed.is_none() => {
                Some("This device's peak rate is unknown, so speed cannot be estimated.")
            }
            _ => None,
        })
    });
    move || {
        match none.get() {
        Some(words) => view! { <section class="card wide"><div class="empty"><b>"No speed"</b><span>{words}</span></div></section> }.into_any(),
        None => view! {
            <section class="card wide" aria-labelledby="intervals-title"><div class="head"><h2 id="intervals-title">"How fast"</h2><button class="link side" type="button" aria-haspopup="dialog" on:click=move |_| case.page.dialog.set(Some(Dialog::Worked))>"How is this calculated?"</button></div><Intervals/></section>
            <ServingCard/>
            <PhaseChart/>
            <section class="card" aria-labelledby="time-title"><h2 id="time-title">"Where the time goes"</h2><TimeParts/></section>
            <section class="card" aria-labelledby="nearest-title"><h2 id="nearest-title">"Closest measurements"</h2><Nearest/></section>
        }
        .into_any(),
    }
    }
}
