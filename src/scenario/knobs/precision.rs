//! Number formats of weights and caches.

use strum::IntoEnumIterator;

use super::format_names::named;
use super::read::{choose, short};
use super::{Group, Knob, KnobError, KnobId, KnobKind, OptionRow, SERVING, rows};
use crate::model::quantisation;
use crate::scenario::choices::KvFormat;

/// The card "Precision".
pub(super) const KNOBS: &[Knob] = &[
    Knob {
        id: KnobId::Weights,
        key: "w",
        flag: "weights",
        label: "Weights",
        help: "Number format of the weights. Norms, biases and routers stay as published where the format says so.",
        group: Group::Precision,
        kind: KnobKind::Choice(weight_rows),
        modes: &[],
        get: |s| s.precision.weights.unwrap_or("auto").to_owned(),
        set: |s, text| {
            s.precision.weights = if text.eq_ignore_ascii_case("auto") {
                None
            } else {
                let refuse = |why| KnobError::Refused(format!("Weights format \"{}\" {why}", short(text)));
                Some(named(text).map_err(refuse)?)
            };
            Ok(())
        },
    },
    Knob {
        id: KnobId::KvCache,
        key: "kv",
        flag: "kv-cache",
        label: "KV cache",
        help: "Number format of the keys and values kept for each token.",
        group: Group::Precision,
        kind: KnobKind::Choice(rows!(KvFormat)),
        modes: SERVING,
        get: |s| s.precision.kv_cache.key().to_owned(),
        set: |s, text| {
            choose(
                "KV cache format",
                cache_name(text),
                &mut s.precision.kv_cache,
                KvFormat::iter().map(KvFormat::key),
            )
        },
    },
];

/// llama.cpp writes `f16` where others write `fp16`.
pub(super) fn cache_name(text: &str) -> &str {
    match text {
        "f16" | "F16" => "fp16",
        "f32" | "F32" => "fp32",
        other => other,
    }
}

fn weight_rows() -> Vec<OptionRow> {
    let auto = OptionRow {
        key: "auto",
        label: "As published".to_owned(),
        help: "What config.json says.".to_owned(),
    };
    std::iter::once(auto)
        .chain(quantisation::CHOICES.iter().map(|one| OptionRow {
            key: quantisation::intern(&one.format.id),
            label: one.format.label.to_string(),
            help: one.source.to_owned(),
        }))
        .collect()
}
