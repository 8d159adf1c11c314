//! What is said of all rows together, and of days.

use std::collections::HashSet;

use super::Kept;
use crate::units::counted;

/// `You weighed 12 models on 9 kinds of hardware; 41 of 47 answers fit.`
pub fn headline(rows: &[Kept]) -> String {
    let models: HashSet<&str> = rows.iter().map(|row| row.model.as_str()).collect();
    let kinds = rows.iter().map(|row| row.answer.kind());
    let kinds: HashSet<&str> = kinds.filter(|kind| !kind.is_empty()).collect();
    let fit = rows.iter().filter(|row| row.answer.runs()).count();
    let on = match kinds.len() as u64 {
        0 => "without hardware".to_owned(),
        1 => "on one kind of hardware".to_owned(),
        many => format!("on {many} kinds of hardware"),
    };
    let models = match models.len() as u64 {
        1 => "one model".to_owned(),
        many => counted(many, "model"),
    };
    let end = match (fit, rows.len()) {
        (1, 1) => "the answer fits".to_owned(),
        (0, 1) => "the answer does not fit".to_owned(),
        (0, _) => "none of the answers fits".to_owned(),
        (fit, all) if fit == all => format!("all {all} answers fit"),
        (fit, all) => format!("{fit} of {all} answers fit"),
    };
    format!("You weighed {models} {on}; {end}.")
}

/// The heading of a day, by how many days ago it was; none beyond last week, where the date is said.
pub const fn day(ago: i64) -> Option<&'static str> {
    match ago {
        i64::MIN..=0 => Some("Today"),
        1 => Some("Yesterday"),
        2..=7 => Some("The last seven days"),
        _ => None,
    }
}

/// Share of the whole, 0 to 100; more than the whole is all of it.
pub fn percent_of(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        return 0.0;
    }
    (100.0 * part as f64 / whole as f64).clamp(0.0, 100.0)
}
