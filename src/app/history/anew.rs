//! Answers of an earlier version are weighed anew where that needs no network: models that are built in or in the link. Others are
//! when they are opened.

use std::cell::Cell;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use js_sys::Date;
use leptos::prelude::*;
use weighbridge::analysis::analyse;
use weighbridge::export::VERSION;
use weighbridge::export::history::{Figures, History, Kept};
use weighbridge::model::Blueprint;
use weighbridge::scenario::{ModelSource, apply_changes};

use super::shelf::Shelf;
use crate::app::loaded::at_hand;

/// Milliseconds at a stretch: the page stays smooth.
const SLICE: f64 = 6.0;

thread_local! {
    static BUSY: Cell<bool> = const { Cell::new(false) };
}

/// Weighs the rows anew that are of another version, in slices; one such round at a time.
pub fn begin(history: &Arc<History>) {
    let old = |row: &&Kept| row.answer.version != VERSION && !row.question.is_empty();
    let rows: Vec<Kept> = history.rows().iter().filter(old).cloned().collect();
    if !rows.is_empty() && !BUSY.replace(true) {
        slice(rows, Vec::new(), HashMap::new());
    }
}

type Known = HashMap<String, Option<Arc<Blueprint>>>;

fn slice(mut rest: Vec<Kept>, mut done: Vec<(String, Figures)>, mut known: Known) {
    let started = Date::now();
    while Date::now() - started < SLICE {
        let Some(row) = rest.pop() else {
            BUSY.set(false);
            if !done.is_empty() {
                Shelf::here().weigh_anew(done);
            }
            return;
        };
        if let Some(now) = figures(&row, &mut known) {
            done.push((row.id, now));
        }
    }
    set_timeout(move || slice(rest, done, known), Duration::ZERO);
}

fn figures(row: &Kept, known: &mut Known) -> Option<Figures> {
    if !row.is_understood() {
        return None;
    }
    let scenario = row.scenario()?;
    let read = || {
        let loaded = at_hand(&scenario.model.source)?;
        let mut config = serde_json::Value::clone(&loaded.config);
        apply_changes(&mut config, &scenario);
        Blueprint::from_value(config).ok().map(Arc::new)
    };
    let blueprint = match &scenario.model.source {
        ModelSource::Id(id) if scenario.model.edits.is_empty() && scenario.task().is_none() => {
            known.entry(id.clone()).or_insert_with(read).clone()
        }
        _ => read(),
    }?;
    Some(Figures::of(&analyse(&blueprint, &scenario).ok()?))
}
