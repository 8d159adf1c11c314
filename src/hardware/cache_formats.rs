//! Number formats in which each engine can keep its KV cache.

use super::Engine;

/// What an engine offers.
struct Row {
    engine: Engine,
    formats: &'static [&'static str],
    words: &'static str,
}

/// Sources: vLLM `--kv-cache-dtype`; SGLang `--kv-cache-dtype`; TensorRT-LLM `KvCacheConfig.dtype` and checkpoints of ModelOpt;
/// llama.cpp `-ctk`, `-ctv`; mlx-lm `--kv-bits`; transformers `QuantizedCache` (quanto and HQQ, not counted here); ExLlamaV2 and V3
/// cache classes.
const ROWS: [Row; 8] = [
    Row {
        engine: Engine::Vllm,
        formats: &["bf16", "fp16", "fp8"],
        words: "vLLM keeps its cache in 16 bits or FP8",
    },
    Row {
        engine: Engine::Sglang,
        formats: &["bf16", "fp16", "fp8"],
        words: "SGLang keeps its cache in 16 bits or FP8",
    },
    Row {
        engine: Engine::TensorRtLlm,
        formats: &["bf16", "fp16", "fp8", "int8", "nvfp4"],
        words: "TensorRT-LLM keeps its cache in 16 bits, FP8, INT8 or NVFP4",
    },
    Row {
        engine: Engine::LlamaCpp,
        formats: &["fp32", "bf16", "fp16", "q8_0", "q5_1", "q5_0", "q4_1", "q4_0", "iq4_nl"],
        words: "llama.cpp keeps its cache in 32 or 16 bits or in its own blocks, Q4_0 to Q8_0 and IQ4_NL",
    },
    Row {
        engine: Engine::Mlx,
        formats: &["fp32", "bf16", "fp16", "mlx-q8", "mlx-q4"],
        words: "MLX keeps its cache in the model's floats or in groups of 8 or 4 bits",
    },
    Row {
        engine: Engine::Transformers,
        formats: &["fp32", "bf16", "fp16"],
        words: "transformers keeps its cache in the model's floats; its quantised caches are not counted here",
    },
    Row {
        engine: Engine::ExLlamaV2,
        formats: &["fp16", "fp8"],
        words: "ExLlamaV2 keeps its cache in FP16, FP8 or blocks of its own that are not counted here",
    },
    Row {
        engine: Engine::ExLlamaV3,
        formats: &["fp16"],
        words: "ExLlamaV3 keeps its cache in FP16 or in 2 to 8 bits of its own that are not counted here",
    },
];

/// Why an engine does not keep its cache in a format; none where it does.
pub fn refusal(format: &str, engine: Engine) -> Option<&'static str> {
    let row = ROWS.iter().find(|row| row.engine == engine)?;
    (!row.formats.contains(&format)).then_some(row.words)
}

#[cfg(test)]
mod tests {
    use strum::IntoEnumIterator;

    use super::*;

    #[test]
    fn every_engine_has_a_row_and_keeps_sixteen_bits() {
        for engine in Engine::iter() {
            assert!(ROWS.iter().any(|row| row.engine == engine), "{engine:?}");
            assert_eq!(refusal("fp16", engine), None);
        }
        assert!(refusal("q8_0", Engine::Vllm).is_some_and(|why| why.contains("FP8")));
        assert_eq!(refusal("q8_0", Engine::LlamaCpp), None);
        assert!(refusal("fp8", Engine::LlamaCpp).is_some());
    }
}
