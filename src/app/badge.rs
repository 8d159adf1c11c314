//! Whether a model of a list would fit where the one in hand is weighed.

use leptos::prelude::*;

use super::case::Case;
use super::hardware::icon;
use super::icon::Icon;
use super::suggest::badge;
use weighbridge::hub::Listed;

/// The badge of a model; nothing without a device or where neither listing nor name tells a size.
pub fn fit_badge(case: Case, name: &str, listed: Option<&Listed>) -> Option<AnyView> {
    let units = case.page.units.get_untracked();
    let badge = case
        .scenario
        .with_untracked(|scenario| badge(name, listed, scenario, units))?;
    let short = match (badge.verdict, badge.rough) {
        ("fits", false) if badge.smaller => "fits in 4 bits",
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
