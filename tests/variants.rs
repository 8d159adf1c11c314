//! Changed configs: small models with flags, widths and patterns turned, counted on transformers 5.23 (torch 2.15, meta
//! device, eager attention). What a formula misses shows here rather than in a published model.

#![cfg(not(target_arch = "wasm32"))]

use serde_json::Value;
use weighbridge::analysis::{analyse, parameters};
use weighbridge::model::Blueprint;
use weighbridge::scenario::{AttentionFlops, Engine, Logits, Mode, Scenario};
use weighbridge::units::Exact;

/// One object a line: id, config, total, active; prompt with prefill_flops and decode_flops where they were counted.
const TABLES: &[&str] = &[
    include_str!("facts/variants_hybrid.jsonl"),
    include_str!("facts/variants_attention.jsonl"),
];

#[test]
fn changed_configs_equal_the_counter() {
    for line in TABLES.iter().flat_map(|table| table.lines()) {
        let row: Value = serde_json::from_str(line).unwrap();
        let id = row["id"].as_str().unwrap();
        let blueprint = Blueprint::from_value(row["config"].clone()).unwrap_or_else(|error| panic!("{id}: {error}"));
        let counted = parameters::<Exact>(&blueprint);
        assert_eq!(Some(counted.total.0), row["total"].as_u64(), "{id}");
        assert_eq!(Some(counted.active.0), row["active"].as_u64(), "{id}, active");
        for (mode, key) in [(Mode::Prefill, "prefill_flops"), (Mode::Decode, "decode_flops")] {
            let Some(flops) = row[key].as_f64() else { continue };
            let scenario = Scenario {
                mode,
                prompt: row["prompt"].as_u64().unwrap_or(1024),
                generate: Some(1),
                attention_flops: AttentionFlops::Full,
                logits: Logits::All,
                engine: Some(Engine::Transformers),
                ..Scenario::default()
            };
            assert_eq!(
                analyse(&blueprint, &scenario).unwrap().matmul_flops,
                flops,
                "{id}, {key}"
            );
        }
    }
}
