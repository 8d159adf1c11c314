//! Rules of other calculators: results worked out by hand from the models' configs.

use crate::support;

use support::engine::weigh;
use weighbridge::report::calculators::{Of, Opinion, opinions};

#[track_caller]
fn rule(all: &[Opinion], key: &str) -> Opinion {
    let found = all.iter().find(|one| one.key == key);
    found.unwrap_or_else(|| panic!("no {key} in {all:?}")).clone()
}

fn has(all: &[Opinion], key: &str) -> bool {
    all.iter().any(|one| one.key == key)
}

/// Llama 3.1 8B: 8,030,261,248 parameters, 32 layers of 4,096 with 32 heads, 8 of which are kept, an MLP of 14,336.
#[test]
fn a_dense_model_with_grouped_queries() {
    let all = opinions(&weigh("meta-llama/Llama-3.1-8B-Instruct", "hw=rtx-4090&p=8192&g=0"));
    let of = |key: &str| rule(&all, key).theirs;
    assert_eq!(of("parameters_and_a_fifth"), 8_030_261_248.0 * 2.0 * 1.2);
    assert_eq!(of("weights_alone"), 16_060_522_496.0);
    assert_eq!(of("file_and_a_half"), 24_090_783_744.0);
    // BF16 has no scales to speak of; AWQ has.
    let why = |query: &str| {
        rule(
            &opinions(&weigh("meta-llama/Llama-3.1-8B-Instruct", query)),
            "weights_alone",
        )
        .why
    };
    assert!(!why("hw=rtx-4090&p=8192&g=0").contains("scales"));
    assert!(why("hw=rtx-4090&p=8192&g=0&w=awq").contains("scales"));
    // Four times what eight of 32 heads keep.
    let cache = rule(&all, "cache_of_all_heads");
    assert_eq!(
        (cache.theirs, cache.ours, cache.off()),
        (4_294_967_296.0, 1_073_741_824.0, Some(3.0))
    );
    assert!(cache.why.contains("GQA 32 : 8"), "{}", cache.why);
    assert_eq!(of("no_gate"), 8_030_261_248.0 - 32.0 * 4096.0 * 14_336.0);
    assert_eq!(of("scores_of_all_layers"), 137_438_953_472.0);
    assert_eq!(of("two_operations_a_parameter"), 16_060_522_496.0);
    // 1,008 GB/s.
    let speed = rule(&all, "bandwidth_over_weights");
    assert!((speed.theirs - 62.763).abs() < 0.01, "{speed:?}");
    assert!(speed.ours < speed.theirs);
    for absent in [
        "active_experts",
        "all_experts",
        "cache_without_windows",
        "cache_expanded",
        "six_operations_a_parameter",
    ] {
        assert!(!has(&all, absent), "{absent}");
    }
}

/// Qwen3 30B A3B: 48 layers of 2,048 with 128 experts of 768, eight a token; 30,532,122,624 parameters.
#[test]
fn a_mixture_of_experts() {
    let analysis = weigh("Qwen/Qwen3-30B-A3B", "hw=h100-sxm&p=4096&g=0");
    let active = analysis.parameters.active.0 as f64;
    let all = opinions(&analysis);
    assert_eq!(rule(&all, "all_experts").theirs, 2.0 * 30_532_122_624.0);
    assert_eq!(rule(&all, "active_experts").theirs, active * 2.0 * 1.2);
    assert_eq!(
        rule(&all, "no_gate").theirs,
        30_532_122_624.0 - 48.0 * 128.0 * 768.0 * 2048.0
    );
    // All weights are in memory, few are read: the one rule is too low, the other too slow.
    assert!(rule(&all, "active_experts").off().unwrap() < -0.8);
    assert!(rule(&all, "bandwidth_over_weights").theirs < rule(&all, "bandwidth_over_active").theirs);
}

/// DeepSeek V3.1: 61 layers, 128 heads of 192 and 128, or a latent of 512 and 64.
#[test]
fn latent_attention() {
    let all = opinions(&weigh("deepseek-ai/DeepSeek-V3.1", "p=4096&g=0&kv=bf16&e=vllm"));
    let expanded = rule(&all, "cache_expanded");
    assert_eq!((expanded.theirs, expanded.ours), (20_468_203_520.0, 287_834_112.0));
    assert_eq!(rule(&all, "cache_of_all_heads").theirs, 7_163_871_232.0);
    // Nothing is timed without a device.
    assert!(all.iter().all(|one| one.of != Of::Speed));
}

/// gpt-oss 20B: 24 layers with 8 heads of 64 kept, every other one with a window of 128.
#[test]
fn windows() {
    let all = opinions(&weigh("openai/gpt-oss-20b", "p=8192&g=0&kv=bf16&e=llama.cpp"));
    let full = rule(&all, "cache_without_windows");
    assert_eq!(full.theirs, 402_653_184.0);
    assert!(full.ours < 0.6 * full.theirs, "{full:?}");
}

#[test]
fn training_has_rules_of_its_own() {
    let all = opinions(&weigh("meta-llama/Llama-3.1-8B-Instruct", "mode=pretrain&p=4096"));
    assert_eq!(
        rule(&all, "six_operations_a_parameter").theirs,
        6.0 * 8_030_261_248.0 * 4096.0
    );
    assert_eq!(rule(&all, "four_times_the_weights").theirs, 4.0 * 16_060_522_496.0);
    assert!(!has(&all, "parameters_and_a_fifth"));
    assert!(rule(&all, "four_times_the_weights").off().unwrap() < 0.0);
}

#[test]
fn every_rule_has_its_reason_and_its_source() {
    for query in [
        "hw=rtx-4090",
        "mode=prefill",
        "mode=serve&b=8&hw=h100-sxm",
        "mode=pretrain",
        "w=q4_k_m&hw=rtx-4090",
    ] {
        for model in [
            "meta-llama/Llama-3.1-8B-Instruct",
            "openai/gpt-oss-20b",
            "deepseek-ai/DeepSeek-V3.1",
        ] {
            for one in opinions(&weigh(model, query)) {
                assert!(one.why.ends_with('.') && one.why.len() > 40, "{}: {}", one.key, one.why);
                assert!(
                    !one.why.contains("NaN") && !one.why.contains("inf "),
                    "{}: {}",
                    one.key,
                    one.why
                );
                assert!(!one.source.name.is_empty() && one.theirs > 0.0, "{}", one.key);
            }
        }
    }
}
