//! How long a training run and the search for its plan take: `cargo bench --bench plan`.

#[path = "support/training.rs"]
mod training;

use divan::{Bencher, black_box};
use weighbridge::analysis::analyse_setup;
use weighbridge::analysis::training::search;

const MODELS: [&str; 3] = [
    "meta-llama/Llama-3.1-8B-Instruct",
    "Qwen/Qwen2.5-72B-Instruct",
    "deepseek-ai/DeepSeek-V3.1-Terminus",
];

fn main() {
    divan::main();
}

/// One analysis in training mode, on 64 devices.
#[divan::bench(args = MODELS)]
fn analysis_of_a_run(bencher: Bencher<'_, '_>, id: &str) {
    let Some(setup) = training::setup(id, 64) else { return };
    bencher.bench(|| analyse_setup(black_box(&setup).clone()).map(|one| one.flops));
}

/// The search for a plan.
#[divan::bench(args = MODELS, consts = training::DEVICES)]
fn search_for_a_plan<const DEVICES: u64>(bencher: Bencher<'_, '_>, id: &str) {
    let Some(setup) = training::setup(id, DEVICES) else {
        return;
    };
    bencher.bench(|| search(black_box(&setup)).map(|found| found.tried));
}
