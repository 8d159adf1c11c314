//! SGLang.
//!
//! Options: docs.sglang.io, "Server Arguments" (`--tp-size`, `--pp-size`, `--ep-size`, `--dp-size`,
//! `--enable-dp-attention`, `--context-length`, `--max-running-requests`, `--mem-fraction-static`, `--kv-cache-dtype`,
//! `--quantization`, `--load-format`); `--cpu-offload-gb`: `sglang/srt/server_args.py`. With attention shared by
//! sequences the devices of `--dp-size` are those of `--tp-size`: its page "DP, DPA and SGLang DP Router".

use super::Launch;
use super::basis::{Basis, share_in_thousandths, tenths_of_gib};
use super::draft::Draft;
use crate::model::quantisation::{WeightFileKind, choice};
use crate::scenario::KvFormat;

pub(super) fn launch(basis: &Basis<'_>) -> Result<Launch, String> {
    let (setup, layout) = (basis.setup, basis.layout());
    if layout.by_layers {
        return Err("SGLang has no split by layers alone: use pipeline parallel instead.".to_owned());
    }
    let mut out = Draft::new("python -m sglang.launch_server");
    weights(basis, &mut out);
    out.flag_if(
        layout.tensor > 1,
        "--tp-size",
        layout.tensor,
        "Devices that share each layer.",
    )
    .flag_if(
        layout.pipeline > 1,
        "--pp-size",
        layout.pipeline,
        "Stages of whole layers.",
    )
    .flag_if(
        layout.expert > 1,
        "--ep-size",
        layout.expert,
        "Devices over which whole experts are distributed.",
    )
    .flag_if(
        layout.attention_dp,
        "--dp-size",
        layout.tensor,
        "Each device keeps all of attention, for sequences of its own.",
    )
    .switch_if(
        layout.attention_dp,
        "--enable-dp-attention",
        "Only MLPs and experts are split.",
    )
    .flag("--context-length", basis.tokens, basis.why_tokens())
    // Divided among the devices where each has sequences of its own; none may be left without.
    .flag(
        "--max-running-requests",
        basis.sequences.max(if layout.attention_dp { layout.tensor } else { 1 }),
        basis.why_sequences(),
    )
    .flag(
        "--mem-fraction-static",
        share_in_thousandths(setup.static_thousandths().unwrap_or(880)),
        "Share of the device's memory for weights and cache; the rest is for activations.",
    );
    if let Some(format) = basis.cache() {
        out.flag("--kv-cache-dtype", cache(format)?, "Number format of the cache.");
    }
    if basis.values().is_some_and(|values| Some(values) != basis.cache()) {
        return Err("SGLang keeps keys and values in one format.".to_owned());
    }
    if let Some(plan) = basis.plan {
        out.flag(
            "--cpu-offload-gb",
            tenths_of_gib(plan.host_bytes.div_ceil(layout.devices.max(1))),
            "GiB of weights of each device that stay in RAM and are copied for each pass.",
        );
    }
    Ok(out.finish())
}

/// The model, and what makes its format of it.
fn weights(basis: &Basis<'_>, out: &mut Draft) {
    let label = &basis.setup.weights.format.label;
    let model = |out: &mut Draft, why: &str| {
        out.flag("--model-path", &basis.model, why);
        if let Some(revision) = &basis.revision {
            out.flag("--revision", revision, "The revision the estimate is of.");
        }
    };
    match basis.asked() {
        None => {
            model(out, "The model; SGLang reads how it is quantised from its config.");
            if basis.wants_half() {
                out.flag("--dtype", "half", "The device has no BF16 units.");
            }
        }
        Some(format) if choice(format).is_some_and(|one| one.container == WeightFileKind::Gguf) => {
            out.flag(
                "--model-path",
                format!("{}.gguf", basis.converted()),
                format!("A GGUF file of the model in {label}."),
            )
            .flag("--load-format", "gguf", "The file is a GGUF.")
            .flag("--quantization", "gguf", "Its weights stay quantised.");
        }
        Some(_) if basis.plain() && basis.plain_dtype().is_some() => {
            model(out, "The model.");
            out.flag(
                "--dtype",
                basis.plain_dtype().unwrap_or("auto"),
                format!("Weights and activations in {label}."),
            );
        }
        Some("fp8") if basis.plain() => {
            model(out, "The model.");
            out.flag("--quantization", "fp8", "Weights become FP8 while they are loaded.");
        }
        Some("nf4" | "nf4-dq") if basis.plain() => {
            model(out, "The model.");
            out.flag(
                "--load-format",
                "bitsandbytes",
                "Weights are quantised while they are loaded.",
            )
            .flag("--quantization", "bitsandbytes", "They become NF4.");
        }
        Some(_) => {
            out.flag("--model-path", basis.converted(), format!("The model in {label}."))
                .note(format!(
                    "SGLang does not make {label} while loading: put a Hub repository or a folder with the model in that format in the place of {}.",
                    basis.converted()
                ));
        }
    }
}

/// SGLang's name of a cache format.
fn cache(format: KvFormat) -> Result<&'static str, String> {
    Ok(match format {
        KvFormat::Bf16 => "bf16",
        KvFormat::Fp8 => "fp8_e4m3",
        other => return Err(format!("SGLang has no {} cache.", other.label())),
    })
}
