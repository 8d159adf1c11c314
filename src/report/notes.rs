//! Notices in the order of their weight: what may change the answer first, what is assumed of nearly every model last.

use crate::analysis::Analysis;
use crate::model::Notice;
use crate::units::sort_few;

/// Codes that say what is so in most questions. They are for those who want to know everything.
const TRIVIA: &[&str] = &[
    "head_dim_derived",
    "engine_assumed",
    "steady_state",
    "table_in_ram",
    "imatrix_assumed",
    "projector_apart",
];
/// Codes that make an answer another one: told first.
const FIRST: &[&str] = &[
    "beyond_context",
    "edited",
    "converted",
    "unpacked_on_loading",
    "memory_simple_rule",
    "headers_not_adopted",
    "media",
    "media_not_read",
    "reads_no_text",
    "memory_nominal",
];

/// Notices that matter, the weightiest first; and those that only say what is usual.
pub fn notes(analysis: &Analysis) -> (Vec<&Notice>, Vec<&Notice>) {
    let trivial = |code: &str| TRIVIA.contains(&code) || code.ends_with("_default");
    let (usual, mut heavy): (Vec<&Notice>, Vec<&Notice>) =
        analysis.notices.iter().partition(|notice| trivial(&notice.code));
    sort_few(&mut heavy, |notice| {
        FIRST
            .iter()
            .position(|code| *code == notice.code.as_str())
            .unwrap_or(FIRST.len())
    });
    (heavy, usual)
}
