//! What lies in the machine's RAM because the engine keeps it there.

use crate::analysis::{Analysis, table_bytes};
use crate::units::UnitSystem;

/// What of the model lies in RAM whatever fits, so that it is in no figure of the device; none where nothing does.
pub fn in_ram(analysis: &Analysis, units: UnitSystem) -> Option<String> {
    let setup = &analysis.setup;
    let table = setup
        .table_is_off_device()
        .then(|| format!("the token table ({})", units.bytes(table_bytes(setup) as f64)));
    let cache = setup
        .keeps_cache_in_ram()
        .then(|| format!("the cache ({})", units.bytes(analysis.cache_in_ram() as f64)));
    let what = match (table, cache) {
        (None, None) => return None,
        (Some(one), None) | (None, Some(one)) => one,
        (Some(one), Some(other)) => format!("{one} and {other}"),
    };
    Some(format!("Not counted here: {what} in the machine's RAM."))
}
