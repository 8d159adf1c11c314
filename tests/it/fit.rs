//! Rules of thumb beside what is weighed: the simple memory rule, the rule of file sizes, and the page of `docs/fit.md`.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may panic as tests do"
)]

use crate::support;

use support::engine::weigh;
use weighbridge::analysis::{Verdict, rough_verdict};
use weighbridge::hardware::find;
use weighbridge::units::{UnitSystem, grouped};

const GIB: u64 = 1 << 30;
const ONE_BILLION: &str = "google/gemma-3-1b-it";
const FOUR_BILLION: &str = "Qwen/Qwen3-4B";

#[test]
fn the_simple_rule_is_what_it_says() {
    let exact = weigh(ONE_BILLION, "w=fp16&e=vllm&p=2000");
    let analysis = weigh(ONE_BILLION, "w=fp16&e=vllm&p=2000&rule=simple");
    let simple = &analysis.memory;
    let (weights, cache) = (simple.weights.0, simple.kv_cache.0);
    assert_eq!(weights, exact.memory.weights.0);
    assert_eq!(cache, exact.memory.kv_cache.0);
    assert_eq!(simple.activations.0, weights.div_ceil(10));
    let margins = weights.div_ceil(20) + cache.div_ceil(20);
    let system = (weights + cache + simple.activations.0 + margins).div_ceil(20);
    assert_eq!(simple.overhead.0, margins + system);
    let sum: u64 = analysis.held().parts().iter().map(|(.., bytes)| bytes).sum();
    assert_eq!(sum, simple.total.0);
    // Of the whole: (1.05 + 0.1) × 1.05 of the weights, 1.05 × 1.05 of the cache.
    let expected = 1.2075 * weights as f64 + 1.1025 * cache as f64;
    assert!((simple.total.0 as f64 / expected - 1.0).abs() < 1e-6);
    // It is said, and on several devices each has its own margins.
    let several = weigh(ONE_BILLION, "w=fp16&e=vllm&p=2000&rule=simple&n=4");
    assert!(several.notices.iter().any(|notice| notice.code == "memory_simple_rule"));
    let rank = several.ranks.fullest().unwrap();
    assert_eq!(rank.activation_bytes, rank.weights_bytes.div_ceil(10));
    // Training has no such rule.
    let training = weigh(ONE_BILLION, "mode=pretrain&rule=simple").memory;
    assert_eq!(training.total.0, weigh(ONE_BILLION, "mode=pretrain").memory.total.0);
}

#[test]
fn the_rule_of_file_sizes() {
    let device = find("gtx-1650").unwrap();
    let one = rough_verdict(2_000_000_000, device, 1, 0);
    assert_eq!((one.needed_bytes, one.verdict), (3_000_000_000, Verdict::Fits));
    assert_eq!(rough_verdict(8_000_000_000, device, 1, 0).verdict, Verdict::DoesNotFit);
    assert_eq!(
        rough_verdict(8_000_000_000, device, 1, 12 * GIB).verdict,
        Verdict::Offload
    );
    assert_eq!(rough_verdict(8_000_000_000, device, 3, 0).verdict, Verdict::Fits);
    assert_eq!(
        rough_verdict(u64::MAX, device, u64::MAX, u64::MAX).verdict,
        Verdict::Fits
    );
    // One memory is not counted twice.
    let apple = find("apple-m4-pro").unwrap();
    assert_eq!(
        rough_verdict(apple.memory_bytes, apple, 1, u64::MAX / 2).verdict,
        Verdict::DoesNotFit
    );
}

/// What a widespread rule says: half as much again as the file, against the device's memory and four fifths of the RAM
/// as if they were one.
fn pooled(file: u64, device: u64, ram: u64) -> bool {
    rough_verdict::needed(file) <= device + ram / 5 * 4
}

/// What is asked of both, and the answers, as a row of the document.
fn row(title: &str, model: &str, query: &str) -> String {
    let units = UnitSystem::Gib;
    let found = weigh(model, &format!("hw=gtx-1650&ram=16GiB&{query}"));
    let device = find("gtx-1650").unwrap();
    let says = pooled(found.memory.weights.0, device.memory_bytes, 16 * GIB);
    assert!(says, "the widespread rule calls all of these compatible");
    let fit = found.fit.unwrap();
    let answer = match (fit.verdict, &fit.offload) {
        (Verdict::Fits, _) => format!("fits, {} stay free", units.bytes(fit.headroom_bytes as f64)),
        (Verdict::Offload, Some(plan)) => format!("fits with offload: {}", plan.words(units)),
        _ => format!("does not fit, {} are missing", units.bytes(fit.missing_bytes as f64)),
    };
    format!(
        "| {title} | compatible | {answer}; up to {} tokens, or {} at once |",
        grouped(fit.max_context),
        grouped(fit.max_batch)
    )
}

#[test]
fn the_document_says_what_the_engine_says() {
    let rows = [
        row(
            "1 B in FP16, 2,048 tokens, llama.cpp",
            ONE_BILLION,
            "w=fp16&e=llama.cpp&p=2000&g=48",
        ),
        row("the same, vLLM", ONE_BILLION, "w=fp16&e=vllm&p=2000&g=48"),
        row(
            "the same, transformers, 32,768 tokens",
            ONE_BILLION,
            "w=fp16&e=transformers&p=32000&g=768",
        ),
        row(
            "64 users of 32,768 tokens, vLLM",
            ONE_BILLION,
            "w=fp16&e=vllm&p=32000&g=768&b=64",
        ),
        row(
            "64 users of 32,768 tokens, llama.cpp",
            ONE_BILLION,
            "w=fp16&e=llama.cpp&p=32000&g=768&b=64",
        ),
        row(
            "4 B in FP16, 2,048 tokens, llama.cpp",
            FOUR_BILLION,
            "w=fp16&e=llama.cpp&p=2000&g=48",
        ),
        row("the same, vLLM", FOUR_BILLION, "w=fp16&e=vllm&p=2000&g=48"),
        row(
            "4 B in Q4_K_M, 2,048 tokens, llama.cpp",
            FOUR_BILLION,
            "w=q4_k_m&e=llama.cpp&p=2000&g=48",
        ),
    ];
    let document = include_str!("../../docs/fit.md");
    for row in &rows {
        assert!(
            document.contains(row.as_str()),
            "docs/fit.md lacks a row; all of them:\n{}",
            rows.join("\n")
        );
    }
    // What it says of speed, in words: a quarter of the bits is several times as fast as two thirds of it in RAM.
    let rate = |query: &str| {
        let found = weigh(FOUR_BILLION, &format!("hw=gtx-1650&ram=16GiB&p=2000&g=48&{query}"));
        found.speed.unwrap().tokens_per_second
    };
    let (whole, spilled, copied) = (
        rate("e=llama.cpp&w=q4_k_m"),
        rate("e=llama.cpp&w=fp16"),
        rate("e=vllm&w=fp16"),
    );
    assert!(whole > 3.0 * spilled && spilled > copied, "{whole} {spilled} {copied}");
}

/// Layers asked for by number that are too few: what is missing is missing of that plan.
#[test]
fn an_offload_that_is_too_small_is_judged_as_asked() {
    let asked = |offload: &str| {
        weigh(
            "Qwen/Qwen3-32B",
            &format!("w=q8_0&e=llama.cpp&hw=rtx-3080-ti&off={offload}"),
        )
    };
    let (whole, some) = (asked("none"), asked("10"));
    let (whole_fit, fit) = (whole.fit.unwrap(), some.fit.unwrap());
    assert_eq!(
        (fit.verdict, whole_fit.verdict),
        (Verdict::DoesNotFit, Verdict::DoesNotFit)
    );
    let plan = fit.offload.clone().unwrap();
    assert_eq!((plan.layers_in_ram, plan.layers), (10, 64));
    assert_eq!(fit.missing_bytes, plan.device_bytes - fit.capacity_bytes);
    assert_eq!(fit.headroom_bytes, -(fit.missing_bytes as i64));
    // Ten of 64 layers less, and slower for the part in RAM.
    let saved = whole_fit.missing_bytes - fit.missing_bytes;
    assert!(saved > 4 * GIB && saved < 7 * GIB, "{saved}");
    assert!(some.speed.unwrap().seconds() > whole.speed.unwrap().seconds());
}

/// Nobody said how much RAM there is: users are those whom the device carries.
#[test]
fn unknown_ram_carries_no_crowd() {
    let fit = |ram: &str| {
        weigh("Qwen/Qwen3-32B", &format!("w=q8_0&e=llama.cpp&hw=rtx-3080-ti{ram}"))
            .fit
            .unwrap()
    };
    let (unknown, said) = (fit(""), fit("&ram=1TiB"));
    assert_eq!((unknown.verdict, said.verdict), (Verdict::Offload, Verdict::Offload));
    assert!(unknown.max_batch < 100, "{}", unknown.max_batch);
    assert!(
        said.max_batch > 10 * unknown.max_batch,
        "{} {}",
        said.max_batch,
        unknown.max_batch
    );
}
