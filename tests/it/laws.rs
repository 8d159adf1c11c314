//! Invariants, each as a property over generated models and workloads.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may panic as tests do"
)]

use std::sync::Arc;
use std::time::Instant;

use proptest::prelude::*;
use serde_json::{Value, json};
use weighbridge::analysis::{Figure, Setup, analyse, explain, memory};
use weighbridge::hardware::devices;
use weighbridge::model::{Blueprint, catalogue, families, quantisation};
use weighbridge::scenario::{KNOBS, KnobKind, Mode, Scenario, from_query, to_query};
use weighbridge::units::{Exact, UnitSystem};

/// A config of any family with small random dimensions.
fn any_config() -> impl Strategy<Value = Value> {
    let types: Vec<&'static str> = families::known().map(|(name, _)| name).collect();
    (proptest::sample::select(types), 1u64..40, 1u64..9, 1u64..5, 1u64..64, 1u64..400, 1u64..9, any::<bool>()).prop_map(
        |(model_type, layers, kv, per, dim, vocab, experts, tied)| {
            json!({
                "model_type": model_type, "num_hidden_layers": layers, "hidden_size": 8 * dim, "num_attention_heads": kv * per,
                "num_key_value_heads": kv, "head_dim": dim, "intermediate_size": 16 * dim, "vocab_size": vocab, "tie_word_embeddings": tied,
                "num_experts": experts, "num_local_experts": experts, "n_routed_experts": experts, "num_experts_per_tok": 1 + experts / 3,
                "moe_intermediate_size": 4 * dim, "n_shared_experts": 1, "shared_expert_intermediate_size": 4 * dim, "first_k_dense_replace": layers / 3,
                "q_lora_rank": 8 * dim, "kv_lora_rank": 4 * dim, "qk_nope_head_dim": dim, "qk_rope_head_dim": dim, "v_head_dim": dim,
                "expand": 2, "num_heads": 16, "mamba_expand": 2, "mamba_n_heads": 16, "mamba_d_ssm": 16 * dim, "hybrid_override_pattern": "MEM*-E",
                "num_kv_shared_layers": layers / 3, "num_layers": layers,
                "block_configs": (0..60).map(|layer| json!({"attention": {"n_heads_in_group": 1, "no_op": layer % 3 == 1}, "ffn": {"ffn_mult": 0.5}})).collect::<Vec<_>>(),
                "sliding_window": 64, "max_position_embeddings": 4096, "torch_dtype": "bfloat16",
            })
        },
    )
}

fn any_scenario() -> impl Strategy<Value = Scenario> {
    let weights = prop::option::of(proptest::sample::select(vec![
        "fp32", "bf16", "fp16", "fp8", "int8", "int4", "awq", "gptq", "nf4", "mxfp4", "nvfp4",
    ]));
    let device = prop::option::of(proptest::sample::select(
        devices().iter().map(|device| device.id.clone()).collect::<Vec<_>>(),
    ));
    let choices: Vec<_> = KNOBS
        .iter()
        .filter_map(|knob| match knob.kind {
            weighbridge::scenario::KnobKind::Choice(rows) if knob.key != "w" => {
                Some((knob, rows().iter().map(|row| row.key).collect::<Vec<_>>()))
            }
            _ => None,
        })
        .collect();
    let picks = prop::collection::vec(any::<prop::sample::Index>(), choices.len());
    (
        1u64..300,
        1u64..200_000,
        prop::option::of(0u64..5000),
        weights,
        device,
        picks,
        0u64..(1 << 32),
    )
        .prop_map(move |(batch, prompt, generate, weights, hardware, picks, overhead)| {
            let mut scenario = Scenario {
                batch,
                prompt,
                generate,
                weights,
                hardware,
                overhead,
                ..Scenario::default()
            };
            for ((knob, keys), pick) in choices.iter().zip(picks) {
                (knob.set)(&mut scenario, keys[pick.index(keys.len())]).unwrap();
            }
            scenario
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn parts_sum_to_the_total(config in any_config(), scenario in any_scenario()) {
        let blueprint = Blueprint::from_value(config).map(Arc::new).unwrap();
        let analysis = analyse(&blueprint, &scenario).unwrap();
        let parts: u64 = analysis.held().parts().iter().map(|part| part.2).sum();
        prop_assert_eq!(parts, analysis.held().total_bytes);
        if scenario.devices == 1 {
            prop_assert_eq!(parts, analysis.memory.total.0);
        }
        let parameters: u64 = analysis.parameters.by_component.iter().map(|part| part.1.0).sum();
        prop_assert_eq!(parameters, analysis.parameters.total.0);
        prop_assert_eq!(blueprint.parameters(), parameters);
        prop_assert!(analysis.parameters.active <= analysis.parameters.total);
        let layers: u64 = blueprint.kinds.iter().map(|kind| kind.count.value).sum();
        prop_assert_eq!(layers, blueprint.layers.value);
        prop_assert_eq!(blueprint.layout.layers(), layers);
        // Another reading of the same blueprint.
        let tensors: u64 = weighbridge::export::inspection(&blueprint).tensors.iter().filter(|row| !row.tied && !row.buffer).map(|row| row.parameters).sum();
        prop_assert_eq!(tensors, parameters);
    }

    #[test]
    fn more_never_needs_less(config in any_config(), scenario in any_scenario(), more in 1u64..5000) {
        // A server on a device runs as many sequences as it carries: longer ones are fewer.
        prop_assume!(scenario.mode != Mode::Serve || scenario.hardware.is_none());
        let blueprint = Blueprint::from_value(config.clone()).map(Arc::new).unwrap();
        let total = |scenario: &Scenario| memory::<Exact>(&Setup::new(&blueprint, scenario).unwrap()).total;
        let now = total(&scenario);
        prop_assert!(total(&Scenario { prompt: scenario.prompt + more, ..scenario.clone() }) >= now, "context");
        prop_assert!(total(&Scenario { generate: Some(scenario.generated() + more), ..scenario.clone() }) >= now, "generated");
        prop_assert!(total(&Scenario { batch: scenario.batch + more, ..scenario.clone() }) >= now, "batch");
        let mut deeper = config;
        deeper["num_hidden_layers"] = json!(blueprint.layers.value + more % 7 + 1);
        let deeper = Blueprint::from_value(deeper).map(Arc::new).unwrap();
        prop_assert!(memory::<Exact>(&Setup::new(&deeper, &scenario).unwrap()).total >= now, "layers");
    }

    #[test]
    fn more_bits_never_weigh_less(config in any_config(), scenario in any_scenario()) {
        let blueprint = Blueprint::from_value(config).map(Arc::new).unwrap();
        let mut plain = [("fp32", 32), ("bf16", 16), ("fp16", 16)];
        plain.sort_by_key(|one| one.1);
        let weights = |key| {
            let scenario = Scenario { weights: Some(key), mode: Mode::Decode, ..scenario.clone() };
            memory::<Exact>(&Setup::new(&blueprint, &scenario).unwrap()).weights
        };
        for pair in plain.windows(2) {
            prop_assert!(weights(pair[0].0) <= weights(pair[1].0));
        }
    }

    #[test]
    fn links_round_trip(scenario in any_scenario(), layers in 1u64..100) {
        let mut scenario = scenario;
        scenario.model = weighbridge::scenario::ModelSource::Id("owner/name@refs/pr/1".to_owned());
        scenario.edits.insert("num_hidden_layers".to_owned(), json!(layers));
        let (back, errors) = from_query(&to_query(&scenario));
        prop_assert_eq!(errors, vec![]);
        prop_assert_eq!(back, scenario);
    }

    #[test]
    fn every_number_survives_the_link(part in 0.0f64..1.0) {
        let mut scenario = Scenario::default();
        for knob in KNOBS.iter() {
            // Somewhere in its range, and once each of its words.
            let number = |least: f64, most: f64| ((most - least).mul_add(part, least)).floor();
            let (value, words) = match knob.kind {
                KnobKind::Whole { least, most, .. } => (number(least as f64, most as f64).to_string(), &[][..]),
                KnobKind::WholeOr { least, most, words, .. } => (number(least as f64, most as f64).to_string(), words),
                KnobKind::Bytes { most } => (number(0.0, most as f64).to_string(), &[][..]),
                KnobKind::BytesOr { most, words } => (number(0.0, most as f64).to_string(), words),
                KnobKind::RealOr { most, words, .. } => ((most * part).to_string(), words),
                KnobKind::Choice(_) | KnobKind::Device | KnobKind::Devices | KnobKind::Node => continue,
            };
            for text in words.iter().map(|word| word.key).chain([value.as_str()]) {
                (knob.set)(&mut scenario, text).unwrap();
                prop_assert_eq!((knob.get)(&scenario), text, "{}", knob.flag);
                prop_assert_eq!(&from_query(&to_query(&scenario)).0, &scenario, "{}", knob.flag);
            }
        }
    }

    #[test]
    fn any_query_is_read(query in ".{0,200}") {
        let (scenario, _) = from_query(&query);
        let _ = to_query(&scenario);
    }

    #[test]
    fn explanations_equal_the_numbers(config in any_config(), scenario in any_scenario()) {
        let blueprint = Blueprint::from_value(config).map(Arc::new).unwrap();
        let analysis = analyse(&blueprint, &scenario).unwrap();
        let title = |figure| explain(&analysis, figure, &[], UnitSystem::Gib).unwrap().title;
        prop_assert_eq!(title(Figure::Memory), format!("Memory: {}", UnitSystem::Gib.bytes(analysis.memory.total.0 as f64)));
        prop_assert_eq!(title(Figure::Parameters), format!("Parameters: {}", weighbridge::units::grouped(analysis.parameters.total.0)));
        prop_assert!(title(Figure::Flops).ends_with(&weighbridge::units::count(analysis.flops, "FLOP")));
        prop_assert!(title(Figure::Traffic).ends_with(&UnitSystem::Gib.bytes(analysis.bytes)));
        for one in &analysis.components {
            let seconds = explain(&analysis, Figure::ComponentTime(one.component), &[], UnitSystem::Gib).map(|found| found.title);
            if let (Some(seconds), Some(expected)) = (seconds, one.seconds) {
                prop_assert!(seconds.ends_with(&weighbridge::units::seconds(expected)), "{} against {}", seconds, expected);
            }
        }
        if let Some(speed) = &analysis.speed {
            let rate = title(Figure::TokensPerSecond);
            let expected = weighbridge::units::decimal(speed.tokens_per_second);
            prop_assert!(rate.contains(&expected), "{} against {}", rate, expected);
            let time = title(Figure::Time);
            prop_assert!(time.ends_with(&weighbridge::units::seconds(speed.seconds())), "{} against {}", time, speed.seconds());
            if let Some(prefill) = &speed.prefill {
                let first = title(Figure::FirstToken);
                prop_assert!(first.ends_with(&weighbridge::units::seconds(prefill.seconds)), "{} against {}", first, prefill.seconds);
            }
        }
        // Each part opens, and together they are what the fullest device holds.
        let whole = explain(&analysis, Figure::Memory, &[], UnitSystem::Gib).unwrap();
        let held = UnitSystem::Gib.bytes(analysis.held().total_bytes as f64);
        prop_assert!(whole.title.ends_with(&held), "{} against {}", whole.title, held);
        for at in 0..whole.parts.len() {
            prop_assert!(explain(&analysis, Figure::Memory, &[at], UnitSystem::Gib).is_some());
        }
    }
}

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
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    /// Whatever is asked of whatever model under whatever name: a command or a reason, and answers that hold together.
    #[test]
    fn commands_and_answers_are_given_or_refused(config in any_config(), scenario in any_scenario(), name in "\\PC{0,40}") {
        let blueprint = Blueprint::from_value(config).map(Arc::new).unwrap();
        let analysis = analyse(&blueprint, &scenario).unwrap();
        match weighbridge::analysis::launch(&analysis, &name) {
            Ok(launch) => prop_assert!(!launch.commented().chars().any(|sign| sign.is_control() && sign != '\n')),
            Err(why) => prop_assert!(why.ends_with('.'), "{}", why),
        }
        if let Some(found) = weighbridge::analysis::answers(&analysis) {
            for said in found.said(&analysis.setup, UnitSystem::Gib) {
                prop_assert!(!said.words.is_empty() && !said.basis.is_empty());
            }
        }
        for way in weighbridge::analysis::ways(&analysis, UnitSystem::Gib) {
            prop_assert!(Setup::new(&blueprint, &way.scenario).is_ok());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, ..ProptestConfig::default() })]

    #[test]
    fn hostile_configs_get_an_answer_or_an_error(config in hostile()) {
        if let Ok(blueprint) = Blueprint::from_value(config).map(Arc::new) {
            let scenario = Scenario { hardware: Some("rtx-4090".to_owned()), batch: 1_000_000, prompt: 100_000_000, ..Scenario::default() };
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
                &Scenario {
                    hardware: Some("h100-sxm".to_owned()),
                    ..Scenario::default()
                },
            );
        }
        // A debug build on a busy machine: generous, but a quadratic reading would take minutes.
        assert!(start.elapsed().as_secs() < 20, "{}…", &text[..60]);
    }
}

/// No estimate beats physics: every device, with models and formats in turn.
#[test]
fn nothing_is_faster_than_physics() {
    let formats: Vec<_> = quantisation::CHOICES
        .iter()
        .map(|one| weighbridge::scenario::weight_key(&one.format.id))
        .chain([None])
        .collect();
    let entries = catalogue::entries();
    for (at, device) in devices().iter().enumerate() {
        for (turn, entry) in entries.iter().enumerate().skip(at % 11).step_by(11) {
            let blueprint = Blueprint::from_value(entry.config.clone()).map(Arc::new).unwrap();
            let weights = formats[(at * 7 + turn) % formats.len()];
            for mode in [Mode::Prefill, Mode::Decode] {
                let scenario = Scenario {
                    mode,
                    weights,
                    hardware: Some(device.id.clone()),
                    ..Scenario::default()
                };
                let analysis = analyse(&blueprint, &scenario).unwrap();
                let Some(speed) = &analysis.speed else { continue };
                let what = format!("{} on {}, {mode:?}, {weights:?}", entry.id, device.id);
                // What lies in RAM is read from there at the same time.
                let spills = analysis.fit.as_ref().is_some_and(|fit| fit.host().any());
                let bus = device.bandwidth_bytes_per_s + if spills { 1e11 } else { 0.0 };
                let rates = [
                    device.fp32_flops,
                    device.tf32_flops,
                    device.fp16_flops,
                    device.fp16_acc16_flops,
                    device.bf16_flops,
                    device.fp8_flops,
                    device.fp8_acc16_flops,
                    device.int8_ops,
                    device.fp4_flops,
                    device.int4_ops,
                ];
                let peak = rates.into_iter().flatten().fold(0.0, f64::max);
                for seconds in [speed.roof.seconds, speed.seconds()] {
                    assert!(seconds * 1.000_001 >= analysis.bytes / bus, "{what}: bytes");
                    assert!(
                        peak == 0.0 || seconds * 1.000_001 >= analysis.matmul_flops / peak,
                        "{what}: operations"
                    );
                }
                assert!(
                    speed
                        .pass
                        .as_ref()
                        .is_none_or(|pass| pass.low <= pass.seconds && pass.seconds <= pass.high),
                    "{what}"
                );
            }
        }
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
