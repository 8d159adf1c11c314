//! TensorRT-LLM with its PyTorch backend.
//!
//! Options: `tensorrt_llm/commands/serve.py` and nvidia.github.io/TensorRT-LLM/commands/trtllm-serve.html; what has no
//! option (`kv_cache_config.dtype`, `enable_attention_dp`) goes into the file of `--extra_llm_api_options`, whose keys
//! are those of its `LlmArgs`.

use super::Launch;
use super::basis::Basis;
use super::draft::Draft;
use crate::scenario::KvFormat;

pub(super) fn launch(basis: &Basis<'_>) -> Result<Launch, String> {
    let (setup, layout) = (basis.setup, basis.layout());
    if layout.by_layers {
        return Err("TensorRT-LLM has no split by layers alone: use pipeline parallel instead.".to_owned());
    }
    let label = &setup.weights.format.label;
    let mut out = Draft::new("trtllm-serve");
    match basis.asked() {
        None => out.flag("", &basis.model, "The model; how it is quantised is read from its config."),
        Some(_) => out
            .flag("", basis.converted(), format!("The model in {label}."))
            .note(format!(
                "TensorRT-LLM loads checkpoints as they are: put one in {label}, as NVIDIA's Model Optimizer writes it, in the place of {}.",
                basis.converted()
            )),
    };
    if let (None, Some(revision)) = (basis.asked(), &basis.revision) {
        out.flag("--revision", revision, "The revision the estimate is of.");
    }
    let mut extra = String::new();
    if layout.attention_dp {
        extra.push_str("enable_attention_dp: true\n");
    }
    if let Some(format) = basis.cache() {
        extra.push_str(&format!("kv_cache_config:\n  dtype: {}\n", cache(format)?));
    }
    if basis.values().is_some_and(|values| Some(values) != basis.cache()) {
        return Err("TensorRT-LLM keeps keys and values in one format.".to_owned());
    }
    let (sequences, why) = basis.sequences_each();
    out.flag_if(
        layout.tensor > 1,
        "--tp_size",
        layout.tensor,
        "Devices that share each layer.",
    )
    .flag_if(
        layout.pipeline > 1,
        "--pp_size",
        layout.pipeline,
        "Stages of whole layers.",
    )
    .flag_if(
        layout.expert > 1,
        "--ep_size",
        layout.expert,
        "Devices over which whole experts are distributed.",
    )
    .flag("--max_seq_len", basis.tokens, basis.why_tokens())
    .flag("--max_batch_size", sequences, why);
    if let Some(chunk) = setup.chunk() {
        out.flag(
            "--max_num_tokens",
            chunk,
            "Tokens of one pass, prompts of several requests together.",
        )
        .switch_if(
            setup.scenario.workload.prompt > chunk,
            "--enable_chunked_prefill",
            "Longer prompts are read in parts.",
        );
    }
    out.flag(
        "--kv_cache_free_gpu_memory_fraction",
        fraction(basis),
        "Share of what weights leave free that becomes cache.",
    );
    if !extra.is_empty() {
        // The words are the engine's own, never the user's.
        out.before(format!("cat > trtllm.yaml <<'EOF'\n{extra}EOF")).flag(
            "--extra_llm_api_options",
            "trtllm.yaml",
            "What has no option of its own: the format of the cache, or attention shared by sequences.",
        );
    }
    Ok(out.finish())
}

/// Its own default, or what the cache needs of the memory that is free after loading.
fn fraction(basis: &Basis<'_>) -> String {
    if let Some(percent) = basis.setup.scenario.serving.memory_fraction {
        return super::basis::share(percent);
    }
    let needed = || {
        let rank = basis.analysis.ranks.fullest()?;
        let device = basis.device()?;
        let taken = rank
            .weights_bytes
            .saturating_add(rank.activation_bytes)
            .saturating_add(rank.overhead_bytes);
        let free = device.usable_bytes().checked_sub(taken).filter(|free| *free > 0)?;
        let cache = u128::from(rank.kv_cache_bytes.saturating_add(rank.state_cache_bytes));
        u64::try_from((cache * 100).div_ceil(u128::from(free))).ok()
    };
    super::basis::share(needed().unwrap_or(90).clamp(90, 98))
}

/// TensorRT-LLM's name of a cache format (`KvCacheConfig.dtype`).
fn cache(format: KvFormat) -> Result<&'static str, String> {
    Ok(match format {
        KvFormat::Bf16 => "bfloat16",
        KvFormat::Fp16 => "float16",
        KvFormat::Fp8 => "fp8",
        KvFormat::Nvfp4 => "nvfp4",
        other => return Err(format!("TensorRT-LLM has no {} cache.", other.label())),
    })
}
