//! The footer: privacy, offline, version, units.

use leptos::prelude::*;
use strum::IntoEnumIterator;
use weighbridge::units::UnitSystem;

use super::case::Case;
use super::page::Dialog;
use super::settings::keep_units;

/// Whether everything is stored for use without a network.
fn ready() -> bool {
    document()
        .document_element()
        .is_some_and(|root| root.get_attribute("data-offline").as_deref() == Some("ready"))
}

/// The footer.
#[component]
pub fn Footer() -> impl IntoView {
    let case = Case::here();
    let offline = RwSignal::new(ready());
    let listener = window_event_listener_untyped("weighbridge:offline-ready", move |_| offline.set(true));
    on_cleanup(move || listener.remove());
    view! {
        <footer class="foot">
            <span class="privacy">"Nothing leaves your browser but requests to the Hub."</span>
            <span>{format!("Version {}", weighbridge::export::VERSION)}</span>
            <button class="link" type="button" aria-haspopup="dialog" on:click=move |_| case.page.dialog.set(Some(Dialog::Worked))>"How is this calculated?"</button>
            <span class="units" role="group" aria-label="Units of memory">
                "Units: "
                {UnitSystem::iter().map(|units| view! {
                    <button class="link" type="button" aria-pressed=move || (case.page.units.get() == units).to_string() on:click=move |_| {
                        case.page.units.set(units);
                        keep_units(units);
                    }>{units.to_string()}</button>
                    " "
                }).collect_view()}
            </span>
            <a href="https://github.com/weighbridge/weighbridge">"Source"</a>
            {move || offline.get().then(|| view! { <span>"Ready to work offline"</span> })}
        </footer>
    }
}
