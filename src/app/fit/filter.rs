//! Which devices the matrix shows.

use leptos::prelude::*;
use weighbridge::hardware::{self, Device};

use crate::app::hardware::facts::{is_of, price, segments, vendors};
use crate::app::icon::Icon;

/// What is asked for; empty is all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    /// Words of the name.
    pub query: String,
    /// Vendor.
    pub vendor: String,
    /// Segment.
    pub segment: String,
    /// Most US dollars an hour; devices without a price are left out then.
    pub price: Option<f64>,
}

impl Filter {
    /// Whether a device passes.
    pub fn lets(&self, device: &Device) -> bool {
        is_of(device, &self.vendor, &self.segment)
            && self
                .price
                .is_none_or(|most| price(device).is_some_and(|price| price <= most))
            && hardware::answers(device, &self.query)
    }
}

/// Search, vendor, segment, price, and how many devices pass.
#[component]
pub fn FilterBar(filter: RwSignal<Filter>, shown: Signal<usize>) -> impl IntoView {
    let menu = |label: &'static str,
                all: &'static str,
                kinds: Vec<(&'static str, &'static str)>,
                set: fn(&mut Filter, String)| {
        view! {
            <select aria-label=label on:change:target=move |event| filter.update(|filter| set(filter, event.target().value()))>
                <option value="">{all}</option>
                {kinds.into_iter().map(|(key, name)| view! { <option value=key>{name}</option> }).collect_view()}
            </select>
        }
    };
    let count = move || match shown.get() {
        1 => "1 device".to_owned(),
        some => format!("{some} devices"),
    };
    view! {
        <div class="row filters">
            <label class="omnibox"><Icon name="search"/><input type="search" id="matrix-filter" autocomplete="off" spellcheck="false" placeholder="Filter devices" aria-label="Filter devices"
                on:input:target=move |event| filter.update(|filter| filter.query = event.target().value())/></label>
            {menu("Vendor", "Every vendor", vendors(), |filter, vendor| filter.vendor = vendor)}
            {menu("Segment", "Every segment", segments(), |filter, segment| filter.segment = segment)}
            <label class="field num price"><span class="unit">"up to $"</span><input inputmode="decimal" autocomplete="off" aria-label="Most dollars an hour"
                on:input:target=move |event| { let most = event.target().value().trim().parse().ok(); filter.update(|filter| filter.price = most) }/><span class="unit">"an hour"</span></label>
            <span class="count num" aria-live="polite">{count}</span>
        </div>
    }
}
