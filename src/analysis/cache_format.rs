//! The number format of the KV cache: what was asked for, or what the engine uses by itself.

use super::kv_support::Wanted;
use crate::hardware::Engine;
use crate::model::quantisation::{Cache, CacheBy, GgmlType, Quantisation};
use crate::model::{Format, Notice, Scales};
use crate::scenario::{AttentionKernel, KvFormat, Scenario};

/// The formats of the cache a scenario asks for.
pub fn wanted_cache(scenario: &Scenario) -> Wanted {
    Wanted {
        keys: scenario.precision.kv_cache,
        values: scenario.precision.value_cache,
        eager: scenario.assumptions.attention == AttentionKernel::Eager,
    }
}

/// The format of an engine's cache, if it is not told otherwise.
pub(super) fn usual_cache(engine: Engine, weights: &Quantisation, chosen: bool, activation: &Format) -> Format {
    if let Some(format) = prescribed(engine, weights) {
        return format;
    }
    // Checkpoints in 8 and 4 bits made for it name FP8 as the format of their cache, so those that are still to be made will.
    let optimised = chosen && matches!(&*weights.format.id, "fp8" | "fp8-tensor" | "nvfp4");
    let eight = engine == Engine::TensorRtLlm && optimised;
    if let Some(format) = cache_format(KvFormat::Fp8).filter(|_| eight) {
        return format;
    }
    if engine.caches_in_fp16() {
        Format::FP16
    } else {
        activation.clone()
    }
}

/// The format of the cache that the checkpoint prescribes, where the engine follows it.
fn prescribed(engine: Engine, weights: &Quantisation) -> Option<Format> {
    let cache = weights.cache.filter(|cache| follows(engine, cache))?;
    cache_format(if cache.bits == 4 {
        KvFormat::Nvfp4
    } else {
        KvFormat::Fp8
    })
}

/// Whether an engine takes the format of the cache from the checkpoint where nobody asks for one.
///
/// Sources: vLLM 0.11 `attention/layer.py` (a `kv_cache_scheme` of compressed-tensors) and `utils/torch_utils.py` (Model
/// Optimizer's key in either place); of a Quark checkpoint only scales are taken (`quark.py`). SGLang 0.5
/// `kv_cache_dtype.py`: Model Optimizer's FP8 alone. TensorRT-LLM 1.0 `model_config.py`: Model Optimizer's.
fn follows(engine: Engine, cache: &Cache) -> bool {
    match (engine, cache.by) {
        (Engine::Vllm, CacheBy::ModelOpt | CacheBy::CompressedTensors) | (Engine::TensorRtLlm, CacheBy::ModelOpt) => {
            true
        }
        (Engine::Sglang, CacheBy::ModelOpt) => cache.bits == 8,
        _ => false,
    }
}

/// What is to be said of a cache that the checkpoint prescribes, where nobody asked for another.
pub(super) fn told(engine: Engine, weights: &Quantisation, scenario: &Scenario) -> Option<Notice> {
    let cache = weights
        .cache
        .filter(|_| scenario.precision.kv_cache == KvFormat::Auto)?;
    let label = if cache.bits == 4 { "NVFP4" } else { "FP8" };
    let (key, engine_name) = (cache.key, engine.label());
    if prescribed(engine, weights).is_some() {
        let message = format!(
            "The checkpoint prescribes an {label} cache ({key}), and {engine_name} follows it unless it is told otherwise."
        );
        return Some(Notice::new("kv_cache_prescribed", message));
    }
    let message = format!(
        "The checkpoint is made for an {label} cache ({key}), but {engine_name} keeps it wider unless it is told to."
    );
    Some(Notice::new("kv_cache_not_followed", message))
}

/// The format a choice names; `None` is the engine's own.
pub(super) fn cache_format(choice: KvFormat) -> Option<Format> {
    let ggml = |kind: GgmlType| kind.format().clone();
    let groups = |id, label, bits| Format::scaled(id, label, bits, MLX_GROUP);
    Some(match choice {
        KvFormat::Auto => return None,
        KvFormat::Fp32 => Format::FP32,
        KvFormat::Bf16 => Format::BF16,
        KvFormat::Fp16 => Format::FP16,
        KvFormat::Fp8 => Format::plain("fp8", "FP8", 8),
        KvFormat::Int8 => Format::plain("int8", "INT8", 8),
        KvFormat::Q8_0 => ggml(GgmlType::Q8_0),
        KvFormat::Q5_1 => ggml(GgmlType::Q5_1),
        KvFormat::Q5_0 => ggml(GgmlType::Q5_0),
        KvFormat::Q4_1 => ggml(GgmlType::Q4_1),
        KvFormat::Q4_0 => ggml(GgmlType::Q4_0),
        KvFormat::Iq4Nl => ggml(GgmlType::IQ4_NL),
        KvFormat::Nvfp4 => Format::scaled("nvfp4", "NVFP4", 4, NVFP4_GROUP),
        KvFormat::MlxQ8 => groups("mlx-q8", "MLX 8-bit", 8),
        KvFormat::MlxQ4 => groups("mlx-q4", "MLX 4-bit", 4),
    })
}

/// A 16-bit scale and a 16-bit bias for 64 values (mlx-lm `--kv-bits`, `--kv-group-size` 64).
const MLX_GROUP: Scales = Scales::Group {
    size: 64,
    bits: 32,
    column_bits: 0,
    tensor_bits: 0,
};
/// An FP8 scale for 16 values (TensorRT-LLM's NVFP4 cache).
const NVFP4_GROUP: Scales = Scales::Group {
    size: 16,
    bits: 8,
    column_bits: 0,
    tensor_bits: 0,
};
