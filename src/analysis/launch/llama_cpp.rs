//! llama.cpp.
//!
//! Options: `tools/server/README.md` (`-m`, `-hf`, `-ngl`, `--n-cpu-moe`, `-c`, `-np`, `-fa`, `-ctk`, `-ctv`, `-sm`,
//! `-ts`). The output layer counts among the layers of `-ngl`: a model of 32 has 33 (`llama_model::load_tensors`). The
//! context of `-c` is shared by the slots of `-np`. Quantised values need flash attention (`llama_context`).

use super::Launch;
use super::basis::Basis;
use super::draft::Draft;
use crate::analysis::placement::Unit;
use crate::model::Component;
use crate::scenario::{AttentionKernel, KvFormat};
use crate::units::grouped;

/// Most devices whose shares are listed.
const MOST_LISTED: u64 = 16;

pub(super) fn launch(basis: &Basis<'_>) -> Result<Launch, String> {
    let (setup, layout) = (basis.setup, basis.layout());
    if layout.pipeline > 1 || layout.expert > 1 || layout.attention_dp {
        return Err("llama.cpp shares a model by layers or by tensors, in no other way.".to_owned());
    }
    let mut out = Draft::new("llama-server");
    model(basis, &mut out);
    let layers = setup.blueprint.layers.value;
    let processor = basis.device().is_some_and(|device| device.is_processor());
    let all = layers.saturating_add(1);
    match basis.plan {
        _ if processor => {
            out.flag("-ngl", 0, "Everything runs on the processor.");
        }
        Some(plan) if plan.unit == Unit::Layers => {
            let whole = plan.share.embedding_and_head > 0.0;
            let on_device = if whole {
                0
            } else {
                all.saturating_sub(plan.layers_in_ram)
            };
            out.flag(
                "-ngl",
                on_device,
                format!(
                    "{} of {layers} layers lie on the device, the rest in RAM, where the processor computes them.",
                    layers.saturating_sub(plan.layers_in_ram)
                ),
            );
        }
        plan => {
            out.flag(
                "-ngl",
                all,
                format!("All {layers} layers and the output lie on the device."),
            );
            if let Some(plan) = plan {
                out.flag(
                    "--n-cpu-moe",
                    first_layers(basis, plan.layers_in_ram),
                    format!(
                        "The experts of the first {} layers that have any stay in RAM, where the processor computes them.",
                        plan.layers_in_ram
                    ),
                );
            }
        }
    }
    let block = setup.engine.block().max(1);
    let each = basis.tokens.div_ceil(block).saturating_mul(block);
    let why = if basis.sequences > 1 {
        format!(
            "{} tokens for each of {} slots. {}",
            grouped(each),
            basis.sequences,
            basis.why_tokens()
        )
    } else {
        basis.why_tokens()
    };
    out.flag("-c", each.saturating_mul(basis.sequences), why)
        .flag("-np", basis.sequences, basis.why_sequences());
    cache(basis, &mut out)?;
    if !setup.media.seen.is_empty() {
        out.note("Images and sound need the projector file of the model beside it: add `--mmproj FILE` (`-hf` finds it by itself).");
    }
    if layout.devices > 1 {
        if layout.by_layers {
            out.flag("-sm", "layer", "Each device holds whole layers and their cache.");
        } else {
            out.flag("-sm", "tensor", "Each device holds a slice of every layer and of the cache; experimental.")
                .note("Older builds have no `-sm tensor`; their `-sm row` keeps the cache on one device, which is not estimated.");
        }
        if !setup.members.is_empty() {
            let items = setup.members.iter().map(|member| member.items().to_string());
            let why = if setup.scenario.hardware.tensor_split.is_empty() {
                "Layers of each device, the output counted as one, in the order that CUDA lists them; by default llama.cpp deals them out by free memory."
            } else {
                "Layers of each device, the output counted as one, as chosen."
            };
            out.flag("-ts", items.collect::<Vec<_>>().join(","), why);
            return Ok(out.finish());
        }
        let shares = vec!["1"; usize::try_from(layout.devices.min(MOST_LISTED)).unwrap_or(1)];
        out.flag_if(layout.devices <= MOST_LISTED, "-ts", shares.join(","), "Equal shares.");
    }
    Ok(out.finish())
}

/// The file.
fn model(basis: &Basis<'_>, out: &mut Draft) {
    let label = basis.setup.weights.format.label.as_ref();
    // Names of files have no spaces; `MXFP4 MoE` is found by its first word.
    let quant = label.split(' ').next().unwrap_or(label);
    let lower = basis.model.to_ascii_lowercase();
    if lower.ends_with(".gguf") {
        out.flag("-m", &basis.model, "The file.");
    } else if lower.ends_with("-gguf") && basis.model.contains('/') {
        out.flag(
            "-hf",
            format!("{}:{quant}", basis.model),
            "The Hub repository and which of its files.",
        );
    } else {
        let file = format!("{}-{quant}.gguf", basis.stem());
        out.flag("-m", &file, format!("The model in {label}, as a GGUF file.")).note(format!(
            "Get {file} from a GGUF repository of the Hub (`-hf OWNER/NAME-GGUF:{quant}` loads one), or make it: `convert_hf_to_gguf.py`, then `llama-quantize`."
        ));
    }
}

/// The format of keys and values, and the kernel they need.
fn cache(basis: &Basis<'_>, out: &mut Draft) -> Result<(), String> {
    let (keys, values) = (basis.cache(), basis.values().or(basis.cache()));
    let flash = basis.setup.scenario.assumptions.attention != AttentionKernel::Eager;
    let plain =
        |format: Option<KvFormat>| matches!(format, None | Some(KvFormat::Fp16 | KvFormat::Bf16 | KvFormat::Fp32));
    if !flash && !plain(values) {
        return Err("llama.cpp quantises cached values only with flash attention.".to_owned());
    }
    let why = if plain(values) {
        "Scores of attention are not written to memory."
    } else {
        "Scores of attention are not written to memory; quantised values need it."
    };
    if flash {
        out.flag("-fa", "on", why);
    } else {
        out.flag(
            "-fa",
            "off",
            "Attention scores are written to memory (no flash attention), as chosen.",
        );
    }
    if let Some(format) = keys {
        out.flag("-ctk", cache_type(format)?, "Number format of cached keys.");
    }
    if let Some(format) = values {
        out.flag("-ctv", cache_type(format)?, "Number format of cached values.");
    }
    Ok(())
}

/// llama.cpp's name of a cache format (`-ctk`, allowed values).
fn cache_type(format: KvFormat) -> Result<&'static str, String> {
    Ok(match format {
        KvFormat::Fp32 => "f32",
        KvFormat::Fp16 => "f16",
        KvFormat::Bf16 => "bf16",
        KvFormat::Q8_0 | KvFormat::Q5_1 | KvFormat::Q5_0 | KvFormat::Q4_1 | KvFormat::Q4_0 | KvFormat::Iq4Nl => {
            format.key()
        }
        other => return Err(format!("llama.cpp has no {} cache.", other.label())),
    })
}

/// How many first layers hold so many layers with experts: `--n-cpu-moe` counts layers, dense ones too.
fn first_layers(basis: &Basis<'_>, wanted: u64) -> u64 {
    let blueprint = &basis.setup.blueprint;
    let kinds = blueprint.kinds.len();
    let sparse: Vec<bool> = blueprint
        .kinds
        .iter()
        .map(|kind| {
            let mut tensors = kind.blocks.iter().flat_map(|block| block.tensors());
            tensors.any(|tensor| tensor.component == Component::Experts)
        })
        .collect();
    let has = |layers: u64| {
        let counts = blueprint.layout.count_between(0, layers, kinds);
        let found: u64 = counts
            .iter()
            .zip(&sparse)
            .filter(|(_, sparse)| **sparse)
            .map(|(count, _)| count)
            .sum();
        found >= wanted
    };
    // The count never falls, so halves find it.
    let (mut low, mut high) = (0, blueprint.layers.value);
    while low < high {
        let middle = low + (high - low) / 2;
        if has(middle) { high = middle } else { low = middle + 1 }
    }
    low
}
