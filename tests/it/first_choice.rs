//! Format and engine to begin with, by model and device.

use std::sync::Arc;

use weighbridge::analysis::{Setup, Verdict, analyse_setup, first_choice, within_context};
use weighbridge::hardware::Engine;
use weighbridge::model::quantisation::WeightFileKind;
use weighbridge::model::{Blueprint, catalogue};
use weighbridge::scenario::{Mode, Scenario};

fn blueprint(id: &str) -> Arc<Blueprint> {
    let entry = catalogue::find(id).unwrap_or_else(|| panic!("{id}"));
    Arc::new(Blueprint::from_value(entry.config.clone()).unwrap())
}

fn on(device: &str) -> Scenario {
    Scenario::example().with(|s| s.hardware.device = Some(device.to_owned()))
}

/// What is chosen first fits, wherever anything but the published format is chosen.
#[test]
fn by_device() {
    for (id, device, engine, container) in [
        // Fits as published: left alone.
        ("meta-llama/Llama-3.1-8B-Instruct", "rtx-4090", None, ""),
        ("openai/gpt-oss-20b", "rtx-4090", None, ""),
        // A card that cannot hold it: a GGUF that fits whole.
        ("Qwen/Qwen3-32B", "rtx-4090", Some(Engine::LlamaCpp), "gguf"),
        ("google/gemma-3-27b-it", "rtx-4090", Some(Engine::LlamaCpp), "gguf"),
        // Fits only with a heavy loss, or in nothing: left as published.
        ("meta-llama/Llama-3.1-70B-Instruct", "rtx-3090", None, ""),
        ("deepseek-ai/DeepSeek-V3.1", "rtx-4090", None, ""),
        // A data centre takes several devices instead.
        ("meta-llama/Llama-3.1-70B-Instruct", "h100-sxm", None, ""),
        // A Mac runs MLX.
        (
            "meta-llama/Llama-3.1-8B-Instruct",
            "apple-m4-max-40c@64",
            Some(Engine::Mlx),
            "",
        ),
        ("Qwen/Qwen3-32B", "apple-m4-max-40c@64", Some(Engine::Mlx), "mlx-q8"),
        ("Qwen/Qwen3-32B", "apple-m4-max-32c", Some(Engine::Mlx), "mlx-q4"),
        ("deepseek-ai/DeepSeek-V3.1", "apple-m4", None, ""),
    ] {
        let (blueprint, scenario) = (blueprint(id), on(device));
        let first = first_choice(&blueprint, &scenario, None);
        let weights = first.weights.unwrap_or_default();
        let kind = weighbridge::model::quantisation::choice(weights).map(|choice| choice.container);
        let as_meant = match container {
            "gguf" => kind == Some(WeightFileKind::Gguf),
            other => weights == other,
        };
        assert!(first.engine == engine && as_meant, "{id} on {device}: {first:?}");
        assert_eq!(first.why.is_empty(), engine.is_none(), "{id} on {device}: {first:?}");
        if engine.is_some() {
            let chosen = scenario.with(|s| {
                s.precision.weights = first.weights;
                s.serving.engine = first.engine;
            });
            let analysis = analyse_setup(Setup::new(&blueprint, &chosen).unwrap()).unwrap();
            assert_eq!(
                analysis.fit.unwrap().verdict,
                Verdict::Fits,
                "{id} on {device}: {first:?}"
            );
        }
    }
}

#[test]
fn files_and_training() {
    let model = blueprint("Qwen/Qwen3-8B");
    let of_file = first_choice(&model, &on("h100-sxm"), Some(WeightFileKind::Gguf));
    assert_eq!((of_file.weights, of_file.engine), (None, Some(Engine::LlamaCpp)));
    let training = on("rtx-3090").with(|s| s.workload.mode = Mode::Pretrain);
    assert_eq!(first_choice(&model, &training, None), Default::default());
    let nowhere = Scenario::default();
    assert_eq!(first_choice(&model, &nowhere, None), Default::default());
}

/// The example's 8,192 + 512 tokens are more than these were made for (`n_positions` 1,024, `max_position_embeddings` 512).
#[test]
fn a_request_is_no_longer_than_the_model_was_made_for() {
    let shorter = |model: &Blueprint, scenario: &Scenario| within_context(model, scenario);
    let example = Scenario::example();
    let gpt2 = blueprint("openai-community/gpt2");
    assert_eq!(shorter(&gpt2, &example), Some((512, Some(512))));
    let bert = r#"{"model_type": "bert", "architectures": ["BertForMaskedLM"], "hidden_size": 768, "num_hidden_layers": 12,
        "num_attention_heads": 12, "intermediate_size": 3072, "vocab_size": 30522, "max_position_embeddings": 512}"#;
    // It writes nothing: all of it is the prompt, what it would write stays as it was.
    let bert = Blueprint::from_text(bert).unwrap();
    assert_eq!(shorter(&bert, &example), Some((512, Some(512))));
    assert_eq!(shorter(&blueprint("meta-llama/Llama-3.1-8B-Instruct"), &example), None);
    let trains = example.clone().with(|s| s.workload.mode = Mode::Finetune);
    assert_eq!(shorter(&gpt2, &trains), None);
    let fits = example.with(|s| s.workload.prompt = 500);
    assert_eq!(shorter(&gpt2, &fits), None);
}
