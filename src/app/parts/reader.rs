//! What gets a model into the page, as the first load calls it: at once, or when the reader is there.

use leptos::prelude::*;
use weighbridge::model::ModelError;
use weighbridge::scenario::ModelSource;

use super::{Arrival, Part, Reader, arrival, put_off, reader_part, then, want};
use crate::app::case::{Case, Loading, NoAnswer};

fn with(deed: impl FnOnce(&'static Reader) + 'static) {
    then(Part::Reader, move || {
        if let Some(reader) = reader_part() {
            deed(reader);
        }
    });
}

/// Keeps the model in hand the one that the scenario names. Where it is another than the worked example's, its answer waits
/// for the parts that know it.
pub fn follow(case: Case) {
    put_off(Part::Reader, move || {
        if let Some(reader) = reader_part() {
            (reader.follow)(case);
        }
    });
    let what = match case.answer.get_untracked() {
        Err(NoAnswer::NoModel) => case.scenario.with_untracked(|scenario| match &scenario.model.source {
            ModelSource::Id(id) if !id.is_empty() => Some(id.clone()),
            _ => None,
        }),
        Err(NoAnswer::Model(ModelError::StillLoading)) => case.model_name(),
        _ => None,
    };
    let Some(what) = what else { return };
    if arrival(Part::Reader).get_untracked() == Arrival::Here {
        return;
    }
    case.loading.set(Some(Loading {
        what,
        headers: false,
        read: None,
    }));
    want(Part::Reader);
    let state = arrival(Part::Reader);
    Effect::new(move |_| {
        let over = match state.get() {
            Arrival::Lost => true,
            // What else it reads, it says itself.
            Arrival::Here => case.model.with_untracked(Option::is_some),
            Arrival::Away | Arrival::Coming => false,
        };
        if over {
            case.loading.set(None);
        }
    });
}

/// Loads anything typed or pasted.
pub fn load(case: Case, text: &str) {
    let text = text.to_owned();
    with(move |reader| (reader.load)(case, &text));
}

/// Asks for the headers of the model in hand.
pub fn check(case: Case) {
    with(move |reader| (reader.check)(case));
}

/// Stops what is under way.
pub fn cancel(case: Case) {
    with(move |reader| (reader.cancel)(case));
}
