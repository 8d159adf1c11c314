//! Whether a model of a list would fit where the one in hand is weighed.

use leptos::prelude::*;

use super::hardware::icon;
use super::icon::Icon;
use super::state::State;
use super::suggest::badge;

/// The badge of a model by its name; nothing without a device or where the name tells no size.
pub fn fit_badge(state: State, name: &str) -> Option<AnyView> {
    let units = state.units.get_untracked();
    let badge = state.scenario.with_untracked(|scenario| badge(name, scenario, units))?;
    let short = match (badge.verdict, badge.rough) {
        ("fits", false) => "fits",
        ("fits", true) => "should fit",
        ("offload", _) => "offload",
        ("unsupported", _) => "not supported",
        (_, false) => "too large",
        (_, true) => "too large?",
    };
    Some(
        view! { <span class="fit" data-verdict=badge.verdict title=badge.words><Icon name=icon(badge.verdict)/>{short}</span> }
            .into_any(),
    )
}
