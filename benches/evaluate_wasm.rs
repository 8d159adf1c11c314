//! How long one whole evaluation takes as WebAssembly, the way a visitor's browser runs it: config text → blueprint →
//! analysis; and all verdicts on the catalogue. Run with `./dev bench`; natively there is nothing to run, `evaluate` measures that.

#[cfg(not(target_arch = "wasm32"))]
fn main() {}

#[cfg(target_arch = "wasm32")]
fn main() {
    run::all();
}

#[cfg(target_arch = "wasm32")]
#[path = "support/whole_matrix.rs"]
mod whole_matrix;

#[cfg(target_arch = "wasm32")]
#[path = "support/training.rs"]
mod training;

#[cfg(target_arch = "wasm32")]
mod run {
    use std::hint::black_box;
    use std::sync::Arc;

    use wasm_bindgen::prelude::wasm_bindgen;
    use weighbridge::analysis::analyse;
    use weighbridge::analysis::training::search;
    use weighbridge::model::{Blueprint, catalogue};
    use weighbridge::scenario::Scenario;

    use super::whole_matrix::WholeMatrix;

    /// As `evaluate` has them.
    const MODELS: [&str; 5] = [
        "meta-llama/Llama-3.1-8B-Instruct",
        "Qwen/Qwen2.5-72B-Instruct",
        "deepseek-ai/DeepSeek-V3.1-Terminus",
        "openai/gpt-oss-120b",
        "Qwen/Qwen3-30B-A3B-FP8",
    ];
    /// Clocks of browsers are coarse: so many evaluations are timed together.
    const TOGETHER: usize = 50;
    const SAMPLES: usize = 101;

    #[wasm_bindgen]
    extern "C" {
        #[wasm_bindgen(js_namespace = performance)]
        fn now() -> f64;
        #[wasm_bindgen(js_namespace = console)]
        fn log(text: &str);
    }

    /// Microseconds of one run of `work`: the median, and the tenth and ninetieth of a hundred.
    fn measure(mut work: impl FnMut()) -> [f64; 3] {
        let mut sample = || {
            let start = now();
            (0..TOGETHER).for_each(|_| work());
            (now() - start) * 1000.0 / TOGETHER as f64
        };
        // The engine of the browser compiles while it runs.
        for _ in 0..SAMPLES / 5 {
            sample();
        }
        let mut all: Vec<f64> = (0..SAMPLES).map(|_| sample()).collect();
        all.sort_by(f64::total_cmp);
        [50, 10, 90].map(|at| all.get(at * SAMPLES / 100).copied().unwrap_or(f64::NAN))
    }

    pub fn all() {
        let (plain, device) = (
            Scenario::default(),
            Scenario::default().with(|s| {
                s.hardware.device = Some("h200-sxm".to_owned());
            }),
        );
        log("microseconds: median (p10 to p90)");
        for id in MODELS {
            let text = catalogue::find(id).map(|entry| entry.config.to_string());
            let text = text.unwrap_or_default();
            let Ok(blueprint) = Blueprint::from_text(&text).map(Arc::new) else {
                log(&format!("{id}: no blueprint"));
                continue;
            };
            let whole = measure(|| {
                let blueprint = Blueprint::from_text(black_box(&text)).map(Arc::new);
                let _ = black_box(blueprint.map(|blueprint| analyse(&blueprint, &plain).map(|one| one.flops)));
            });
            let read = measure(|| {
                let _ = black_box(Blueprint::from_text(black_box(&text)).map(|blueprint| blueprint.parameters()));
            });
            let fit = measure(|| {
                let _ = black_box(analyse(black_box(&blueprint), &device).map(|one| one.flops));
            });
            for (what, [median, low, high]) in [
                ("config_to_analysis", whole),
                ("config_to_blueprint", read),
                ("analysis_on_a_device", fit),
            ] {
                log(&format!("{what:22}{id:38}{median:8.1} ({low:.1} to {high:.1})"));
            }
        }
        for devices in super::training::DEVICES {
            let Some(setup) = super::training::setup(MODELS[0], devices) else {
                continue;
            };
            for _ in 0..3 {
                let start = now();
                let tried = search(&setup).map_or(0, |found| found.tried);
                log(&format!(
                    "plan for {devices} devices: {tried} layouts in {:.1} ms",
                    now() - start
                ));
            }
        }
        let whole = WholeMatrix::new();
        for _ in 0..3 {
            let start = now();
            let counts = whole.weigh();
            log(&whole.words(counts, now() - start));
        }
    }
}
