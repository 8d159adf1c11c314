//! What of a model is on no device, whatever fits: in the machine's RAM, or only in the files.

use crate::analysis::{Analysis, left_out_bytes, table_bytes, towers};
use crate::units::UnitSystem;

/// What is in no figure of the device: what the engine keeps in RAM, and what it does not load; none where that is nothing.
pub fn elsewhere(analysis: &Analysis, units: UnitSystem) -> Option<String> {
    let setup = &analysis.setup;
    let table = setup
        .table_is_off_device()
        .then(|| format!("the token table ({})", units.bytes(table_bytes(setup) as f64)));
    let cache = setup
        .keeps_cache_in_ram()
        .then(|| format!("the cache ({})", units.bytes(analysis.cache_in_ram() as f64)));
    let in_ram: Vec<String> = table.into_iter().chain(cache).collect();
    let in_ram = (!in_ram.is_empty()).then(|| format!("{} in the machine's RAM", in_ram.join(" and ")));
    let left_out = Some(left_out_bytes(setup)).filter(|bytes| *bytes > 0).map(|bytes| {
        let (what, loader) = (towers(&setup.blueprint), setup.engine.loader());
        format!("{what} ({}), which {loader} leaves out", units.bytes(bytes as f64))
    });
    let all: Vec<String> = in_ram.into_iter().chain(left_out).collect();
    (!all.is_empty()).then(|| format!("Not counted here: {}.", all.join("; ")))
}
