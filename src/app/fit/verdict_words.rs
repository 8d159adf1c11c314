//! A verdict in words.

pub use weighbridge::report::verdict_name;
use weighbridge::units::{UnitSystem, decimal};

use super::weigh::Weighed;

/// The verdict, what is free or missing, and how fast: `fits, 3.20 GiB stay free; 151 tokens/s (130 to 168) with vLLM`.
pub fn verdict_words(one: &Weighed, units: UnitSystem) -> String {
    let name = verdict_name(one.verdict);
    let room = match one.verdict {
        "unsupported" => return format!("{name}: {}", one.why),
        _ => room_words(one, units),
    };
    let speed = one.pace.map_or_else(String::new, |pace| {
        format!(
            "; {} tokens/s ({} to {})",
            decimal(pace.expected),
            decimal(pace.low),
            decimal(pace.high)
        )
    });
    let how = if one.why.is_empty() {
        String::new()
    } else {
        format!(" ({})", one.why)
    };
    format!("{name}, {room}{speed} with {}{how}", one.engine.label())
}

/// What stays free, lies in RAM, or is missing.
pub fn room_words(one: &Weighed, units: UnitSystem) -> String {
    match one.verdict {
        "fits" => format!(
            "{} stay free",
            units.bytes(one.capacity.saturating_sub(one.total) as f64)
        ),
        "offload" => format!("{} lie in the machine's RAM", units.bytes(one.host as f64)),
        "unsupported" => one.why.to_owned(),
        _ => format!("{} are missing", units.bytes(one.missing as f64)),
    }
}
