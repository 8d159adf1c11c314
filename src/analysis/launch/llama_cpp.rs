//! llama.cpp. Source: tools/server/README.md and common/arg.cpp of ggml-org/llama.cpp.

use super::quote::shell;
use super::{Facts, Parts, checkpoint};
use crate::analysis::placement::Unit;

/// More layers than any model has: all of them on the device.
const ALL: u64 = 999;

pub fn parts(facts: &Facts<'_>) -> Parts {
    let (question, mut out) = (facts.question, Parts::default());
    let layout = question.layout;
    let name = facts.model.rsplit('/').next().unwrap_or("model");
    let format = &question.weights.format.label;
    out.add(
        format!(
            "llama-server -m {}",
            shell(&format!("{name}-{}.gguf", format.replace(' ', "-")))
        ),
        checkpoint(facts, &[]),
    );
    let on_device = match facts.plan {
        Some(plan) if plan.unit == Unit::Layers => plan.layers.saturating_sub(plan.layers_in_ram),
        _ => ALL,
    };
    out.add(
        format!("-ngl {on_device}"),
        if on_device == ALL {
            "all layers on the device"
        } else {
            "layers on the device; the others are computed from RAM"
        },
    );
    if let Some(plan) = facts.plan.filter(|plan| plan.unit == Unit::Experts) {
        out.add(
            format!("--n-cpu-moe {}", plan.layers_in_ram),
            "layers whose experts stay in RAM; attention and all else are on the device",
        );
    }
    out.add(
        format!("-c {}", facts.tokens.saturating_mul(facts.sequences)),
        format!("tokens of all slots together: {}", facts.length()),
    );
    out.add_if(
        facts.sequences > 1,
        format!("-np {}", facts.sequences),
        "slots, one for each sequence",
    );
    out.add(
        "-fa on",
        "flash attention: scores are never written; quantised values need it",
    );
    let (keys, values) = (facts.kv(), &*question.kv_values.id);
    out.add_if(
        keys != "fp16",
        format!("-ctk {}", cache(keys)),
        "format of the cached keys",
    );
    out.add_if(
        values != "fp16",
        format!("-ctv {}", cache(values)),
        "format of the cached values",
    );
    if layout.devices > 1 {
        let (mode, why) = if layout.by_layers {
            ("layer", "whole layers on each device")
        } else {
            ("row", "every matrix is shared among the devices")
        };
        out.add(format!("-sm {mode}"), why);
        let each = vec!["1"; usize::try_from(layout.devices.min(64)).unwrap_or(1)];
        out.add(format!("-ts {}", each.join(",")), "equal parts");
    }
    out
}

/// Its name of a cache format.
fn cache(format: &str) -> &str {
    match format {
        "fp32" => "f32",
        "fp16" => "f16",
        other => other,
    }
}
