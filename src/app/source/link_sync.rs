//! Keeps the model in hand the one that the scenario names: at the start, and when Back or Forward change it.

use leptos::prelude::*;
use weighbridge::scenario::ModelSource;

use super::super::case::Case;
use super::{cancel, headers, link_waits, load_link};

/// Begins to follow. Once for each case.
pub fn follow(case: Case) {
    headers::follow(case);
    let wanted = Memo::new(move |_| case.scenario.with(|scenario| scenario.model.source.clone()));
    Effect::new(move |_| {
        let wanted = wanted.get();
        let in_hand = case
            .model
            .with_untracked(|model| model.as_ref().is_some_and(|model| model.asked == wanted));
        match wanted {
            // Back at the model in hand: what the link waited for is not wanted any more.
            _ if in_hand && link_waits(case) => cancel(case),
            _ if in_hand => {}
            ModelSource::Id(id) if id.is_empty() => {}
            wanted => load_link(case, wanted),
        }
    });
}
