//! Memory of a machine that is sold with several sizes of it, and how much of it may be used.

use leptos::prelude::*;
use weighbridge::hardware::id_with_memory;
use weighbridge::units::decimal;

use super::facts::resolve;
use crate::app::case::Case;
use crate::app::first_choice;

const GIB: f64 = (1_u64 << 30) as f64;

/// A menu of the sizes, where there are several; below it what programs may use, and why.
#[component]
pub fn MemorySize() -> impl IntoView {
    let case = Case::here();
    let id = Memo::new(move |_| case.scenario.with(|scenario| scenario.hardware.device.clone()));
    let choose = move |size: String| {
        let device = id.get_untracked().as_deref().and_then(resolve);
        let sized = device.and_then(|device| id_with_memory(&device, size.parse().ok()?));
        if let Some(sized) = sized {
            first_choice::for_device(case, |scenario| {
                scenario.hardware.beside.retain(|one| *one != sized);
                scenario.hardware.device = Some(sized);
            });
        }
    };
    move || {
        let device = id.get().as_deref().and_then(resolve)?;
        let own = device.nominal_bytes >> 30;
        let sizes = device.memory_sizes();
        let share = device.usable_share();
        if sizes.len() < 2 && share.is_none() {
            return None;
        }
        let words = share.map(|share| {
            let giga = |bytes: u64| decimal(bytes as f64 / GIB);
            format!(
                "{} GB, {} GB usable: {}.",
                giga(share.sold_bytes),
                giga(share.usable_bytes),
                share.why
            )
        });
        let options = sizes.iter().map(|&size| {
            view! { <option value=size.to_string() selected=size == own>{format!("{size} GB")}</option> }
        });
        let options: Vec<_> = options.collect();
        Some(view! {
            <div class="choose">
                {(sizes.len() > 1).then(|| view! {
                    <label for="memory-size">"Memory"</label>
                    <select id="memory-size" prop:value=own.to_string() on:change:target=move |event| choose(event.target().value())>{options}</select>
                })}
                {words.map(|words| view! { <p class="help" data-figure="memory.usable">{words}</p> })}
            </div>
        })
    }
}
