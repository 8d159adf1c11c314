//! What an engine refuses whatever the memory, and what it unpacks.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may panic as tests do"
)]

use crate::support;

use support::engine::{blueprint, scenario, weigh};
use weighbridge::analysis::{Matrix, Setup, Verdict, answers};
use weighbridge::hardware::find;
use weighbridge::units::UnitSystem;

const QWEN: &str = "Qwen/Qwen3-8B";

/// Heads must divide by the devices that share a layer, those of keys also repeat evenly (vLLM
/// verify_with_parallel_config, QKVParallelLinear).
#[test]
fn heads_divide_or_the_layout_is_refused() {
    // 32 heads, 8 of keys.
    for (query, runs) in [
        ("hw=rtx-4090&n=2&e=vllm", true),
        ("hw=rtx-4090&n=8&e=vllm", true),
        ("hw=rtx-4090&n=16&e=vllm", true),
        ("hw=rtx-4090&n=3&e=vllm", false),
        ("hw=rtx-4090&n=7&e=sglang", false),
        ("hw=rtx-4090&n=64&e=vllm", false),
        ("hw=rtx-4090&n=6&tp=2&pp=3&e=vllm", true),
        // By layers nothing is divided.
        ("hw=rtx-4090&n=7&w=q8_0&e=llama.cpp", true),
        ("hw=apple-m4-max-40c&n=1&w=mlx-q4&e=mlx", true),
        ("hw=apple-m4-max-40c&n=2&w=mlx-q4&e=mlx", false),
    ] {
        let fit = weigh(QWEN, &format!("p=1000&{query}")).fit.unwrap();
        assert_eq!(fit.verdict != Verdict::Unsupported, runs, "{query}: {}", fit.why);
        assert!(runs || fit.why.len() > 20, "{query}");
    }
    // 40 heads, 10 of keys: four devices would hold two and a half each.
    let four = weigh("microsoft/phi-4", "hw=rtx-3060-12gb&n=4&e=vllm&p=1000")
        .fit
        .unwrap();
    assert!(
        four.verdict == Verdict::Unsupported && four.why.contains("keys"),
        "{}",
        four.why
    );
    // What it would take does not advise it either.
    let found = answers(&weigh("microsoft/phi-4", "hw=rtx-3060-12gb&e=vllm&p=1000&off=none")).unwrap();
    assert_eq!(found.degree.unwrap().devices, None);
    // Latent attention has one head of keys for all.
    let latent = weigh("deepseek-ai/DeepSeek-V3.1", "hw=h200-sxm&n=8&e=vllm&p=1000")
        .fit
        .unwrap();
    assert_eq!(latent.verdict, Verdict::Fits);
}

/// 768 ÷ 4 = 192 is no multiple of the 128 rows that share a scale (vLLM Fp8MoEMethod); whole experts are not cut.
#[test]
fn blocks_of_scales_are_not_cut() {
    let verdict = |query: &str| {
        let fit = weigh("Qwen/Qwen3-30B-A3B-FP8", &format!("hw=l40s&p=1000&{query}"))
            .fit
            .unwrap();
        (fit.verdict, fit.why)
    };
    assert_eq!(verdict("n=2&e=vllm").0, Verdict::Fits);
    let (four, why) = verdict("n=4&e=vllm");
    assert!(four == Verdict::Unsupported && why.contains("share a scale"), "{why}");
    assert_eq!(verdict("n=4&ep=4&e=vllm").0, Verdict::Fits);
    let large = weigh("deepseek-ai/DeepSeek-V3.1", "hw=h100-sxm&n=16&e=vllm&p=1000")
        .fit
        .unwrap();
    assert_eq!(large.verdict, Verdict::Fits, "{}", large.why);
}

/// transformers unpacks GGUF and, on Apple and AMD, MXFP4 on loading (quantization overview).
#[test]
fn what_is_unpacked_weighs_sixteen_bits() {
    let packed = weigh("Qwen/Qwen3-32B", "hw=rtx-4090&w=q4_k_m&e=llama.cpp&p=1000");
    let unpacked = weigh("Qwen/Qwen3-32B", "hw=rtx-4090&w=q4_k_m&e=transformers&p=1000");
    let plain = weigh("Qwen/Qwen3-32B", "hw=rtx-4090&w=bf16&e=transformers&p=1000");
    assert!(packed.memory.weights.0 * 3 < unpacked.memory.weights.0);
    assert_eq!(unpacked.memory.weights.0, plain.memory.weights.0);
    assert!(
        unpacked
            .notices
            .iter()
            .any(|notice| notice.code == "unpacked_on_loading")
    );
    let cell = |device: &str, format: &str, query: &str| {
        let (model, now) = (blueprint("Qwen/Qwen3-32B"), scenario(query));
        let mut matrix = Matrix::new(&model, &now, &[format]);
        matrix.cell(find(device).unwrap(), format).unwrap()
    };
    assert_eq!(
        cell("rtx-4090", "q4_k_m", "e=transformers&p=1000").total,
        unpacked.ranks.fullest().unwrap().total_bytes
    );
    let gpt = |device: &str| {
        weigh("openai/gpt-oss-20b", &format!("hw={device}&e=transformers&p=1000"))
            .memory
            .weights
            .0
    };
    assert!(gpt("mi300x") > 2 * gpt("h100-sxm"));
}

/// transformers' `tp_plan` has no offload, and bitsandbytes none to the processor.
#[test]
fn what_cannot_be_left_in_ram_is_not() {
    for (query, offloads) in [
        ("hw=rtx-3090&n=1&e=transformers", true),
        ("hw=rtx-3090&n=2&e=transformers", false),
        ("hw=rtx-3060-12gb&n=1&e=transformers&w=nf4", false),
    ] {
        let fit = weigh("Qwen/Qwen3-32B", &format!("p=1000&{query}")).fit.unwrap();
        assert_eq!(fit.verdict == Verdict::Offload, offloads, "{query} {:?}", fit.verdict);
    }
}

/// What does not run is said first, with a way out, and nothing is said of room.
#[test]
fn answers_to_what_does_not_run_say_so() {
    let query = "hw=rtx-3090&e=sglang&w=gptq&kv=int8&p=1000";
    let (model, now) = (blueprint(QWEN), scenario(query));
    let question = Setup::new(&model, &now).unwrap();
    let said = answers(&weigh(QWEN, query)).unwrap().said(&question, UnitSystem::Gib);
    let keys: Vec<_> = said.iter().map(|one| one.key).collect();
    assert_eq!(keys, ["runs", "format", "cheapest"], "{said:?}");
    assert!(said[0].words.contains("SGLang"), "{}", said[0].words);
    let way = said[0].deed.clone().unwrap().1;
    assert_eq!(
        weighbridge::analysis::analyse(&model, &way)
            .unwrap()
            .fit
            .unwrap()
            .verdict,
        Verdict::Fits
    );
    assert!(!said[1].words.starts_with("No format"), "{}", said[1].words);
}

/// The matrix says of a server what the estimate says of it: as many as there is room for.
#[test]
fn a_server_weighs_the_same_in_the_matrix() {
    for query in ["b=64&p=4096", "b=2000&p=4096", "b=1&p=4096", "p=4096&b=max"] {
        let query = format!("hw=h100-sxm&e=vllm&mode=serve&g=256&{query}");
        let (model, now) = (blueprint(QWEN), scenario(&query));
        let analysis = weigh(QWEN, &query);
        let mut matrix = Matrix::published(&model, &now);
        let cell = matrix.cell(find("h100-sxm").unwrap(), "").unwrap();
        assert_eq!(cell.judgement.verdict, Verdict::Fits, "{query}");
        let held = analysis.held().total_bytes as f64;
        // Whole blocks of the cache for each sequence; an endless queue has limits of the engine besides.
        let apart = (cell.total as f64 - held).abs() / held;
        assert!(
            apart < 0.02 || now.workload.endless && cell.total as f64 >= held,
            "{query}: {} {held}",
            cell.total
        );
        let pace = matrix.pace(find("h100-sxm").unwrap(), "", &cell).unwrap();
        let serving = analysis.serving.unwrap();
        assert!(
            (pace.expected / serving.tokens_per_second - 1.0).abs() < 1e-9,
            "{query}"
        );
    }
}
