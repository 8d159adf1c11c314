//! Changed configs: models with flags, widths and patterns turned, counted on transformers 5.23 (torch 2.15, meta
//! device, eager attention). What a formula misses shows here rather than in a published model.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may panic as tests do"
)]

use std::sync::Arc;

use serde_json::Value;
use weighbridge::analysis::{analyse, parameters};
use weighbridge::model::Blueprint;
use weighbridge::scenario::{AttentionFlops, Engine, Logits, Mode, Scenario};
use weighbridge::units::Exact;

/// Every `variants_*.jsonl`: one object a line with id, config, total, active; prompt with prefill_flops and
/// decode_flops where they were counted.
fn tables() -> Vec<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/facts");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let tables = files.filter(|path| {
        let name = path.file_name().unwrap().to_string_lossy();
        name.starts_with("variants_") && name.ends_with(".jsonl")
    });
    tables.map(|path| std::fs::read_to_string(path).unwrap()).collect()
}

#[test]
fn changed_configs_equal_the_counter() {
    let tables = tables();
    assert!(!tables.is_empty());
    for line in tables.iter().flat_map(|table| table.lines()) {
        let row: Value = serde_json::from_str(line).unwrap();
        let id = row["id"].as_str().unwrap();
        let blueprint = Blueprint::from_value(row["config"].clone())
            .map(Arc::new)
            .unwrap_or_else(|error| panic!("{id}: {error}"));
        let counted = parameters::<Exact>(&blueprint);
        assert_eq!(Some(counted.total.0), row["total"].as_u64(), "{id}");
        assert_eq!(Some(counted.active.0), row["active"].as_u64(), "{id}, active");
        for (mode, key) in [(Mode::Prefill, "prefill_flops"), (Mode::Decode, "decode_flops")] {
            let Some(flops) = row[key].as_f64() else { continue };
            let scenario = Scenario::default().with(|s| {
                s.workload.mode = mode;
                s.workload.prompt = row["prompt"].as_u64().unwrap_or(1024);
                s.workload.generate = Some(1);
                s.assumptions.attention_flops = AttentionFlops::Full;
                s.assumptions.logits = Logits::All;
                s.serving.engine = Some(Engine::Transformers);
            });
            let found = analyse(&blueprint, &scenario).unwrap().matmul_flops;
            assert_eq!(found, flops, "{id}, {key}");
        }
    }
}
