//! Questions in a link.

use super::Failure;
use crate::scenario::{COMPARE, LinkError, Scenario, cases_from_query, from_query};

/// The query of a text that is a whole case: `m=…&hw=…`, or an address with such a query.
pub fn query_in(text: &str) -> Option<&str> {
    let query = match text.split_once('?') {
        Some((before, query)) if before.is_empty() || before.contains("://") => query,
        Some(_) => return None,
        None => text,
    };
    let query = query.split('#').next().unwrap_or_default();
    let named = |pair: &str| matches!(pair.split_once('='), Some(("m" | "config" | COMPARE, _)));
    query.split('&').any(named).then_some(query)
}

/// The questions of a query: one, or those of a comparison.
///
/// # Errors
/// Where anything of it cannot be read: half a question is another one.
pub fn asked_in(query: &str) -> Result<Vec<Scenario>, Failure> {
    let refused = |error: &LinkError| Failure::new("bad_link", error.to_string());
    let cases = match cases_from_query(query) {
        Some(cases) => cases.map_err(|error| refused(&error))?,
        None => vec![from_query(query)],
    };
    let whole = |(scenario, errors): (Scenario, Vec<LinkError>)| match errors.first() {
        Some(error) => Err(refused(error)),
        None => Ok(scenario),
    };
    cases.into_iter().map(whole).collect()
}
