//! What runs here: built-in models on a device, each in the format that is best there.

use std::sync::Arc;

use weighbridge::analysis::{RunsHere, Verdict};
use weighbridge::hardware::Engine;
use weighbridge::model::quantisation::{Loss, choice};
use weighbridge::model::{Blueprint, catalogue};
use weighbridge::report::model_rows::{ModelRow, RowFilter, SortBy, arranged, sentence};
use weighbridge::scenario::Scenario;

fn on(model: &str, device: &str) -> RunsHere {
    let entry = catalogue::find(model).unwrap_or_else(|| panic!("{model}"));
    let blueprint = Arc::new(Blueprint::from_value(entry.config.clone()).unwrap());
    let scenario = Scenario::default().with(|s| s.hardware.device = Some(device.to_owned()));
    RunsHere::of(&blueprint, &scenario).unwrap()
}

/// Each row: model, device, verdict, format as its scenario names it, engine, loss.
#[test]
fn each_model_in_the_format_that_is_best_there() {
    use Verdict::{DoesNotFit, Fits, Offload};
    for (model, device, verdict, weights, engine, loss) in [
        (
            "meta-llama/Llama-3.1-8B-Instruct",
            "rtx-4090",
            Fits,
            None,
            Engine::Vllm,
            Loss::Nothing,
        ),
        (
            "google/gemma-3-27b-it",
            "rtx-4090",
            Fits,
            Some("q6_k"),
            Engine::LlamaCpp,
            Loss::Almost,
        ),
        (
            "Qwen/Qwen3-32B",
            "rtx-4090",
            Fits,
            Some("q5_k_m"),
            Engine::LlamaCpp,
            Loss::Small,
        ),
        // It would fit with a heavy loss only; the half in RAM loses less.
        (
            "meta-llama/Llama-3.1-70B-Instruct",
            "rtx-4090",
            Offload,
            Some("q4_k_m"),
            Engine::LlamaCpp,
            Loss::Small,
        ),
        // It is published in four bits already.
        (
            "openai/gpt-oss-120b",
            "rtx-4090",
            Offload,
            None,
            Engine::LlamaCpp,
            Loss::Nothing,
        ),
        // A server loads what is published, else a format that servers load.
        ("Qwen/Qwen3-32B", "h100-sxm", Fits, None, Engine::Vllm, Loss::Nothing),
        (
            "meta-llama/Llama-3.1-70B-Instruct",
            "h200-sxm",
            Fits,
            Some("fp8"),
            Engine::Vllm,
            Loss::Unknown,
        ),
        (
            "Qwen/Qwen3-32B",
            "apple-m4-max-40c@64",
            Fits,
            Some("mlx-q8"),
            Engine::Mlx,
            Loss::Unknown,
        ),
        (
            "deepseek-ai/DeepSeek-V3.1",
            "apple-m4",
            DoesNotFit,
            Some("q4_k_m"),
            Engine::LlamaCpp,
            Loss::Small,
        ),
    ] {
        let found = on(model, device);
        let engine_there = found.analysis.setup.engine;
        assert_eq!(
            (
                found.verdict(),
                found.scenario.precision.weights,
                engine_there,
                found.loss
            ),
            (verdict, weights, engine, loss),
            "{model} on {device}"
        );
    }
}

/// What is chosen is never of more bits than the checkpoint, and what fits holds no more than the device gives.
#[test]
fn every_built_in_model_has_an_answer_or_a_reason() {
    let mut answered = 0;
    for entry in catalogue::entries() {
        let blueprint = Arc::new(Blueprint::from_value(entry.config.clone()).unwrap());
        for device in ["rtx-4090", "h100-sxm", "apple-m4-max-40c@64"] {
            let scenario = Scenario::default().with(|s| s.hardware.device = Some(device.to_owned()));
            let found = RunsHere::of(&blueprint, &scenario).unwrap();
            answered += 1;
            if let Some(choice) = found.scenario.precision.weights.and_then(choice) {
                let published = blueprint.published.format.bits_per_weight();
                assert!(choice.format.bits_per_weight() <= published, "{} on {device}", entry.id);
            }
            if let (Verdict::Fits, Some(fit)) = (found.verdict(), &found.analysis.fit) {
                assert!(
                    found.analysis.held().total_bytes <= fit.capacity_bytes,
                    "{} on {device}",
                    entry.id
                );
                assert!(found.loss != Loss::Heavy, "{} on {device}", entry.id);
            }
        }
    }
    assert!(answered > 3 * 140, "{answered}");
}

fn rows() -> Vec<ModelRow> {
    [
        "Qwen/Qwen3-8B",
        "google/gemma-3-27b-it",
        "deepseek-ai/DeepSeek-V3.1",
        "meta-llama/Llama-3.1-70B-Instruct",
    ]
    .into_iter()
    .map(|id| {
        let entry = catalogue::find(id);
        ModelRow::of(id, id, entry, &on(id, "rtx-4090"))
    })
    .collect()
}

fn ids(rows: &[ModelRow], filter: &RowFilter, by: SortBy, down: bool) -> Vec<String> {
    let short = |id: &str| id.split('/').next_back().unwrap_or_default().to_owned();
    arranged(rows, filter, by, down)
        .into_iter()
        .map(|at| short(&rows[at].id))
        .collect()
}

#[test]
fn rows_are_filtered_and_sorted() {
    let rows = rows();
    let all = RowFilter::default();
    let by = |by, down| ids(&rows, &all, by, down);
    let usual = ["gemma-3-27b-it", "Qwen3-8B", "DeepSeek-V3.1", "Llama-3.1-70B-Instruct"];
    assert_eq!(by(SortBy::Verdict, false), usual);
    assert_eq!(
        by(SortBy::Parameters, false),
        ["Qwen3-8B", "gemma-3-27b-it", "Llama-3.1-70B-Instruct", "DeepSeek-V3.1"]
    );
    assert_eq!(by(SortBy::Speed, true)[0], "Qwen3-8B");
    assert_eq!(by(SortBy::Memory, true)[0], "DeepSeek-V3.1");
    let some = |filter: RowFilter| ids(&rows, &filter, SortBy::Verdict, false);
    assert_eq!(
        some(RowFilter {
            query: "gemma 27".to_owned(),
            ..all.clone()
        }),
        ["gemma-3-27b-it"]
    );
    assert_eq!(
        some(RowFilter {
            verdict: "fits".to_owned(),
            ..all.clone()
        }),
        ["gemma-3-27b-it", "Qwen3-8B"]
    );
    assert_eq!(
        some(RowFilter {
            verdict: "runs".to_owned(),
            ..all.clone()
        }),
        usual
    );
    assert_eq!(
        some(RowFilter {
            reads: "images".to_owned(),
            ..all.clone()
        }),
        ["gemma-3-27b-it"]
    );
    assert_eq!(
        some(RowFilter {
            licence: "apache-2.0".to_owned(),
            ..all.clone()
        }),
        ["Qwen3-8B"]
    );
    assert_eq!(
        some(RowFilter {
            most_parameters: Some(10e9),
            ..all.clone()
        }),
        ["Qwen3-8B"]
    );
    assert_eq!(
        some(RowFilter {
            least_context: Some(20_000),
            ..all.clone()
        }),
        ["Qwen3-8B"]
    );
    assert_eq!(
        some(RowFilter {
            least_speed: Some(40.0),
            ..all
        }),
        ["Qwen3-8B"]
    );
    assert_eq!(
        sentence(&rows),
        "2 of 4 models fit one RTX 4090 whole; 2 more run with a part in RAM, if there is enough of it."
    );
}
