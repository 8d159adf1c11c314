//! A log beside the estimate: JSON, and the table of its parts.

use serde_json::{Value, json};

use super::{ModelFacts, Sheet};
use crate::analysis::Analysis;
use crate::logs::Log;
use crate::report::compare::times;
use crate::report::log::{Check, Row, Taken};
use crate::scenario::link;
use crate::units::{UnitSystem, percent};

/// The answer of `log` as JSON.
pub fn log_check(facts: &ModelFacts, log: &Log, analysis: &Analysis, taken: &[Taken], check: &Check) -> Value {
    let options = &log.options;
    let flag = |knob: crate::scenario::KnobId| <&'static str>::from(knob);
    let places = log.places.iter().map(|place| {
        let parts = place
            .parts()
            .map(|(part, size)| (part.key().to_owned(), json!(size.bytes)));
        json!({"name": place.name, "host": place.host, "bytes": parts.collect::<serde_json::Map<_, _>>()})
    });
    json!({
        "weighbridge": super::VERSION,
        "link": link(&analysis.setup.requested).ok().map(|query| format!("?{query}")),
        "model": {"id": facts.id, "source": facts.source},
        "log": {
            "source": log.source.key(),
            "version": options.version,
            "model": options.model,
            "dtype": options.dtype,
            "quantisation": options.quantisation,
            "kv_cache": options.keys,
            "context": options.context,
            "memory_fraction": options.fraction,
            "cache_tokens": log.tokens,
            "concurrency": log.concurrency.map(|(tokens, requests)| json!({"tokens": tokens, "requests": requests})),
            "layers": log.layers.map(|(on, all)| json!({"on_devices": on, "all": all})),
            "places": places.collect::<Vec<_>>(),
            "cards": log.cards.iter().map(|card| json!({"name": card.name, "total_bytes": card.total, "used_bytes": card.used})).collect::<Vec<_>>(),
            "starts": log.starts,
            "failed": log.failed,
        },
        "taken": taken.iter().map(|one| json!({"flag": flag(one.knob), "value": one.value, "refused": one.refused})).collect::<Vec<_>>(),
        "parts": check.rows.iter().map(part).collect::<Vec<_>>(),
        "notes": check.notes,
        "assumptions": check.assumptions.iter().map(|one| json!({"flag": flag(one.knob), "value": one.value, "why": one.why})).collect::<Vec<_>>(),
    })
}

fn part(row: &Row) -> Value {
    json!({
        "part": row.key,
        "unit": <&'static str>::from(row.measure),
        "log": row.said,
        "weighbridge": row.ours,
        "difference": row.difference(),
        "reason": row.reason,
    })
}

/// The parts as a table.
pub fn log_sheet(check: &Check, units: UnitSystem) -> Sheet {
    let mut sheet = Sheet::new(
        "Part by part",
        &["part", "log", "estimate", "difference", "likely reason"],
    );
    for row in &check.rows {
        sheet.push([
            row.label.to_owned(),
            row.measure.write(row.said, units),
            row.ours.map_or_else(String::new, |ours| row.measure.write(ours, units)),
            difference(row.difference()),
            row.reason.clone(),
        ]);
    }
    sheet
}

/// A difference with its sign, from a doubling on as a multiple: `−12.0 %`, `+3.1 %`, `158 times`.
pub fn difference(share: Option<f64>) -> String {
    match share {
        None => String::new(),
        Some(share) if share < 0.0 => format!("−{}", percent(-share)),
        // From a doubling on people count in times.
        Some(share) if share >= 0.995 => format!("{} times", times(1.0 + share)),
        Some(share) => format!("+{}", percent(share)),
    }
}

#[cfg(test)]
mod tests {
    use super::difference;

    #[test]
    fn large_differences_are_said_in_times() {
        for (share, words) in [
            (None, ""),
            (Some(-0.12), "−12.0 %"),
            (Some(0.031), "+3.1 %"),
            (Some(0.96), "+96.0 %"),
            (Some(1.0), "2.0 times"),
            (Some(3.0), "4.0 times"),
            (Some(156.517), "158 times"),
        ] {
            assert_eq!(difference(share), words, "{share:?}");
        }
    }
}
