//! Training runs: the card, the knobs of the layout, and the tabs that only a run has.

mod answers;
mod card;
mod launch;
mod layout;
mod loss;
mod memory;
mod pipeline;
mod plans;
mod rank_bar;
mod rl;
mod strategies;
mod time;

pub use card::{LayoutKnobs, TrainingCard};
pub use loss::LossTab;
pub use memory::MemoryTab;
pub use rl::RlTab;
pub use time::TimeTab;

use leptos::prelude::*;

use super::parts::sheet;

/// What comes with the part.
fn dress() {
    sheet::adopt(include_str!("../../../style/parts/training.css"));
}

/// The tab "Plan".
#[component]
pub fn PlanTab() -> impl IntoView {
    dress();
    view! { <layout::LayoutCard/><strategies::Strategies/><plans::Plans/><answers::Answers/><launch::RunCard/> }
}
