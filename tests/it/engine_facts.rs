//! What engines put into memory, beside figures that logs and published benchmarks state.

use crate::support;

use support::engine::weigh;
use weighbridge::analysis::{Verdict, left_out_bytes, table_bytes};
use weighbridge::hardware::find;

const GIB: f64 = (1u64 << 30) as f64;

/// mlx-lm 0.32 `models/qwen3_5_moe.py` drops the vision tower (`sanitize`): the peaks it was published with, in GB, with 4 bits
/// on an M5 Max at 8,192, 32,768, 65,536 and 100,000 tokens. The files hold it all the same.
#[test]
fn mlx_leaves_the_tower_out() {
    for (prompt, gigabytes) in [(8_192, 21.7), (32_768, 23.8), (65_536, 26.7), (100_000, 29.8)] {
        let query = format!("e=mlx&w=mlx-q4&hw=apple-m5-max-40c&mode=prefill&p={prompt}&g=8");
        let found = weigh("Qwen/Qwen3.6-35B-A3B", &query);
        let peak = found.held().peak_bytes as f64 / 1e9;
        assert!(
            (peak / gigabytes - 1.0).abs() < 0.02,
            "{prompt}: {peak} GB, {gigabytes}"
        );
        let tower = left_out_bytes(&found.setup);
        assert_eq!(found.memory.weights.0, found.held().weights_bytes + tower);
        assert!(tower > 800_000_000, "{tower}");
        let told = found
            .notices
            .iter()
            .find(|one| one.code == "towers_not_loaded")
            .unwrap();
        assert!(
            told.message.starts_with("mlx-lm leaves the vision tower out: "),
            "{}",
            told.message
        );
    }
    // vLLM loads what the checkpoint's class has; a model of text alone has nothing to leave out.
    assert_eq!(
        left_out_bytes(&weigh("Qwen/Qwen3.6-35B-A3B", "e=vllm&hw=h100-sxm").setup),
        0
    );
    assert_eq!(
        left_out_bytes(&weigh("Qwen/Qwen3-4B", "e=mlx&w=mlx-q4&hw=apple-m4-pro").setup),
        0
    );
}

/// Bytes of the cache of a built-in model under a link.
fn cache(model: &str, query: &str) -> u64 {
    weigh(model, query).memory.kv_cache.0
}

/// MLX 0.31 `use_fallback`: no kernel for prompts with heads of 256, so a chunk of 2,048 tokens writes its scores. Published
/// peaks of mlx-lm 4-bit Qwen3.6-35B-A3B on an M5 Max grow by 6.2 GB from 8,192 to 100,000 tokens beyond the cache.
#[test]
fn mlx_writes_scores_of_wide_heads() {
    let peak = |prompt: u64| {
        let query = format!("e=mlx&w=mlx-q4&hw=apple-m5-max-40c&mode=prefill&p={prompt}&g=8");
        weigh("Qwen/Qwen3.6-35B-A3B", &query).memory.activations.0
    };
    // 16 heads, 2 bytes.
    assert_eq!(peak(100_000) - peak(8_192), 2_048 * (100_000 - 8_192) * 16 * 2);
    // Heads of 128 are one kernel: no growth.
    let llama = |prompt: u64| {
        let query = format!("e=mlx&w=mlx-q4&hw=apple-m5-max-40c&mode=prefill&p={prompt}");
        weigh("meta-llama/Llama-3.1-8B-Instruct", &query).memory.activations.0
    };
    assert_eq!(llama(8_192), llama(100_000));
}

/// Written scores are those of a micro-batch, not of the prompt with itself: 512 × 8,192 × 40 heads × 4 bytes.
#[test]
fn eager_attention_runs_in_chunks() {
    let activations = |attention: &str| {
        let query = format!("e=llama.cpp&w=q4_k_m&p=8192&g=0&attn={attention}");
        weigh("Qwen/Qwen2.5-14B-Instruct", &query).memory.activations.0
    };
    let grown = activations("eager") - activations("flash");
    assert!(grown <= 512 * 8_192 * 40 * 4, "{grown}");
    assert!(activations("eager") > 512 * 8_192 * 40 * 4);
}

/// vLLM `fp8_ds_mla`: 656 bytes a layer and token, and 132 for the indexer, in 61 layers.
#[test]
fn sparse_latents_have_records() {
    let per_token = |query: &str| weigh("deepseek-ai/DeepSeek-V3.2", query).memory.kv_cache_per_token.0;
    assert_eq!(per_token("e=vllm&w=fp8&kv=fp8"), 61 * (656 + 132));
    // In 16 bits 576 values, the indexer's keys as before.
    assert_eq!(per_token("e=vllm&w=fp8&kv=bf16"), 61 * (576 * 2 + 132));
    // transformers keeps both in the model's format.
    assert_eq!(per_token("e=transformers&w=bf16"), 61 * (576 + 128) * 2);
}

/// vLLM `SlidingWindowSpec.max_memory_usage_bytes` for Gemma 3 27B at 32,768 tokens: 10 full layers, 52 with a window of
/// 1,024, 8,192 bytes a layer and token; 3.7 GiB with steps of 2,048 tokens, 6.2 with 8,192.
#[test]
fn windows_keep_room_for_a_step() {
    let gemma = |step: &str| cache("google/gemma-3-27b-it", &format!("e=vllm&p=32768&g=0{step}"));
    let of = |step: u64| 8_192 * (10 * 32_768 + 52 * ((1_023 + step).div_ceil(16) * 16 + 16));
    assert_eq!(gemma(""), of(2_048));
    assert_eq!(gemma("&mbt=8192"), of(8_192));
    assert!((gemma("") as f64 / GIB - 3.73).abs() < 0.01 && (gemma("&mbt=8192") as f64 / GIB - 6.17).abs() < 0.01);
    // On a large device the step is larger by itself.
    assert_eq!(gemma("&hw=h100-sxm"), of(8_192));
    // Of several sequences each keeps its window, and they share the step.
    let two = cache("google/gemma-3-27b-it", "e=vllm&p=32768&g=0&b=2");
    assert!(two > gemma("") && two < 2 * gemma(""), "{two}");
}

/// A log of vLLM's start (DeepSeek-V4-Flash on two GH200, 30,000 tokens): 6.66 GiB are needed, and with 5.44 GiB 13,528 tokens.
///
/// vLLM 0.20 `deepseek_v4_attention.py` (`head_bytes`: 448 + 64 × 2 + 7 + 1 = 584), `deepseek_compressor.py`
/// (`CompressorStateCache`: values and gates in FP32, windows of 8 or 128 tokens in blocks of 4 or 8) and `kv_cache_utils.py`:
/// a block has room for 22 layers with pages of 37,440, 8,640 and 1,728 bytes; 43 windows are two groups of it.
#[test]
fn shared_vectors_have_records_and_compressors_states() {
    const BLOCK: u64 = 22 * (37_440 + 8_640 + 1_728);
    let query = "e=vllm&hw=gh200-96gb&n=2&g=0";
    let cache = |query: &str| weigh("deepseek-ai/DeepSeek-V4-Flash", query).memory.kv_cache.0 as f64;
    // Entries, windows, states of 4 tokens, states of 128.
    let blocks =
        |entries: u64, windows: u64, few: u64, many: u64| ((entries + 2 * windows + few + many) * BLOCK) as f64;
    let close = |found: f64, expected: f64| assert!((found / expected - 1.0).abs() < 0.001, "{found}, {expected}");
    let logged = cache(&format!("{query}&p=30000&mbt=16384"));
    close(logged, blocks(118, 259, 4_099, 2_065));
    assert!((logged / GIB - 6.66).abs() < 0.005, "{}", logged / GIB);
    let longest = cache(&format!("{query}&p=13528&mbt=16384"));
    assert!((longest / GIB - 5.44).abs() < 0.005, "{}", longest / GIB);
    let found = weigh("deepseek-ai/DeepSeek-V4-Flash", &format!("{query}&p=30000"));
    close(found.memory.kv_cache.0 as f64, blocks(118, 131, 2_051, 1_041));
    let growth = found.memory.kv_cache_per_token.0;
    assert!((3_849..=3_851).contains(&growth), "{growth}");
    let query = format!("{query}&p=30000");
    assert_eq!(found.memory.state_cache.0, 0);
    // Each device has all of it, whatever format is asked for.
    assert_eq!(found.held().kv_cache_bytes, found.memory.kv_cache.0);
    assert_eq!(cache(&format!("{query}&kv=fp8")), found.memory.kv_cache.0 as f64);
    // Elsewhere as the model has it.
    let other = weigh("deepseek-ai/DeepSeek-V4-Flash", "e=transformers&p=30000&g=0");
    assert!(other.memory.state_cache.0 > 0);
}

/// llama.cpp `--swa-full`: windows keep everything.
#[test]
fn windows_can_keep_everything() {
    let whole = cache("google/gemma-3-27b-it", "e=llama.cpp&w=q4_k_m&p=8192&g=0&swa=full");
    assert_eq!(whole, 62 * 8_192 * 8_192);
}

/// A log of llama.cpp with all layers of Qwen2.5 14B Q4_K_M on an RTX 4090: CUDA0 model buffer 8,148 MiB, the token table
/// (417.7 MiB in Q4_K) on the processor.
#[test]
fn the_token_table_stays_in_ram() {
    let found = weigh(
        "Qwen/Qwen2.5-14B-Instruct",
        "e=llama.cpp&w=q4_k_m&hw=rtx-4090&p=2048&g=0",
    );
    let device = found.held().weights_bytes as f64 / f64::from(1 << 20);
    assert!((device / 8_148.0 - 1.0).abs() < 0.002, "{device} MiB");
    assert_eq!(table_bytes(&found.setup) / (1 << 20), 417);
    assert_eq!(
        found.memory.weights.0,
        found.held().weights_bytes + table_bytes(&found.setup)
    );
    // Where processor and device share a memory it is there once.
    let apple = weigh(
        "Qwen/Qwen2.5-14B-Instruct",
        "e=llama.cpp&w=q4_k_m&hw=apple-m4-max-40c&p=2048&g=0",
    );
    assert_eq!(apple.held().weights_bytes, apple.memory.weights.0);
    // A tied table is the output head as well: the device has it too.
    let tied = weigh("google/gemma-3-27b-it", "e=llama.cpp&w=q4_k_m&hw=rtx-4090&p=2048&g=0");
    assert_eq!(tied.held().weights_bytes, tied.memory.weights.0);
    assert!(table_bytes(&tied.setup) > 0);
}

/// `--n-cpu-moe`, `--no-kv-offload`: what is asked for is done.
#[test]
fn experts_and_cache_go_to_ram_when_asked() {
    let on_device = |query: &str| {
        let found = weigh(
            "Qwen/Qwen3-30B-A3B",
            &format!("e=llama.cpp&w=q4_k_m&hw=rtx-4090&p=4096&{query}"),
        );
        let fit = found.fit.clone().unwrap();
        (
            fit.verdict,
            fit.offload.map(|plan| (plan.layers_in_ram, plan.device_bytes)),
            found.held().kv_cache_bytes,
        )
    };
    let (verdict, _, cached) = on_device("");
    assert!(verdict == Verdict::Fits && cached > 0);
    let (verdict, plan, _) = on_device("off=experts:20");
    let (layers, _) = plan.unwrap();
    assert_eq!((verdict, layers), (Verdict::Offload, 20));
    assert_eq!(on_device("kvp=ram").2, 0);
}

/// vLLM's log of gpt-oss-120b on an H100: model weights 65.97 GiB, as experts are padded (2,880 to 3,072 and 2,944).
#[test]
fn experts_in_mxfp4_are_padded() {
    let weights = |query: &str| weigh("openai/gpt-oss-120b", query).memory.weights.0 as f64 / GIB;
    let padded = weights("e=vllm&hw=h100-sxm&p=131072&g=0&mf=95");
    assert!((padded / 65.97 - 1.0).abs() < 0.002, "{padded}");
    assert!((weights("e=llama.cpp&hw=h100-sxm") - 60.0).abs() < 1.5);
}

/// vLLM sets aside what a full step and its sampler take: 256 sequences × 128,256 words × 30 bytes on a small card.
#[test]
fn a_server_sets_aside_its_largest_step() {
    let aside = |query: &str| weigh("meta-llama/Llama-3.1-8B-Instruct", query).memory.activations.0;
    assert_eq!(aside("e=vllm&hw=rtx-4090&p=100"), 256 * 128_256 * 30);
    assert_eq!(aside("e=vllm&hw=rtx-4090&p=8000"), 256 * 128_256 * 30);
    assert_eq!(aside("e=vllm&hw=rtx-4090&p=100&seqs=128"), 128 * 128_256 * 30);
    assert!(aside("e=vllm&hw=h100-sxm&p=100") > aside("e=vllm&hw=rtx-4090&p=100"));
}

/// vLLM `HybridAttentionMambaModelConfig`: a state takes a page of the size of a block of attention.
#[test]
fn states_take_whole_pages() {
    let per_sequence = |engine: &str| {
        let found = weigh(
            "Qwen/Qwen3-Next-80B-A3B-Instruct",
            &format!("e={engine}&w=bf16&p=1000&g=0"),
        );
        found.memory.state_per_sequence.0
    };
    let (paged, exact) = (per_sequence("vllm"), per_sequence("sglang"));
    // A token of attention takes 2 × 2 × 256 × 2 = 2,048 bytes; pages are multiples of 16 tokens, one in each of 36 layers.
    assert_eq!(paged % (36 * 16 * 2_048), 0);
    assert!(paged >= exact && paged - exact < 36 * 16 * 2_048, "{paged} {exact}");
}

/// CUDA's total beside the driver's: public reports of vLLM name 23.58 GiB on an RTX 3090, 23.55 on a 4090.
#[test]
fn an_engine_sees_less_than_the_driver() {
    for (id, seen) in [
        ("rtx-3090", 23.58),
        ("rtx-4090", 23.55),
        ("h100-sxm", 79.11),
        ("apple-m4-pro", 48.0),
    ] {
        let device = find(id).unwrap();
        assert!((device.usable_bytes() as f64 / GIB - seen).abs() < 0.005, "{id}");
        assert!(device.usable_bytes() <= device.memory_bytes);
    }
}

/// M5's matrix units: a published 3,909 tokens/s for 8,192 tokens of Qwen3.6-35B-A3B in 4 bits lies in the interval.
#[test]
fn matrix_units_of_the_m5_are_counted() {
    let query = "e=mlx&w=mlx-q4&hw=apple-m5-max-40c&mode=prefill&p=8192&g=8";
    let found = weigh("Qwen/Qwen3.6-35B-A3B", query).speed.unwrap();
    let pass = found.pass.unwrap();
    let published = 8_192.0 / 3_909.0;
    assert!(
        pass.low <= published && published <= pass.high,
        "{} to {}",
        pass.low,
        pass.high
    );
}

/// SGLang 0.5.5 `_handle_gpu_memory_settings` on an H100 of 81,559 MiB: 512 + 8,192 · 1.5 + 256 · 2 + 128 MiB are set aside, so
/// `mem_fraction_static` is 0.835; a share that is asked for replaces the rule.
#[test]
fn sglang_sets_aside_by_the_device() {
    let activations = |query: &str| {
        let query = format!("e=sglang&w=bf16&hw=h100-sxm&p=64&g=64{query}");
        weigh("meta-llama/Llama-3.1-8B-Instruct", &query).memory.activations.0
    };
    let usable = find("h100-sxm").unwrap().usable_bytes() as f64;
    for (query, share) in [("", 0.165), ("&mf=90", 0.1), ("&mbt=16384", 0.315)] {
        let found = activations(query) as f64 / usable;
        assert!((found - share).abs() < 1e-6, "{query} {found}");
    }
}

/// SGLang divides its limits among the groups of attention data parallelism (`max_running_requests // dp_size`); vLLM and
/// TensorRT-LLM have a scheduler with all of it for each. Only TensorRT-LLM counts sequences for each stage of a pipeline.
#[test]
fn limits_are_of_a_group_or_of_all() {
    let most = |engine: &str, layout: &str| {
        let query = format!("mode=serve&e={engine}&w=fp8&hw=h200-sxm&n=8&p=64&g=64&b=4096&seqs=64&mf=80{layout}");
        let found = weigh("deepseek-ai/DeepSeek-R1", &query).serving.unwrap();
        found.admission.max_running
    };
    for (engine, dp, pp) in [("vllm", 512, 64), ("sglang", 64, 64), ("tensorrt-llm", 512, 128)] {
        assert_eq!(most(engine, "&ap=dp"), dp, "{engine}");
        assert_eq!(most(engine, "&tp=4&pp=2"), pp, "{engine}");
    }
}
