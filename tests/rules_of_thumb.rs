//! Rules of thumb beside what is counted.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, reason = "helpers of tests may panic as tests do")]

use weighbridge::analysis::simple_rule::by_file_size;
use weighbridge::analysis::{Analysis, Verdict, analyse};
use weighbridge::model::{Blueprint, catalogue};
use weighbridge::scenario::{Engine, MemoryRule, Mode, Scenario, weight_key};

fn weigh(id: &str, scenario: &Scenario) -> Analysis {
    let blueprint = Blueprint::from_value(catalogue::find(id).unwrap().config.clone()).unwrap();
    analyse(&blueprint, scenario).unwrap()
}

/// Weights and cache + 5 %, activations 10 % of the weights, 5 % of all that for the system.
#[test]
fn the_simple_rule_is_what_it_says() {
    for (devices, hardware) in [(1, None), (4, Some("h100-sxm".to_owned()))] {
        let scenario = Scenario {
            memory_rule: MemoryRule::Simple,
            hardware,
            devices,
            prompt: 8000,
            ..Scenario::default()
        };
        let analysis = weigh("meta-llama/Llama-3.1-8B-Instruct", &scenario);
        let memory = &analysis.memory;
        let (weights, cache) = (memory.weights.0 as f64, memory.kv_cache.0 as f64);
        let expected = (1.05 * (weights + cache) + 0.1 * weights) * 1.05;
        assert!((memory.total.0 as f64 / expected - 1.0).abs() < 1e-6);
        assert!(analysis.notices.iter().any(|notice| notice.code == "simple_rule"));
        let all: f64 = analysis.ranks.sum(|rank| rank.total_bytes) as f64;
        assert!((all / expected - 1.0).abs() < 0.01, "{all} {expected}");
    }
}

/// A widespread rule calls a 2 GB model in FP16 compatible with a card of 4 GB and a machine of 16 GB: 2 GB × 1.5 = 3 GB are
/// less than 4 GB + 80 % of 16 GB = 16.8 GB. That sum is of two memories that differ twentyfold in speed: by the same rule a
/// 10 GB model is "compatible" too. Here each memory answers for itself.
#[test]
fn two_gigabytes_on_a_card_of_four() {
    let pooled = |file: u64| by_file_size(file) <= 4_000_000_000 + 12_800_000_000;
    assert_eq!(by_file_size(2_000_000_000), 3_000_000_000);
    assert!(pooled(2_000_000_000) && pooled(10_000_000_000));
    let on = |weights, prompt| Scenario {
        mode: Mode::Decode,
        weights: weight_key(weights),
        engine: Some(Engine::LlamaCpp),
        hardware: Some("gtx-1650".to_owned()),
        host_memory: Some(16_000_000_000),
        prompt,
        ..Scenario::default()
    };
    // 1.24 B parameters, 2.5 GB in FP16: on the card alone, and fast.
    let small = weigh("meta-llama/Llama-3.2-1B-Instruct", &on("fp16", 2000));
    let fit = small.fit.as_ref().unwrap();
    assert_eq!(fit.verdict, Verdict::Fits, "{fit:?}");
    // Its context is what the rule does not know: the whole of it does not fit beside the weights.
    assert!(
        fit.max_context > 2000 && fit.max_context < 131_072,
        "{}",
        fit.max_context
    );
    // 8 B parameters: "compatible" by the rule; here most of it lies in RAM, at a tenth of the speed.
    let large = weigh("meta-llama/Llama-3.1-8B-Instruct", &on("q8_0", 2000));
    let fit = large.fit.as_ref().unwrap();
    assert_eq!(fit.verdict, Verdict::Offload, "{fit:?}");
    let (fast, slow) = (
        small.speed.unwrap().tokens_per_second,
        large.speed.unwrap().tokens_per_second,
    );
    assert!(slow * 6.0 < fast, "{slow} against {fast}");
    // And in FP16 it does not run on that machine at all: 16 GB of weights, 12.8 GB of RAM to use.
    let none = weigh("meta-llama/Llama-3.1-8B-Instruct", &on("fp16", 2000));
    assert_eq!(none.fit.unwrap().verdict, Verdict::DoesNotFit);
}
