//! Models loaded lately: their ids only, kept by the browser.

use super::super::settings::{keep, local};

const KEY: &str = "recent";
/// How many are kept.
const MOST: usize = 12;

/// The ids, newest first.
pub fn list() -> Vec<String> {
    let kept = local()
        .and_then(|storage| storage.get_item(KEY).ok().flatten())
        .unwrap_or_default();
    let mut ids: Vec<String> = serde_json::from_str(&kept).unwrap_or_default();
    ids.truncate(MOST);
    ids
}

/// Puts an id first.
pub fn add(id: &str) {
    let mut ids = list();
    ids.retain(|known| known != id);
    ids.insert(0, id.to_owned());
    ids.truncate(MOST);
    let text = serde_json::to_string(&ids).ok();
    keep(local(), KEY, text.as_deref());
}
