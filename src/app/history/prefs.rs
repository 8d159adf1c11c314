//! What the user wants kept. Both are read where they matter, so that the first load knows nothing of them.

use super::super::settings::{keep, local};

/// Set where nothing is kept.
const NONE: &str = "history-off";
/// Set where what a token opened is kept too.
const PRIVATE: &str = "history-private";

fn is_set(key: &str) -> bool {
    local().is_some_and(|storage| storage.get_item(key).ok().flatten().is_some())
}

/// Whether past calculations are kept.
pub fn keeps() -> bool {
    !is_set(NONE)
}

/// Sets it.
pub fn set_keeps(keeps: bool) {
    keep(local(), NONE, (!keeps).then_some("1"));
}

/// Whether those of models that a token opened are kept too.
pub fn keeps_private() -> bool {
    is_set(PRIVATE)
}

/// Sets it.
pub fn set_keeps_private(keeps: bool) {
    keep(local(), PRIVATE, keeps.then_some("1"));
}
