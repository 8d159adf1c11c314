//! In which formats the repository of the model in hand holds its weights. An answer that does not come is no fault.

use leptos::prelude::*;
use leptos::task::spawn_local;
use weighbridge::hardware::file_formats::{Held, recognise};
use weighbridge::hub::Locator;
use weighbridge::hub::loader::{self, Source};
use weighbridge::scenario::ModelSource;

use super::super::case::Case;
use super::FROM_HUB;
use super::fetch::{Stop, run};

/// The formats of a model read from the Hub; none while they are not known.
pub fn held(case: Case) -> ReadSignal<Vec<Held>> {
    let (held, set) = signal(Vec::new());
    let wanted = Memo::new(move |_| {
        let endpoint = case.page.settings.endpoint.get();
        case.model.with(|model| {
            let model = model.as_ref().filter(|model| model.facts.source == FROM_HUB)?;
            let ModelSource::Id(id) = &model.asked else { return None };
            let locator = Locator::parse_at(id, &endpoint).ok()?;
            let commit = model.commit.as_deref().or(locator.revision());
            Some((Locator::new(locator.id().clone(), commit, None).ok()?, endpoint))
        })
    });
    Effect::new(move |_| {
        set.set(Vec::new());
        let Some((locator, endpoint)) = wanted.get() else {
            return;
        };
        let token = case.page.settings.token_to_send();
        let exchange = loader::names(Source { endpoint, token }, locator.clone());
        spawn_local(async move {
            let names = run(exchange, &Stop::new(), |_, _| ()).await.unwrap_or_default();
            let still = wanted.try_get_untracked().flatten();
            if still.is_some_and(|(now, _)| now == locator) {
                set.set(recognise(names.iter().map(String::as_str)));
            }
        });
    });
    held
}
