//! Published facts: exact parameter counts, cache sizes, file sizes. Each row of the tables names its source.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may panic as tests do"
)]

use crate::support;

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;
use support::engine::blueprint;
use weighbridge::analysis::{Setup, analyse, parameters};
use weighbridge::model::{Blueprint, catalogue};
use weighbridge::scenario::{Engine, Mode, Scenario};
use weighbridge::units::Exact;

/// Tables of parameter counts with the configs they speak of.
const TABLES: &[(&str, &str)] = &[
    (
        include_str!("../facts/parameters.csv"),
        include_str!("../facts/configs.jsonl"),
    ),
    (
        include_str!("../facts/hybrid.csv"),
        include_str!("../facts/hybrid.jsonl"),
    ),
    (
        include_str!("../facts/towers.csv"),
        include_str!("../facts/towers.jsonl"),
    ),
    (
        include_str!("../facts/attention.csv"),
        include_str!("../facts/attention.jsonl"),
    ),
];

/// Every config of the tables: built-in ones and those kept for tests alone.
fn configs() -> HashMap<String, Value> {
    let mut all: HashMap<String, Value> = catalogue::entries()
        .iter()
        .map(|entry| (entry.id.clone(), entry.config.clone()))
        .collect();
    for line in TABLES.iter().flat_map(|(_, configs)| configs.lines()) {
        let row: Value = serde_json::from_str(line).unwrap();
        // What people get, the built-in config, is the one to check where both have it.
        all.entry(row["id"].as_str().unwrap().to_owned())
            .or_insert_with(|| row["config"].clone());
    }
    all
}

#[test]
fn parameters_are_exact_to_the_last() {
    let configs = configs();
    let rows = TABLES
        .iter()
        .flat_map(|(table, _)| csv::Reader::from_reader(table.as_bytes()).into_records());
    let mut count = 0;
    for row in rows.map(Result::unwrap) {
        let (id, total, active) = (&row[0], row[2].parse::<u64>().unwrap(), row[3].parse::<u64>().ok());
        let config = configs.get(id).unwrap_or_else(|| panic!("no config for {id}"));
        let blueprint = Blueprint::from_value(config.clone())
            .map(Arc::new)
            .unwrap_or_else(|error| panic!("{id}: {error}"));
        let counted = parameters::<Exact>(&blueprint);
        assert_eq!(counted.total.0, total, "{id}");
        assert_eq!(counted.active.0, active.unwrap_or(total), "{id}, active");
        count += 1;
    }
    assert!(count >= 100, "only {count} rows");
}

#[test]
fn the_catalogue_is_whole() {
    let lines = include_str!("../../data/catalogue.jsonl").lines().count();
    assert_eq!(catalogue::entries().len(), lines, "a line does not parse");
    assert!(lines >= 40);
    for entry in catalogue::entries() {
        assert!(
            !entry.source.is_empty() && !entry.family.is_empty() && !entry.name.is_empty(),
            "{}",
            entry.id
        );
        Blueprint::from_value(entry.config.clone())
            .map(Arc::new)
            .unwrap_or_else(|error| panic!("{}: {error}", entry.id));
    }
    for wanted in [
        "Qwen/Qwen2.5-7B-Instruct",
        "Qwen/Qwen2.5-14B-Instruct",
        "Qwen/Qwen2.5-72B-Instruct",
        "microsoft/Phi-3.5-mini-instruct",
        "openai/gpt-oss-20b",
        "openai/gpt-oss-120b",
        "deepseek-ai/DeepSeek-V3.1-Terminus",
    ] {
        assert!(catalogue::find(wanted).is_some(), "{wanted}");
    }
}

#[test]
fn caches_as_published() {
    // Llama 3.1 8B: 32 layers × 2 × 8 heads × 128 × 2 bytes = 128 KiB a token.
    let llama = blueprint("meta-llama/Llama-3.1-8B-Instruct");
    let scenario = Scenario::default().with(|s| {
        s.workload.mode = Mode::Prefill;
        s.workload.prompt = 8192;
    });
    assert_eq!(analyse(&llama, &scenario).unwrap().memory.kv_cache.0, 1_073_741_824);
    // DeepSeek-V3: 61 layers × (512 + 64) × 2 bytes (arXiv 2412.19437; 70 KB a token in arXiv 2505.09343, table 1).
    let deepseek = blueprint("deepseek-ai/DeepSeek-V3.1-Terminus");
    assert_eq!(
        analyse(&deepseek, &scenario).unwrap().memory.kv_cache_per_token.0,
        70_272
    );
    // Expanded, as transformers 4 kept it: 61 × 128 heads × (192 + 128) × 2.
    let expanded = scenario.clone().with(|s| {
        s.serving.latent_cache = weighbridge::scenario::LatentCache::Expanded;
    });
    assert_eq!(
        analyse(&deepseek, &expanded).unwrap().memory.kv_cache_per_token.0,
        4_997_120
    );
    // gpt-oss-20b: 12 full layers × 2 × 8 × 64 × 2 bytes a token, 12 windows of 128 tokens.
    let oss = blueprint("openai/gpt-oss-20b");
    let long = scenario.with(|s| {
        s.workload.prompt = 65_536;
        s.workload.generate = Some(0);
    });
    let memory = analyse(&oss, &long).unwrap().memory;
    assert_eq!(memory.kv_cache_per_token.0, 24_576);
    // vLLM keeps room for the step that runs beside a window: 127 + 2,048 tokens in blocks of 16, and a block more
    // (v0.11 `SlidingWindowSpec.max_memory_usage_bytes`).
    assert_eq!(memory.kv_cache.0, 24_576 * 65_536 + 12 * (2_176 + 16) * 2 * 8 * 64 * 2);
    let exact = long.with(|s| {
        s.serving.engine = Some(Engine::Sglang);
    });
    assert_eq!(
        analyse(&oss, &exact).unwrap().memory.kv_cache.0,
        24_576 * 65_536 + 12 * 128 * 2 * 8 * 64 * 2
    );
}

/// Bytes of weights against the sizes of published checkpoints.
#[test]
fn weights_weigh_what_the_files_do() {
    // (id, bytes of all safetensors, tolerance, source)
    let table = [
        (
            "meta-llama/Llama-3.1-8B-Instruct",
            16_060_522_496.0,
            1e-6,
            "2 × 8,030,261,248",
        ),
        (
            "openai/gpt-oss-120b",
            65.25e9,
            0.005,
            "65.2 GB, model card of gpt-oss-120b: experts in MXFP4 at 4.25 bits",
        ),
        ("openai/gpt-oss-20b", 13.76e9, 0.005, "13.8 GB, files of gpt-oss-20b"),
    ];
    for (id, bytes, tolerance, source) in table {
        let blueprint = blueprint(id);
        let found = analyse(&blueprint, &Scenario::default()).unwrap().memory.weights.0 as f64;
        assert!(
            (found / bytes - 1.0).abs() < tolerance,
            "{id}: {found} against {bytes} ({source})"
        );
    }
}

#[test]
fn decode_of_one_sequence_is_held_back_by_bandwidth() {
    for entry in catalogue::entries() {
        let blueprint = Blueprint::from_value(entry.config.clone()).map(Arc::new).unwrap();
        let scenario = Scenario::default().with(|s| {
            s.precision.weights = Some("bf16");
            s.workload.prompt = 1024;
        });
        let analysis = analyse(&blueprint, &scenario).unwrap();
        // A weight of two bytes is used for one multiply-add: 1 FLOP a byte. Latent attention does more on its cache.
        let intensity = analysis.intensity();
        assert!((0.7..2.5).contains(&intensity), "{}: {intensity}", entry.id);
    }
}

/// FLOPs of one forward over 1,024 tokens with logits everywhere, as torch's FlopCounterMode reports them
/// (torch 2.15, transformers 5.23, eager attention, experts batched; counted on the meta device).
#[test]
fn operations_equal_a_framework_counter() {
    let table = [
        (
            "meta-llama/Llama-3.1-8B-Instruct",
            15_919_296_282_624.0,
            15_546_712_064.0,
        ),
        ("openai/gpt-oss-20b", 7_799_744_495_616.0, 7_440_973_824.0),
        ("Qwen/Qwen3-30B-A3B-FP8", 7_053_946_912_768.0, 6_889_406_464.0),
        (
            "deepseek-ai/DeepSeek-V3.1-Terminus",
            80_247_034_740_736.0,
            2_174_315_282_432.0,
        ),
    ];
    for (id, prefill, decode) in table {
        let blueprint = blueprint(id);
        let scenario = Scenario::default().with(|s| {
            s.workload.prompt = 1024;
            s.workload.generate = Some(1);
            s.assumptions.attention_flops = weighbridge::scenario::AttentionFlops::Full;
            s.assumptions.logits = weighbridge::scenario::Logits::All;
            s.serving.engine = Some(Engine::Transformers);
        });
        let of = |mode| {
            analyse(
                &blueprint,
                &scenario.clone().with(|s| {
                    s.workload.mode = mode;
                }),
            )
            .unwrap()
            .matmul_flops
        };
        assert_eq!(of(Mode::Prefill), prefill, "{id}, prefill");
        assert_eq!(of(Mode::Decode), decode, "{id}, decode");
    }
}

#[test]
fn questions_name_their_formats() {
    let blueprint = blueprint("deepseek-ai/DeepSeek-V3.1-Terminus");
    let scenario = Scenario::default();
    let question = Setup::new(&blueprint, &scenario).unwrap();
    assert_eq!(
        (question.weights.format.id.as_ref(), question.kv.id.as_ref()),
        ("fp8", "bf16")
    );
}
