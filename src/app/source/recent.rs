//! Models loaded lately, and those that are pinned: their ids, kept by the browser; their configs as long as the page is open.

use std::cell::RefCell;
use std::sync::Arc;

use serde_json::Value;

use super::super::history::prefs;
use super::super::loaded::Loaded;
use super::super::settings::{keep, local};

const KEY: &str = "recent";
const PINNED: &str = "pinned";
/// How many are kept.
const MOST: usize = 12;
/// How many may be pinned.
const MOST_PINNED: usize = 50;
/// How many configs stay at hand.
const MOST_AT_HAND: usize = 50;

thread_local! {
    static AT_HAND: RefCell<Vec<(String, Arc<Value>)>> = const { RefCell::new(Vec::new()) };
}

/// The ids, newest first.
pub fn list() -> Vec<String> {
    read(KEY, MOST)
}

fn read(key: &str, most: usize) -> Vec<String> {
    let kept = local()
        .and_then(|storage| storage.get_item(key).ok().flatten())
        .unwrap_or_default();
    let mut ids: Vec<String> = serde_json::from_str(&kept).unwrap_or_default();
    ids.truncate(most);
    ids
}

/// Puts a model first. The id of one that a token opened is kept only where the settings say so.
pub fn add(id: &str, loaded: &Loaded) {
    AT_HAND.with_borrow_mut(|all| {
        all.retain(|(known, _)| known != id);
        all.insert(0, (id.to_owned(), loaded.config.clone()));
        all.truncate(MOST_AT_HAND);
    });
    if !loaded.with_token || prefs::keeps_private() {
        put_first(KEY, id, MOST);
    }
}

fn put_first(key: &str, id: &str, most: usize) {
    let mut ids = read(key, most);
    ids.retain(|known| known != id);
    ids.insert(0, id.to_owned());
    ids.truncate(most);
    let text = serde_json::to_string(&ids).ok();
    keep(local(), key, text.as_deref());
}

/// The config of a model that was opened since the page was.
pub fn config(id: &str) -> Option<Arc<Value>> {
    AT_HAND.with_borrow(|all| {
        all.iter()
            .find(|(known, _)| known == id)
            .map(|(_, config)| config.clone())
    })
}

/// The ids of pinned models, the last one first.
pub fn pinned() -> Vec<String> {
    read(PINNED, MOST_PINNED)
}

/// Pins a model, or lets it go.
pub fn pin(id: &str, pinned: bool) {
    if pinned {
        return put_first(PINNED, id, MOST_PINNED);
    }
    let mut ids = read(PINNED, MOST_PINNED);
    ids.retain(|known| known != id);
    let text = serde_json::to_string(&ids).ok().filter(|_| !ids.is_empty());
    keep(local(), PINNED, text.as_deref());
}
