//! What a figure holds under, in a line.

use crate::analysis::Analysis;
use crate::units::{counted, grouped};

/// Mode, tokens, sequences, format, engine and devices, so that a picture that leaves the page says what it is of:
/// `Decode · 8,192 tokens read, 512 written · 1 sequence · Q5_K_M · llama.cpp · one RTX 4090`.
pub fn conditions(analysis: &Analysis) -> String {
    let setup = &*analysis.setup;
    let (asked, mode) = (&*setup.requested, setup.requested.workload.mode);
    let read = counted(asked.workload.prompt, "token");
    let tokens = match asked.generated() {
        _ if mode.trains() => match analysis.training.as_ref().map_or(0, |training| training.plan.encoder) {
            0 => format!("{read} a sequence"),
            encoder => format!("{read} a sequence, {} of its encoder", grouped(encoder)),
        },
        0 => format!("{read} read"),
        some => format!("{read} read, {} written", grouped(some)),
    };
    let (format, engine) = match &analysis.training {
        Some(training) => (
            training.plan.precision.label().to_owned(),
            training.plan.framework.label(),
        ),
        None => (setup.weights.method.clone(), setup.engine.label()),
    };
    let parts = [
        Some(mode.label().to_owned()),
        Some(tokens),
        Some(counted(asked.workload.batch, "sequence")),
        Some(format),
        Some(engine.to_owned()),
        setup.devices_in_words(),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    parts.join(" · ")
}
