//! What lies in the machine's RAM because the engine keeps it there.

use crate::analysis::{Analysis, table_bytes};
use crate::units::UnitSystem;

/// What of the model lies in RAM whatever fits, so that it is in no figure of the device; none where nothing does.
pub fn in_ram(analysis: &Analysis, units: UnitSystem) -> Option<String> {
    let setup = &analysis.setup;
    let table = table_bytes(setup);
    let apart = table > 0 && !setup.blueprint.tied;
    let table = apart.then(|| format!("the token table ({})", units.bytes(table as f64)));
    let cache = setup.keeps_cache_in_ram().then(|| {
        let memory = &analysis.memory;
        let bytes = memory.kv_cache.0.saturating_add(memory.state_cache.0);
        format!("the cache ({})", units.bytes(bytes as f64))
    });
    let what = match (table, cache) {
        (None, None) => return None,
        (Some(one), None) | (None, Some(one)) => one,
        (Some(one), Some(other)) => format!("{one} and {other}"),
    };
    Some(format!("Not counted here: {what} in the machine's RAM."))
}
