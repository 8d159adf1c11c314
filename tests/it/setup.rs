//! What is resolved once: a setup changed is the setup of the changed scenario, and the page resolves in one place.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may panic as tests do"
)]

use crate::support;

use std::path::Path;
use std::sync::Arc;

use support::engine::{blueprint, scenario};
use weighbridge::analysis::{Setup, resolved};
use weighbridge::hardware::find;
use weighbridge::scenario::{KNOBS, KnobId, KnobKind, Scenario};

/// Values of a knob: every choice, or some numbers and words.
fn values(kind: KnobKind) -> Vec<String> {
    let numbers = ["0", "1", "2", "3", "8", "90", "4096"].map(str::to_owned).to_vec();
    match kind {
        KnobKind::Choice(rows) => rows().into_iter().map(|row| row.key.to_owned()).collect(),
        KnobKind::Device => [
            "none",
            "rtx-3060-12gb",
            "h200-sxm",
            "apple-m4-pro",
            "custom:memory=24,bandwidth=900,fp16=80",
        ]
        .map(str::to_owned)
        .to_vec(),
        KnobKind::Host => weighbridge::hardware::hosts()
            .iter()
            .take(8)
            .map(|host| host.id.clone())
            .collect(),
        KnobKind::WholeOr { words, .. } | KnobKind::BytesOr { words, .. } | KnobKind::RealOr { words, .. } => {
            let words = words.iter().map(|word| word.key.to_owned());
            words.chain(numbers).collect()
        }
        KnobKind::Whole { .. } | KnobKind::Bytes { .. } => numbers,
        KnobKind::Pixels { .. } => ["640x480", "1024", "3000x200"].map(str::to_owned).to_vec(),
        KnobKind::Devices | KnobKind::Shares => Vec::new(),
    }
}

#[test]
fn a_setup_changed_is_that_of_the_changed_scenario() {
    for (model, query) in [
        ("meta-llama/Llama-3.1-8B-Instruct", "hw=rtx-4090&w=q4_k_m"),
        ("meta-llama/Llama-3.1-8B-Instruct", "hw=h100-sxm&n=8&mode=serve"),
        ("openai/gpt-oss-120b", "hw=rtx-4090"),
        ("Qwen/Qwen3-30B-A3B-FP8", ""),
    ] {
        let (model, start) = (blueprint(model), scenario(query));
        let setup = Setup::new(&model, &start).unwrap();
        for knob in KNOBS.iter() {
            for value in values(knob.kind) {
                let mut changed = start.clone();
                if (knob.set)(&mut changed, &value).is_err() {
                    continue;
                }
                let anew = Setup::new(&model, &changed);
                assert_eq!(setup.under(changed.clone()), anew, "{query}: {} = {value}", knob.flag);
                // And back, from wherever it went.
                if let Ok(other) = anew {
                    assert_eq!(
                        other.under(start.clone()).as_ref(),
                        Ok(&setup),
                        "{query}: {} = {value}",
                        knob.flag
                    );
                }
            }
        }
    }
}

#[test]
fn another_device_is_as_if_it_was_chosen() {
    let model = blueprint("openai/gpt-oss-120b");
    let setup = Setup::new(&model, &scenario("hw=h100-sxm")).unwrap();
    for id in ["rtx-3090", "mi300x", "apple-m4-pro", "h200-sxm"] {
        let chosen = Setup::new(&model, &scenario(&format!("hw={id}"))).unwrap();
        assert_eq!(setup.on(find(id).unwrap()).unwrap(), chosen, "{id}");
    }
}

#[test]
fn a_workload_is_not_resolved_again() {
    let setup = Setup::new(&blueprint("openai/gpt-oss-120b"), &scenario("hw=h100-sxm")).unwrap();
    let start = resolved();
    let mut other = setup.clone();
    for prompt in 1..100 {
        other = other
            .with(|scenario: &mut Scenario| {
                scenario.workload.prompt = prompt;
                scenario.workload.batch = 2 * prompt;
            })
            .unwrap();
    }
    assert_eq!(
        (other.scenario.workload.prompt, other.scenario.workload.batch),
        (99, 198)
    );
    assert_eq!(resolved(), start);
    assert!(Arc::ptr_eq(&other.weights, &setup.weights));
    // Another cache needs no other weights.
    let cached = setup
        .with(|scenario| scenario.precision.kv_cache = weighbridge::scenario::KvFormat::Fp8)
        .unwrap();
    assert_eq!(resolved(), start + 1);
    assert!(Arc::ptr_eq(&cached.weights, &setup.weights));
}

#[test]
fn options_say_what_runs_here_and_why_not() {
    let model = blueprint("meta-llama/Llama-3.1-8B-Instruct");
    let refused = |query: &str, id: KnobId, key: &str| {
        let setup = Setup::new(&model, &scenario(query)).unwrap();
        let options = setup.options(id);
        let found = options.iter().find(|one| one.key == key);
        found.unwrap_or_else(|| panic!("no {key}")).refused
    };
    assert_eq!(refused("hw=rtx-4090&e=vllm", KnobId::KvCache, "fp8"), None);
    assert!(refused("hw=rtx-4090&e=vllm", KnobId::KvCache, "q8_0").is_some());
    // Left to the device, another engine keeps it.
    assert_eq!(refused("hw=rtx-4090", KnobId::KvCache, "q8_0"), None);
    assert_eq!(
        refused("hw=rtx-4090&e=vllm&kv=fp8", KnobId::ValueCache, "fp16"),
        Some("this engine keeps keys and values in one format")
    );
    assert_eq!(
        refused("hw=rtx-4090", KnobId::Weights, "mlx-q4"),
        Some("no engine runs it on this device")
    );
    assert_eq!(refused("hw=apple-m4-pro", KnobId::Weights, "mlx-q4"), None);
    assert!(refused("hw=rtx-4090", KnobId::Engine, "mlx").is_some());
    // Without a device nothing is refused, nor is what is left to the engine.
    for id in [KnobId::Engine, KnobId::Weights, KnobId::KvCache, KnobId::ValueCache] {
        let options = Setup::new(&model, &scenario("")).unwrap().options(id);
        assert!(
            options.len() > 5 && options.iter().all(|one| one.refused.is_none()),
            "{id:?}"
        );
        assert_eq!(refused("hw=rtx-4090&e=mlx", id, "auto"), None);
    }
    assert!(
        Setup::new(&model, &scenario(""))
            .unwrap()
            .options(KnobId::Prompt)
            .is_empty()
    );
}

#[test]
fn automatic_says_what_it_stands_for_whatever_is_chosen() {
    let model = blueprint("meta-llama/Llama-3.1-8B-Instruct");
    let automatic = |query: &str, id| Setup::new(&model, &scenario(query)).unwrap().automatic(id);
    for query in ["hw=rtx-4090", "hw=rtx-4090&e=llama.cpp"] {
        assert_eq!(
            automatic(query, KnobId::Engine).as_deref(),
            Some("vLLM (automatic)"),
            "{query}"
        );
    }
    assert_eq!(
        automatic("hw=apple-m4-pro", KnobId::Engine).as_deref(),
        Some("MLX (automatic)")
    );
    for (query, words) in [
        ("hw=rtx-4090&kv=fp8", "BF16 (as the engine keeps it)"),
        ("hw=rtx-4090&e=llama.cpp&kv=q8_0", "FP16 (as the engine keeps it)"),
    ] {
        assert_eq!(automatic(query, KnobId::KvCache).as_deref(), Some(words), "{query}");
    }
    assert_eq!(
        automatic("w=fp8", KnobId::Weights).as_deref(),
        Some("BF16 (as published)")
    );
    assert_eq!(automatic("", KnobId::Logits), None);
    let remark = |query: &str, id| Setup::new(&model, &scenario(query)).unwrap().remark(id);
    assert_eq!(remark("", KnobId::Weights).as_deref(), Some("16 bits per weight"));
    assert_eq!(remark("", KnobId::KvCache).as_deref(), Some("K and V the same"));
    assert_eq!(remark("e=llama.cpp&kv=q8_0&kvv=q4_0", KnobId::KvCache), None);
}

/// Every component takes what the answer has resolved.
#[test]
fn the_page_resolves_where_it_answers_and_nowhere_else() {
    fn files(folder: &Path, found: &mut Vec<String>) {
        for entry in folder.read_dir().unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                files(&path, found);
            } else if std::fs::read_to_string(&path).unwrap().contains("Setup::new(") {
                found.push(path.file_name().unwrap().to_string_lossy().into_owned());
            }
        }
    }
    let mut found = Vec::new();
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/app"), &mut found);
    assert_eq!(found, ["case.rs"]);
}
