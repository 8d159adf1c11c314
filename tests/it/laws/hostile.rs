//! Any bytes whatever get an answer or an error, soon.

use std::sync::Arc;
use std::time::Instant;

use proptest::prelude::*;
use serde_json::{Value, json};
use weighbridge::analysis::analyse;
use weighbridge::model::{Blueprint, families};
use weighbridge::scenario::Scenario;

use super::cases;

/// Any JSON: keys of configs with values of any kind.
fn hostile() -> impl Strategy<Value = Value> {
    let keys = [
        "hidden_size",
        "num_hidden_layers",
        "num_attention_heads",
        "num_key_value_heads",
        "head_dim",
        "intermediate_size",
        "vocab_size",
        "num_experts",
        "num_experts_per_tok",
        "moe_intermediate_size",
        "tie_word_embeddings",
        "sliding_window",
        "layer_types",
        "quantization_config",
        "torch_dtype",
        "kv_lora_rank",
        "q_lora_rank",
        "qk_rope_head_dim",
        "qk_nope_head_dim",
        "v_head_dim",
        "max_position_embeddings",
        "first_k_dense_replace",
        "mlp_only_layers",
        "attention_bias",
        "num_nextn_predict_layers",
        "text_config",
        "n_shared_experts",
        "decoder_sparse_step",
        "use_sliding_window",
    ];
    let value = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (0u64..5).prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
        Just(json!([])),
        Just(json!(["full_attention", "sliding_attention", 3])),
        Just(json!({"quant_method": "gptq", "bits": 0, "group_size": -7})),
        Just(
            json!({"quant_method": "fp8", "weight_block_size": [0, 1], "modules_to_not_convert": ["model.layers.99999999999999999999.mlp", "re:((((", "*"]})
        ),
        Just(json!({"model_type": "llama", "hidden_size": 18446744073709551615u64})),
    ];
    let types: Vec<&'static str> = families::known().map(|(name, _)| name).collect();
    (
        proptest::sample::select(types),
        prop::collection::hash_map(proptest::sample::select(keys.to_vec()), value, 0..12),
    )
        .prop_map(|(model_type, keys)| {
            let mut config = serde_json::Map::new();
            config.insert("model_type".to_owned(), json!(model_type));
            config.extend(keys.into_iter().map(|(key, value)| (key.to_owned(), value)));
            Value::Object(config)
        })
}

proptest! {
    #![proptest_config(cases(3000))]

    #[test]
    fn hostile_configs_get_an_answer_or_an_error(config in hostile()) {
        if let Ok(blueprint) = Blueprint::from_value(config).map(Arc::new) {
            let scenario = Scenario::default().with(|s| { s.hardware.device = Some("rtx-4090".to_owned()); s.workload.batch = 1_000_000; s.workload.prompt = 100_000_000; });
            if let Ok(analysis) = analyse(&blueprint, &scenario) {
                let _ = analysis.held().parts();
            }
            let _ = weighbridge::export::inspection(&blueprint);
            let _ = weighbridge::export::tree(&blueprint);
        }
    }

    #[test]
    fn any_bytes_get_an_answer_or_an_error(text in "\\PC{0,300}") {
        let _ = Blueprint::from_text(&text);
    }
}

#[test]
fn the_worst_configs_are_quick() {
    let deep = format!(
        "{{\"model_type\":\"llama\",\"x\":{}1{}}}",
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    let long = format!(
        "{{\"model_type\":\"gemma3_text\",\"num_hidden_layers\":100000,\"layer_types\":[{}\"full_attention\"]}}",
        "\"sliding_attention\",".repeat(99_999)
    );
    let many: Vec<String> = (0..20_000)
        .map(|at| format!("\"model.layers.{at}.mlp.gate\""))
        .collect();
    let patterns = format!(
        "{{\"model_type\":\"qwen3_moe\",\"num_hidden_layers\":100000,\"quantization_config\":{{\"quant_method\":\"fp8\",\"modules_to_not_convert\":[{}]}}}}",
        many.join(",")
    );
    let stars = format!(
        "{{\"model_type\":\"llama\",\"quantization_config\":{{\"quant_method\":\"fp8\",\"ignore\":[\"{}\"]}}}}",
        "*a".repeat(140)
    );
    for text in [deep, long, patterns, stars] {
        let start = Instant::now();
        if let Ok(blueprint) = Blueprint::from_text(&text).map(Arc::new) {
            let _ = analyse(
                &blueprint,
                &Scenario::default().with(|s| {
                    s.hardware.device = Some("h100-sxm".to_owned());
                }),
            );
        }
        // A debug build on a busy machine: generous, but a quadratic reading would take minutes.
        assert!(start.elapsed().as_secs() < 20, "{}…", &text[..60]);
    }
}

/// Cost follows kinds: a thousand equal layers cost what ten cost.
#[test]
fn a_thousand_layers_are_one_kind() {
    let of = |layers: u64| {
        let config = json!({"model_type": "gemma3_text", "num_hidden_layers": layers, "hidden_size": 64, "tie_word_embeddings": true, "torch_dtype": "bfloat16"});
        Blueprint::from_value(config).map(Arc::new).unwrap()
    };
    let (small, large) = (of(12), of(1200));
    assert_eq!(small.kinds.len(), large.kinds.len());
    assert_eq!(small.blocks().count(), large.blocks().count());
    assert_eq!(large.layout.groups.len(), 1);
}
