//! vLLM.
//!
//! Options: docs.vllm.ai, "Engine Arguments" and `vllm serve --help` (0.15 to 0.25); online FP8 and in-flight
//! bitsandbytes: its pages "FP8 W8A8" and "BitsAndBytes"; GGUF with `--tokenizer`: "GGUF"; devices of data and expert
//! parallel: "Expert Parallel Deployment" (`EP_SIZE = TP_SIZE × DP_SIZE`); `cpu_offload_gb` is "per GPU", in GiB
//! (`vllm/config/cache.py`).

use super::Launch;
use super::basis::{Basis, share, tenths_of_gib};
use super::draft::Draft;
use crate::hardware::Generation;
use crate::model::quantisation::{WeightFileKind, choice};
use crate::scenario::{AttentionKernel, KvFormat};

pub(super) fn launch(basis: &Basis<'_>) -> Result<Launch, String> {
    let (setup, layout) = (basis.setup, basis.layout());
    let routed = setup.blueprint.experts.is_some();
    if layout.by_layers {
        return Err("vLLM has no split by layers alone: use pipeline parallel instead.".to_owned());
    }
    if layout.attention_dp && !routed {
        return Err("vLLM shares attention by sequences only where experts are shared among the devices.".to_owned());
    }
    let mut out = Draft::new("vllm serve");
    weights(basis, &mut out);
    if layout.attention_dp {
        out.flag(
            "--data-parallel-size",
            layout.tensor,
            "Each device keeps all of attention, for sequences of its own.",
        );
    } else {
        out.flag_if(
            layout.tensor > 1,
            "--tensor-parallel-size",
            layout.tensor,
            "Devices that share each layer.",
        );
    }
    out.flag_if(
        layout.pipeline > 1,
        "--pipeline-parallel-size",
        layout.pipeline,
        "Stages of whole layers.",
    )
    .switch_if(
        routed && (layout.expert > 1 || layout.attention_dp),
        "--enable-expert-parallel",
        "Whole experts are distributed over the devices instead of slicing each expert.",
    );
    if layout.expert > 1 && layout.expert < layout.tensor {
        out.note(format!(
            "vLLM deals experts out to all {} devices, not to {} of them; each holds as much either way.",
            layout.tensor, layout.expert
        ));
    }
    let (sequences, why) = basis.sequences_each();
    out.flag("--max-model-len", basis.tokens, basis.why_tokens())
        .flag("--max-num-seqs", sequences, why)
        .flag(
            "--gpu-memory-utilization",
            share(crate::analysis::fit::percent(setup)),
            "Share of the device's memory vLLM may take; what weights leave of it becomes cache.",
        );
    if let Some(format) = basis.cache() {
        // Ampere has no E4M3 (vLLM issue 26431).
        let ampere = basis
            .device()
            .is_some_and(|device| Generation::of(device) == Generation::Ampere);
        let name = if ampere && format == KvFormat::Fp8 {
            "fp8_e5m2"
        } else {
            cache(format)?
        };
        out.flag("--kv-cache-dtype", name, "Number format of the cache.");
    }
    if basis.values().is_some_and(|values| Some(values) != basis.cache()) {
        return Err("vLLM keeps keys and values in one format.".to_owned());
    }
    if let Some(plan) = basis.plan {
        out.flag(
            "--cpu-offload-gb",
            tenths_of_gib(plan.host_bytes.div_ceil(layout.devices.max(1))),
            "GiB of weights of each device that stay in RAM and are copied for each pass.",
        );
    }
    if setup.scenario.assumptions.attention == AttentionKernel::Eager {
        out.note("vLLM never writes all scores to memory, so it needs less than the estimate.");
    }
    Ok(out.finish())
}

/// The model, and what makes its format of it.
fn weights(basis: &Basis<'_>, out: &mut Draft) {
    let label = &basis.setup.weights.format.label;
    let revision = |out: &mut Draft| {
        if let Some(revision) = &basis.revision {
            out.flag("--revision", revision, "The revision the estimate is of.");
        }
    };
    let loads = "The model; vLLM reads how it is quantised from its config.";
    match basis.asked() {
        None => {
            out.flag("", &basis.model, loads);
            revision(out);
            if basis.wants_half() {
                out.flag("--dtype", "half", "The device has no BF16 units.");
            }
        }
        Some(format) if choice(format).is_some_and(|one| one.container == WeightFileKind::Gguf) => {
            out.flag(
                "",
                format!("{}.gguf", basis.converted()),
                format!("A GGUF file of the model in {label}."),
            )
            .flag(
                "--tokenizer",
                &basis.model,
                "The tokenizer of the original: that of a GGUF is slow to convert.",
            );
        }
        Some(_) if basis.plain() && basis.plain_dtype().is_some() => {
            out.flag("", &basis.model, "The model.");
            revision(out);
            out.flag(
                "--dtype",
                basis.plain_dtype().unwrap_or("auto"),
                format!("Weights and activations in {label}."),
            );
        }
        Some("fp8") if basis.plain() => {
            out.flag("", &basis.model, "The model.");
            revision(out);
            out.flag(
                "--quantization",
                "fp8",
                "Weights become FP8 while they are loaded, one scale a tensor.",
            );
        }
        Some("nf4" | "nf4-dq") if basis.plain() => {
            out.flag("", &basis.model, "The model.");
            revision(out);
            out.flag(
                "--quantization",
                "bitsandbytes",
                "Weights become NF4 while they are loaded.",
            );
        }
        Some(_) => {
            out.flag("", basis.converted(), format!("The model in {label}."))
                .note(format!(
                    "vLLM does not make {label} while loading: put a Hub repository or a folder with the model in that format in the place of {}.",
                    basis.converted()
                ));
        }
    }
}

/// vLLM's name of a cache format (`vllm/config/cache.py`, `CacheDType`).
fn cache(format: KvFormat) -> Result<&'static str, String> {
    Ok(match format {
        KvFormat::Bf16 => "bfloat16",
        KvFormat::Fp16 => "float16",
        KvFormat::Fp8 => "fp8",
        KvFormat::Int8 => "int8_per_token_head",
        KvFormat::Nvfp4 => "nvfp4",
        other => return Err(format!("vLLM has no {} cache.", other.label())),
    })
}
