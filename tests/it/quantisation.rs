//! Weights in every format: published file sizes, exact bytes of blocks, and what holds for all formats alike.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may panic as tests do"
)]

use crate::support;

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;
use serde_json::json;
use support::engine::blueprint;
use weighbridge::analysis::{Setup, memory};
use weighbridge::model::quantisation::{self, CHOICES, WeightFileKind};
use weighbridge::model::{Blueprint, Component, Tensor, catalogue};
use weighbridge::scenario::{Engine, KvFormat, Mode, Scenario, weight_key};
use weighbridge::units::{Exact, Quantity};

fn weights(blueprint: &Arc<Blueprint>, format: &str, engine: Option<Engine>) -> u64 {
    let scenario = Scenario::default().with(|s| {
        s.precision.weights = Some(weight_key(format).unwrap_or_else(|| panic!("no format {format}")));
        s.serving.engine = engine;
    });
    memory::<Exact>(&Setup::new(blueprint, &scenario).unwrap()).weights.0
}

/// Published sizes of GGUF files, most of them rounded to three digits.
#[test]
fn gguf_files_have_their_published_sizes() {
    let mut rows = csv::Reader::from_reader(include_str!("../facts/gguf_sizes.csv").as_bytes());
    let mut families = BTreeSet::new();
    let mut wrong = Vec::new();
    let mut count = 0;
    for row in rows.records().map(Result::unwrap) {
        let (id, mix, bytes) = (&row[0], &row[1], row[2].parse::<f64>().unwrap());
        let blueprint = blueprint(id);
        let found = weights(&blueprint, mix, Some(Engine::LlamaCpp)) as f64;
        let off = found / bytes - 1.0;
        if off.abs() > 0.005 {
            wrong.push(format!("{id} {mix}: {found} against {bytes}, {:+.2} %", off * 100.0));
        }
        families.insert(blueprint.model_type.clone());
        count += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count >= 50 && families.len() >= 6, "{count} files of {families:?}");
}

/// Bytes of one matrix of 4,096 × 4,096 in each safetensors format, worked out by hand.
#[test]
fn scales_are_counted_to_the_byte() {
    let side = Quantity::architecture("side", 4096, "test");
    let matrix = Tensor::matrix("weight", Component::Mlp, &side, &side);
    let n: u64 = 4096 * 4096;
    for (format, bytes) in [
        ("bf16", 2 * n),
        ("fp8", n + 32 * 32 * 4),
        ("fp8-tensor", n + 8),
        ("fp8-channel", n + 4096 * 4),
        ("int8", n + 4096 * 4),
        ("bnb-int8", n + 4096 * 4),
        ("int4", n / 2 + n / 128 * 2),
        // A 16-bit scale and a 4-bit zero point for 128.
        ("awq", n / 2 + n / 128 * 20 / 8),
        ("gptq", n / 2 + n / 128 * 20 / 8 + 4096 * 4),
        ("gptq-8", n + n / 128 * 3 + 4096 * 4),
        ("nf4", n / 2 + n / 64 * 4),
        // An 8-bit absmax for 64, an FP32 one for 256 of those.
        ("nf4-dq", n / 2 + n / 64 + n / 64 / 256 * 4),
        ("mxfp4", n / 2 + n / 32),
        ("nvfp4", n / 2 + n / 16 + 8),
        ("hqq-4", n / 2 + n / 64 * 4),
        ("aqlm-2", n / 4 + 4096 * 2 + 65_536 * 8 * 2),
        ("mlx-q4", n / 2 + n / 64 * 4),
        ("mlx-q4-g32", n / 2 + n / 32 * 4),
        ("mlx-q6", n * 6 / 8 + n / 64 * 4),
        ("exl2-4.25", n * 425 / 800),
        ("exl3-3.0", n * 3 / 8),
        ("q4_0", n / 32 * 18),
        ("q4_k_m", n / 256 * 144),
        ("iq4_xs", n / 256 * 136),
    ] {
        let choice = quantisation::choice(format).unwrap();
        assert_eq!(choice.format.bytes::<Exact>(&matrix).0, bytes, "{format}");
    }
}

#[test]
fn caches_of_blocks() {
    let blueprint = blueprint("meta-llama/Llama-3.1-8B-Instruct");
    let growth = |keys, values| {
        let scenario = Scenario::default().with(|s| {
            s.precision.kv_cache = keys;
            s.precision.value_cache = values;
            s.serving.engine = Some(Engine::LlamaCpp);
        });
        memory::<Exact>(&Setup::new(&blueprint, &scenario).unwrap())
            .kv_cache_per_token
            .0
    };
    // 32 layers, 8 heads of 128, keys and values.
    let half: u64 = 32 * 8 * 128;
    assert_eq!(growth(KvFormat::Auto, KvFormat::Auto), 2 * half * 2);
    assert_eq!(growth(KvFormat::Q8_0, KvFormat::Auto), 2 * half / 32 * 34);
    assert_eq!(growth(KvFormat::Q8_0, KvFormat::Q4_0), half / 32 * (34 + 18));
    assert_eq!(growth(KvFormat::Fp16, KvFormat::Q5_1), half * 2 + half / 32 * 24);
    assert_eq!(growth(KvFormat::MlxQ4, KvFormat::Auto), 2 * half / 64 * 36);
}

/// llama.cpp's log for Llama 3 8B: 258.50 MiB of compute buffer; a context of 640 is padded to 768 cells.
#[test]
fn llama_cpp_lays_out_its_buffers() {
    let blueprint = blueprint("meta-llama/Meta-Llama-3-8B");
    let scenario = Scenario::default().with(|s| {
        s.precision.weights = weight_key("q4_k_m");
    });
    let question = Setup::new(&blueprint, &scenario).unwrap();
    assert_eq!(question.engine, Engine::LlamaCpp);
    let memory = memory::<Exact>(&question);
    assert_eq!(memory.activations.0, 517 << 19, "258.5 MiB");
    assert_eq!(memory.kv_cache.0, 768 * 131_072);
}

/// A window keeps room for itself and one micro-batch.
#[test]
fn llama_cpp_pads_windows() {
    let blueprint = blueprint("google/gemma-3-1b-it");
    let cache = |prompt| {
        let scenario = Scenario::default().with(|s| {
            s.workload.prompt = prompt;
            s.workload.generate = Some(0);
            s.serving.engine = Some(Engine::LlamaCpp);
        });
        memory::<Exact>(&Setup::new(&blueprint, &scenario).unwrap()).kv_cache.0
    };
    // 4 full layers and 22 with a window of 512: 1,024 cells. One head of 256, keys and values of 2 bytes.
    assert_eq!(cache(8192), 1024 * (4 * 8192 + 22 * 1024));
}

#[test]
fn engines_follow_the_format() {
    let blueprint = blueprint("meta-llama/Llama-3.1-8B-Instruct");
    for (format, engine) in [
        ("awq", Engine::Vllm),
        ("q4_k_m", Engine::LlamaCpp),
        ("mlx-q4", Engine::Mlx),
        ("exl2-4.0", Engine::ExLlamaV2),
        ("exl3-4.0", Engine::ExLlamaV3),
    ] {
        let scenario = Scenario::default().with(|s| {
            s.precision.weights = weight_key(format);
        });
        assert_eq!(Setup::new(&blueprint, &scenario).unwrap().engine, engine, "{format}");
    }
}

#[test]
fn methods_that_configs_name() {
    let base = json!({
        "model_type": "llama", "num_hidden_layers": 4, "hidden_size": 512, "intermediate_size": 1024, "num_attention_heads": 8,
        "num_key_value_heads": 8, "vocab_size": 1000, "tie_word_embeddings": false, "torch_dtype": "float16",
    });
    let (projections, mlp, rest) = (
        4 * 4 * 512 * 512_u64,
        4 * 3 * 512 * 1024_u64,
        2 * (1000 * 512 * 2 + 512 * 9),
    );
    let bits = |settings: serde_json::Value, key: &str| {
        let mut config = base.clone();
        config[key] = settings;
        let blueprint = Blueprint::from_value(config).map(Arc::new).unwrap();
        let scenario = Scenario::default();
        let question = Setup::new(&blueprint, &scenario).unwrap();
        (memory::<Exact>(&question).weights.0, question.weights.container)
    };
    let matrices = projections + mlp;
    let named = |settings| bits(settings, "quantization_config");
    let hqq =
        named(json!({"quant_method": "hqq", "quant_config": {"weight_quant_params": {"nbits": 4, "group_size": 64}}}));
    assert_eq!(hqq, (rest + matrices / 2 + matrices / 16, WeightFileKind::Safetensors));
    let exl2 = named(json!({"quant_method": "exl2", "bits": 4.0, "head_bits": 8}));
    assert_eq!(exl2, (rest - 1000 * 512 + matrices / 2, WeightFileKind::Exl2));
    let mlx = bits(
        json!({"bits": 4, "group_size": 64, "model.layers.0.mlp.down_proj": {"bits": 8, "group_size": 64}, "lm_head": false}),
        "quantization",
    );
    let table = 1000 * 512;
    let down: u64 = 512 * 1024;
    let expected = 2 * 512 * 9 + table * 2 + table * 9 / 16 + (matrices - down) * 9 / 16 + down * 17 / 16;
    assert_eq!(mlx, (expected, WeightFileKind::Mlx));
    // Two groups of formats, one of them by name.
    let mixed = named(json!({"quant_method": "compressed-tensors", "config_groups": {
        "group_0": {"targets": ["re:.*self_attn.*"], "weights": {"num_bits": 8, "type": "float", "strategy": "tensor"}},
        "group_1": {"targets": ["re:.*mlp.*"], "weights": {"num_bits": 4, "type": "int", "strategy": "group", "group_size": 128, "symmetric": true}},
    }}));
    assert_eq!(mixed.0, rest + projections + 4 * 4 * 4 + mlp / 2 + mlp / 128 * 2);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// Never fewer bytes than the bits of the format say.
    #[test]
    fn bytes_are_at_least_the_bits(rows in 1u64..700, blocks in 1u64..9, copies in 1u64..9, at in any::<prop::sample::Index>()) {
        let (rows, inner) = (Quantity::architecture("rows", rows, "test"), Quantity::architecture("inner", 256 * blocks, "test"));
        let tensor = Tensor::matrix("weight", Component::Mlp, &rows, &inner)
            .each(&Quantity::architecture("copies", copies, "test"));
        let choice = &CHOICES[at.index(CHOICES.len())];
        let bytes = choice.format.bytes::<Exact>(&tensor).0;
        prop_assert!(bytes as f64 * 8.0 >= choice.format.bits as f64 * tensor.count() as f64, "{}", choice.format.id);
    }

    /// Within one method more bits never make a smaller file.
    #[test]
    fn more_bits_never_make_a_smaller_file(layers in 1u64..90, kv in 1u64..9, per in 1u64..9, wide in 1u64..6, vocabulary in 1u64..4000, tied in any::<bool>(), experts in 0u64..12, engine in prop::sample::select(vec![None, Some(Engine::LlamaCpp)])) {
        let kind = if experts > 1 { "mixtral" } else { "llama" };
        let config = json!({
            "model_type": kind, "num_hidden_layers": layers, "hidden_size": 256 * wide, "intermediate_size": 512 * wide, "num_attention_heads": kv * per,
            "num_key_value_heads": kv, "head_dim": 64, "vocab_size": vocabulary, "tie_word_embeddings": tied, "torch_dtype": "bfloat16",
            "num_local_experts": experts.max(2), "num_experts_per_tok": 2,
        });
        let blueprint = Blueprint::from_value(config).map(Arc::new).unwrap();
        for ladder in [
            &["q2_k_s", "q2_k", "q3_k_m", "q4_k_m", "q5_k_m", "q6_k", "q8_0"][..],
            // With eight experts the quantiser gives Q3_K_L fewer bits in one place than Q3_K_M.
            if experts == 8 { &["q3_k_s", "q3_k_m"] } else { &["q3_k_s", "q3_k_m", "q3_k_l"] },
            &["q3_k_s", "q4_k_s", "q5_k_s"],
            &["iq1_s", "iq1_m", "iq2_xs", "iq2_s", "iq2_m", "iq3_s", "iq4_xs", "iq4_nl"],
            &["q4_0", "q4_1", "q5_1", "q8_0"],
            &["tq1_0", "tq2_0"],
            &["mlx-q2", "mlx-q3", "mlx-q4", "mlx-q5", "mlx-q6", "mlx-q8"],
            &["exl2-2.0", "exl2-2.55", "exl2-4.0", "exl2-8.0"],
            &["exl3-2.0", "exl3-4.0"],
            &["hqq-2", "hqq-4", "hqq-8"],
            &["gptq-4", "gptq-8"],
        ] {
            let sizes: Vec<_> = ladder.iter().map(|format| weights(&blueprint, format, engine)).collect();
            prop_assert!(sizes.is_sorted(), "{:?}: {:?}", ladder, sizes);
        }
    }

    /// Any text as a format: known or refused.
    #[test]
    fn any_name_of_a_format(name in "(exl2|exl3|mlx|hqq|gptq|awq|aqlm|q4|iq3)?-?[a-z0-9._-]{0,12}") {
        if let Some(key) = weight_key(&name) {
            prop_assert_eq!(weight_key(key), Some(key));
        }
    }
}

/// Every mix and format goes through every built-in model, in every mode that serves.
#[test]
fn every_format_on_every_model() {
    for entry in catalogue::entries() {
        let blueprint = Blueprint::from_value(entry.config.clone()).map(Arc::new).unwrap();
        let widest = weights(&blueprint, "fp32", None);
        for choice in CHOICES.iter() {
            let found = weights(&blueprint, &choice.format.id, None);
            assert!(found > 0 && found <= widest, "{} {}", entry.id, choice.format.id);
        }
        let scenario = Scenario::default().with(|s| {
            s.precision.weights = weight_key("q4_k_m");
            s.workload.mode = Mode::Prefill;
        });
        let question = Setup::new(&blueprint, &scenario).unwrap();
        assert!(question.weights.plan.is_some());
    }
}

/// Bytes of the language model's matrices by what a config leaves alone, under the prefixes wrappers give.
#[test]
fn what_a_quantiser_leaves_alone_is_found_under_any_prefix() {
    let bytes = |id: &str, prefix: &str| {
        let mut config = catalogue::find(id).unwrap().config.clone();
        let ignore: Vec<String> = ["3.self_attn", "3.mixer", "4.self_attn", "5.mixer"]
            .iter()
            .map(|rest| format!("{prefix}{rest}"))
            .collect();
        config["quantization_config"] = json!({"quant_method": "fp8", "modules_to_not_convert": ignore});
        let blueprint = Blueprint::from_value(config).map(Arc::new).unwrap();
        let scenario = Scenario::default();
        memory::<Exact>(&Setup::new(&blueprint, &scenario).unwrap()).weights.0
    };
    for id in [
        "Qwen/Qwen3-8B",
        "google/gemma-3-27b-it",
        "nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-BF16",
    ] {
        if catalogue::find(id).is_none() {
            panic!("{id} left the catalogue");
        }
        let (plain, none) = (bytes(id, "model.layers."), bytes(id, "no_such_module."));
        assert!(plain > none, "{id}: nothing was left alone");
        for prefix in [
            "model.language_model.layers.",
            "language_model.model.layers.",
            "language_model.layers.",
            "backbone.layers.",
        ] {
            assert_eq!(bytes(id, prefix), plain, "{id} with {prefix}");
        }
    }
}

/// DeepSeek V4 keeps its routed experts in four bits beside FP8 (`expert_dtype`), an exponent for every 32 of them and
/// for every block of 128 × 128; the published header of V4-Pro has scales of exactly that number.
#[test]
fn experts_of_a_format_of_their_own() {
    let config = json!({
        "model_type": "deepseek_v4", "hidden_size": 4096, "num_hidden_layers": 4, "vocab_size": 129_280,
        "n_routed_experts": 256, "moe_intermediate_size": 2048, "torch_dtype": "bfloat16",
        "quantization_config": {"quant_method": "fp8", "weight_block_size": [128, 128], "scale_fmt": "ue8m0"}
    });
    let experts = |config: &serde_json::Value| {
        let blueprint = Blueprint::from_value(config.clone()).map(Arc::new).unwrap();
        let analysis = weighbridge::analysis::analyse(&blueprint, &Scenario::default()).unwrap();
        let parts = &analysis.memory.weights_by_component;
        let (_, bytes) = *parts
            .iter()
            .find(|(component, _)| *component == Component::Experts)
            .unwrap();
        let elements: u64 = blueprint
            .tensors()
            .filter(|(_, tensor)| tensor.component == Component::Experts && tensor.is_parameter())
            .map(|(place, tensor)| place.copies(tensor) * tensor.count())
            .sum();
        (bytes.0, elements, blueprint.published.method.clone())
    };
    let mut own = config.clone();
    own["expert_dtype"] = json!("fp4");
    let (bytes, elements, method) = experts(&own);
    assert_eq!(bytes, elements / 2 + elements / 32);
    assert_eq!(method, "FP4 and FP8, 4.8 bits a weight");
    let (bytes, elements, _) = experts(&config);
    assert_eq!(bytes, elements + elements / (128 * 128) * 4);
    own["quantization_config"]["moe_quant_algo"] = json!("NVFP4");
    let (bytes, elements, method) = experts(&own);
    assert!(bytes >= elements / 2 + elements / 16 && bytes < elements / 2 + elements / 15);
    assert_eq!(method, "NVFP4 and FP8, 5.0 bits a weight");
}
