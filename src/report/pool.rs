//! The room a server's engine has for a cache: what it may take of the fullest device beside all that is no cache.

use crate::analysis::{Analysis, capacity};

/// The room, and what it holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pool {
    /// Bytes of the fullest device.
    pub bytes: u64,
    /// Requests of the tokens asked for.
    pub requests: f64,
    /// Tokens of all of them.
    pub tokens: u64,
}

/// The room of an analysis; none without a device, or of a model without a cache.
pub fn pool(analysis: &Analysis) -> Option<Pool> {
    let (held, setup) = (analysis.held(), &analysis.setup);
    let capacity = capacity(setup, setup.device()?);
    let (context, batch) = (setup.tokens().value.max(1), setup.scenario.workload.batch.max(1));
    let cache = held.kv_cache_bytes.saturating_add(held.state_cache_bytes);
    let bytes = capacity.saturating_sub(held.total_bytes.saturating_sub(cache));
    if cache == 0 {
        return None;
    }
    let requests = bytes as f64 / (cache as f64 / batch as f64);
    Some(Pool {
        bytes,
        requests,
        tokens: (requests * context as f64) as u64,
    })
}
