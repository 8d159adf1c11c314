//! Several scenarios in one link: each a query of its own, percent-encoded as a value of the key `compare`.

use super::link::{LinkError, from_query, link_without_config, to_query};
use super::{ModelSource, Scenario};
use crate::limits::LINK;

/// The key whose values are whole questions.
pub const COMPARE: &str = "compare";
/// Most questions of a comparison: more columns than that nobody reads.
pub const MOST_CASES: usize = 12;

/// A scenario of a link, and what could not be read of it.
pub type Read = (Scenario, Vec<LinkError>);

/// Writes scenarios as a query string without the question mark, in their order. Configs are left out where the whole would be
/// longer than what [`cases_from_query`] reads.
pub fn cases_to_query(cases: &[Scenario]) -> String {
    let whole = joined(cases.iter().map(to_query));
    if LINK.is_passed_by(whole.as_bytes()) {
        // Each by itself may be short enough and all together not: then none carries its config.
        joined(cases.iter().map(|one| match one.model.source {
            ModelSource::Config(_) => to_query(&one.clone().with(|s| {
                s.model.source = ModelSource::Id(String::new());
                s.model.edits.clear();
            })),
            ModelSource::Id(_) => link_without_config(one),
        }))
    } else {
        whole
    }
}

fn joined(queries: impl Iterator<Item = String>) -> String {
    let mut out = form_urlencoded::Serializer::new(String::new());
    queries.take(MOST_CASES).for_each(|query| {
        out.append_pair(COMPARE, &query);
    });
    // What a query may hold as it is stays readable.
    out.finish()
        .replace("%2F", "/")
        .replace("%3A", ":")
        .replace("%2C", ",")
        .replace("%3D", "=")
}

/// Reads the scenarios of a query string; `None` where it is not one of several.
///
/// # Errors
/// Too long, or more than [`MOST_CASES`]; what is wrong in one of them is told beside it.
pub fn cases_from_query(query: &str) -> Option<Result<Vec<Read>, LinkError>> {
    let query = query.trim_start_matches('?');
    let mut pairs = query.split('&').filter_map(of_one).peekable();
    pairs.peek()?;
    if LINK.is_passed_by(query.as_bytes()) {
        return Some(Err(LinkError::TooLong));
    }
    let mut all = Vec::new();
    for pair in pairs {
        if all.len() == MOST_CASES {
            return Some(Err(LinkError::TooManyCases));
        }
        // Once for the value; what is in it is decoded by the reader of a link.
        let inner = form_urlencoded::parse(format!("{COMPARE}={pair}").as_bytes())
            .next()
            .map_or_else(String::new, |(_, value)| value.into_owned());
        all.push(from_query(&inner));
    }
    Some(Ok(all))
}

/// The value of a pair whose key is ours.
fn of_one(pair: &str) -> Option<&str> {
    let rest = pair.strip_prefix(COMPARE)?;
    rest.strip_prefix('=').or_else(|| rest.is_empty().then_some(""))
}
