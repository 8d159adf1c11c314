//! What a checkpoint says besides its formats: the cache it prescribes, what engines make of it, and what is refused.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::support::checkpoint::{blueprint, config};
use weighbridge::analysis::{AnalysisError, Setup, memory};
use weighbridge::model::{Blueprint, ModelError, catalogue};
use weighbridge::scenario::{Engine, KvFormat, Scenario, weight_key};
use weighbridge::units::Exact;

fn setup(built: Blueprint, engine: Engine, change: impl FnOnce(&mut Scenario)) -> Result<Setup, AnalysisError> {
    let mut scenario = Scenario::default().with(|s| {
        s.serving.engine = Some(engine);
    });
    change(&mut scenario);
    Setup::new(&Arc::new(built), &scenario)
}

fn cache(settings: &Value, engine: Engine) -> (String, Vec<String>) {
    let found = setup(blueprint("quantization_config", settings.clone()), engine, |_| ()).unwrap();
    let codes = found.notices.iter().map(|notice| notice.code.clone());
    (
        found.kv.id.to_string(),
        codes.filter(|code| code.starts_with("kv_cache")).collect(),
    )
}

/// vLLM `attention/layer.py` takes any `kv_cache_scheme` of compressed-tensors for FP8, and of ModelOpt's
/// (`utils/torch_utils.py`, `get_kv_cache_quant_algo_string`) static FP8 and FP4; Quark's format it does not follow.
#[test]
fn the_cache_a_checkpoint_prescribes() {
    let fp8 = json!({"num_bits": 8, "type": "float", "dynamic": false});
    let weights = json!({"num_bits": 8, "type": "float", "strategy": "tensor"});
    let compressed = json!({"quant_method": "compressed-tensors", "format": "float-quantized", "kv_cache_scheme": fp8,
        "config_groups": {"a": {"targets": ["Linear"], "weights": weights}}});
    let modelopt = |key: &str, value: Value| json!({"quant_method": "modelopt", "quant_algo": "FP8", key: value});
    let nested =
        json!({"quant_method": "modelopt", "quantization": {"quant_algo": "NVFP4", "kv_cache_quant_algo": "FP8"}});
    for settings in [
        &compressed,
        &modelopt("kv_cache_scheme", fp8.clone()),
        &modelopt("kv_cache_quant_algo", json!("FP8")),
        &nested,
    ] {
        // SGLang and TensorRT-LLM know Model Optimizer's alone (`kv_cache_dtype.py`, `model_config.py`).
        let by_modelopt = settings["quant_method"] == "modelopt";
        let others = [Engine::Sglang, Engine::TensorRtLlm]
            .into_iter()
            .filter(|_| by_modelopt);
        for engine in [Engine::Vllm].into_iter().chain(others) {
            assert_eq!(
                cache(settings, engine),
                ("fp8".to_owned(), vec!["kv_cache_prescribed".to_owned()]),
                "{settings}"
            );
        }
        assert_eq!(cache(settings, Engine::Transformers).0, "fp16");
    }
    assert_eq!(
        cache(&modelopt("kv_cache_quant_algo", json!("NVFP4")), Engine::Vllm).0,
        "nvfp4"
    );
    assert_eq!(
        cache(&modelopt("kv_cache_quant_algo", json!("NVFP4")), Engine::Sglang).0,
        "fp16"
    );
    assert_eq!(
        cache(&compressed, Engine::Sglang),
        ("fp16".to_owned(), vec!["kv_cache_not_followed".to_owned()])
    );
    let dynamic = json!({"num_bits": 8, "type": "float", "dynamic": true});
    assert_eq!(
        cache(&modelopt("kv_cache_scheme", dynamic), Engine::Vllm),
        ("fp16".to_owned(), vec![])
    );
    let quark = json!({"quant_method": "quark", "global_quant_config": {"weight": {"dtype": "fp8_e4m3", "qscheme": "per_tensor"}},
        "exclude": ["lm_head"], "kv_cache_quant_config": {"*k_proj": {"output_tensors": {"dtype": "fp8_e4m3"}}}});
    assert_eq!(
        cache(&quark, Engine::Vllm),
        ("fp16".to_owned(), vec!["kv_cache_not_followed".to_owned()])
    );
    // What the user asks for goes before.
    let asked = setup(blueprint("quantization_config", compressed), Engine::Vllm, |scenario| {
        scenario.precision.kv_cache = KvFormat::Bf16
    });
    let asked = asked.unwrap();
    assert_eq!(asked.kv.id, "bf16");
    assert!(asked.notices.iter().all(|notice| !notice.code.starts_with("kv_cache")));
}

/// vLLM `config/model.py` and SGLang `configs/model_config.py`: `auto` loads FP32 in 16 bits; transformers keeps it.
#[test]
fn fp32_is_loaded_as_the_engine_loads_it() {
    let of = |engine, chosen: Option<&'static str>| {
        let mut config = config("torch_dtype", json!("float32"));
        config["quantization_config"] = Value::Null;
        let found = setup(Blueprint::from_value(config).unwrap(), engine, |scenario| {
            scenario.precision.weights = chosen.and_then(weight_key);
        });
        let found = found.unwrap();
        let said = found.notices.iter().any(|notice| notice.code == "fp32_narrowed");
        (
            found.weights.format.id.to_string(),
            memory::<Exact>(&found).weights.0,
            said,
        )
    };
    let whole = of(Engine::Transformers, None);
    assert_eq!((whole.0.as_str(), whole.2), ("fp32", false));
    assert_eq!(of(Engine::Vllm, None), ("bf16".to_owned(), whole.1 / 2, true));
    assert_eq!(of(Engine::Sglang, None), ("fp16".to_owned(), whole.1 / 2, true));
    assert_eq!(of(Engine::Vllm, Some("fp32")), ("fp32".to_owned(), whole.1, false));
}

/// A method or an algorithm that is not known is never weighed as something else, unless a format is asked for.
#[test]
fn what_is_not_known_is_refused() {
    let linear = json!({"num_bits": 4, "type": "int"});
    for (settings, said) in [
        (json!({"quant_method": "quip"}), "the method \"quip\""),
        (
            json!({"quant_method": "modelopt", "quant_algo": "W1A1"}),
            "\"W1A1\" of the method \"modelopt\"",
        ),
        (
            json!({"quant_method": "torchao", "quant_type": "int1_magic"}),
            "\"int1_magic\"",
        ),
        (json!({"something": 4}), "names no method"),
        (
            json!({"quant_method": "compressed-tensors", "config_groups": {"a": {"targets": ["Mystery"], "weights": linear}}}),
            "the class \"Mystery\"",
        ),
        (
            json!({"quant_method": "compressed-tensors", "config_groups": {"W3A3": ["Linear"]}}),
            "the scheme \"W3A3\"",
        ),
    ] {
        let built = || blueprint("quantization_config", settings.clone());
        match setup(built(), Engine::Vllm, |_| ()) {
            Err(AnalysisError::Model(error @ ModelError::Quantisation(_))) => {
                let words = error.to_string();
                assert!(
                    words.contains(said) && words.contains("--weights"),
                    "{settings}: {words}"
                );
            }
            other => panic!("{settings}: {:?}", other.map(|found| found.weights.method.clone())),
        }
        assert!(
            setup(built(), Engine::Vllm, |scenario| scenario.precision.weights =
                weight_key("fp8"))
            .is_ok(),
            "{settings}"
        );
    }
}

/// A key that could change bytes and was not understood is said; keys that cannot are not.
#[test]
fn keys_that_nobody_reads_are_said() {
    let said = |settings: Value| {
        let notices = blueprint("quantization_config", settings).notices;
        notices
            .into_iter()
            .find(|notice| notice.code == "quantisation_key_unread")
            .map(|notice| notice.message)
    };
    let harmless = json!({"quant_method": "gptq", "bits": 4, "group_size": 128, "desc_act": true, "sym": true, "damp_percent": 0.01,
        "meta": {"quantizer": ["gptqmodel:2.2.0"]}, "checkpoint_format": "gptq"});
    assert_eq!(said(harmless), None);
    let odd = said(json!({"quant_method": "gptq", "bits": 4, "group_size": 128, "outliers_in_16_bits": 0.05})).unwrap();
    assert!(odd.contains("outliers_in_16_bits") && odd.contains("bytes"), "{odd}");
    let sparse = json!({"quant_method": "compressed-tensors", "format": "marlin-24", "sparsity_config": {"format": "sparse-24-bitmask"},
        "config_groups": {"a": {"targets": ["Linear"], "weights": {"num_bits": 4, "type": "int"}}}});
    assert!(said(sparse).unwrap().contains("sparsity_config"));
    let pattern = said(json!({"quant_method": "gptq", "bits": 4, "group_size": 128, "dynamic": {"-:(a": {}}})).unwrap();
    assert!(pattern.contains("(a"), "{pattern}");
}

/// A mixture has the names of its formats; another format asked for is that one alone.
#[test]
fn mixtures_are_named_and_left_when_asked() {
    let settings = json!({"quant_method": "modelopt", "quant_algo": "MIXED_PRECISION", "quantized_layers": {
        "model.layers.0.mlp": {"quant_algo": "NVFP4"}, "model.layers.1.mlp": {"quant_algo": "NVFP4"},
        "model.layers.2.mlp": {"quant_algo": "FP8"}, "model.layers.3.mlp": {"quant_algo": "FP8"},
        "model.layers.0.self_attn.q_proj": {"quant_algo": "FP8"}}});
    let built = blueprint("quantization_config", settings);
    let method = &built.published.method;
    assert!(
        method.starts_with("FP8 and NVFP4, ") && method.ends_with(" bits a weight"),
        "{method}"
    );
    let asked = setup(built, Engine::Vllm, |scenario| {
        scenario.precision.weights = weight_key("fp8")
    })
    .unwrap();
    assert_eq!(asked.weights.method, "FP8");
    assert!(asked.weights.rules.is_none() && !asked.weights.named_only);
}

/// The language model's config may lie one object deeper.
#[test]
fn a_config_inside_a_config() {
    let flat = json!({"model_type": "gemma3_text", "hidden_size": 1152, "num_hidden_layers": 6, "intermediate_size": 2048,
        "num_attention_heads": 4, "num_key_value_heads": 1, "head_dim": 256, "vocab_size": 5000});
    let inner = json!({"model_type": "gemma3", "text_config": {"model_type": "gemma3_text", "text_config": flat}});
    let once = json!({"model_type": "gemma3", "text_config": flat});
    let count = |config: &Value| Blueprint::from_value(config.clone()).unwrap().parameters();
    assert_eq!(count(&inner), count(&once));
}

/// Sizes that publishers' listings of files state, beside ours: see `docs/formats.md`.
#[test]
fn published_sizes() {
    let rows = include_str!("../facts/quantised.jsonl").lines();
    let rows: Vec<Value> = rows.map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(rows.len() >= 20);
    for row in rows {
        let text = |key: &str| row[key].as_str().unwrap().to_owned();
        let mut config = catalogue::find(&text("base")).unwrap().config.clone();
        config[text("key")] = row["settings"].clone();
        let found = setup(Blueprint::from_value(config).unwrap(), Engine::Vllm, |_| ()).unwrap();
        let stated = row["gigabytes"].as_f64().unwrap() * 1e9;
        let off = memory::<Exact>(&found).weights.0 as f64 / stated - 1.0;
        assert!(off.abs() < 0.005, "{}: {:+.2} %", text("id"), off * 100.0);
    }
}

/// Patterns made to be slow end in an answer or a refusal.
#[test]
fn hostile_patterns() {
    let digits: Vec<String> = (0..2000)
        .map(|n| format!(r"re:.*layers\.({n}|{})\.(a|b)*(.*)*x{n}", n + 1))
        .collect();
    let ahead = vec!["re:(?=.*(?=.*(?=.*(?=.*x))))".to_owned(); 100];
    let names: Vec<String> = (0..100_000).map(|n| format!("model.layers.{n}.mlp.x{n}")).collect();
    for ignore in [digits, ahead, names] {
        let mut config = config(
            "quantization_config",
            json!({"quant_method": "compressed-tensors", "ignore": ignore,
            "config_groups": {"a": {"targets": ["Linear"], "weights": {"num_bits": 4, "type": "int"}}}}),
        );
        config["num_hidden_layers"] = json!(1000);
        let _ = Blueprint::from_value(config);
    }
}
