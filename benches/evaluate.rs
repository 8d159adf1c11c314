//! How long one whole evaluation takes: config text → blueprint → analysis. Run with `cargo bench`.

use std::sync::Arc;

use divan::{Bencher, black_box};
use weighbridge::analysis::analyse;
use weighbridge::model::{Blueprint, catalogue};
use weighbridge::scenario::Scenario;

fn main() {
    divan::main();
}

const MODELS: [&str; 5] = [
    "meta-llama/Llama-3.1-8B-Instruct",
    "Qwen/Qwen2.5-72B-Instruct",
    "deepseek-ai/DeepSeek-V3.1-Terminus",
    "openai/gpt-oss-120b",
    "Qwen/Qwen3-30B-A3B-FP8",
];

fn text(id: &str) -> String {
    catalogue::find(id)
        .map(|entry| entry.config.to_string())
        .unwrap_or_default()
}

/// Text to analysis, without a device.
#[divan::bench(args = MODELS)]
fn config_to_analysis(bencher: Bencher<'_, '_>, id: &str) {
    let text = text(id);
    let scenario = Scenario::default();
    bencher.bench(|| {
        Blueprint::from_text(black_box(&text))
            .map(Arc::new)
            .map(|blueprint| analyse(&blueprint, &scenario).map(|one| one.flops))
    });
}

/// Text to blueprint.
#[divan::bench(args = MODELS)]
fn config_to_blueprint(bencher: Bencher<'_, '_>, id: &str) {
    let text = text(id);
    bencher.bench(|| {
        Blueprint::from_text(black_box(&text))
            .map(Arc::new)
            .map(|blueprint| blueprint.parameters())
    });
}

/// Blueprint to analysis on a device: fit, longest context and largest batch included. What the page does on each change.
#[divan::bench(args = MODELS)]
fn analysis_on_a_device(bencher: Bencher<'_, '_>, id: &str) {
    let Ok(blueprint) = Blueprint::from_text(&text(id)).map(Arc::new) else {
        return;
    };
    let scenario = Scenario::default().with(|s| {
        s.hardware.device = Some("h200-sxm".to_owned());
    });
    bencher.bench(|| analyse(black_box(&blueprint), &scenario).map(|one| one.flops));
}
