//! transformers, as a Python script.
//!
//! Arguments: huggingface.co/docs/transformers, `PreTrainedModel.from_pretrained` (`dtype`, `device_map`, `max_memory`,
//! `tp_plan`, `attn_implementation`, `quantization_config`), "Quantization" (`BitsAndBytesConfig`, `HqqConfig`,
//! `FineGrainedFP8Config`), "Cache strategies" (`cache_implementation="quantized"`), "Distributed inference" (`torchrun`).

use super::basis::{Basis, tenths_of_gib};
use super::quote::python;
use super::{Flag, Language, Launch};
use crate::model::quantisation::{WeightFileKind, choice};
use crate::scenario::{AttentionKernel, KvFormat};

pub(super) fn launch(basis: &Basis<'_>) -> Result<Launch, String> {
    let (setup, layout) = (basis.setup, basis.layout());
    if layout.pipeline > 1 || layout.expert > 1 || layout.attention_dp {
        return Err("transformers shares a model by tensors or by layers, in no other way.".to_owned());
    }
    let mut flags: Vec<Flag> = Vec::new();
    let mut notes = vec!["Before version 4.56 the argument `dtype` was called `torch_dtype`.".to_owned()];
    let mut add = |flag: &'static str, value: String, why: String| flags.push(Flag { flag, value, why });
    let weights = weights(basis, &mut notes);
    if let Some((name, revision)) = basis.revision.as_ref().map(|revision| ("revision", revision)) {
        add(name, python(revision), "The revision the estimate is of.".to_owned());
    }
    let dtype = basis.plain_dtype().unwrap_or(match setup.weights.base.id.as_ref() {
        "fp32" => "float32",
        "fp16" => "float16",
        _ => "bfloat16",
    });
    add(
        "dtype",
        format!("torch.{dtype}"),
        "What is not quantised, and activations.".to_owned(),
    );
    if layout.tensor > 1 {
        add(
            "tp_plan",
            python("auto"),
            "Each device holds a slice of every layer.".to_owned(),
        );
        notes.push(format!(
            "Save it as run.py and start it with `torchrun --nproc-per-node {} run.py`.",
            layout.tensor
        ));
    } else {
        let map = if layout.devices > 1 { "balanced" } else { "auto" };
        add(
            "device_map",
            python(map),
            "Whole layers are placed on the device first, then in RAM.".to_owned(),
        );
        if let Some(plan) = basis.plan {
            let moved = plan.host_bytes.div_ceil(layout.devices.max(1));
            let whole = basis.analysis.ranks.fullest().map_or(0, |rank| rank.weights_bytes);
            let held = whole.saturating_sub(moved);
            let each: Vec<String> = (0..layout.devices.min(16))
                .map(|device| format!("{device}: {}", python(&format!("{}GiB", below(held)))))
                .collect();
            let host = python(&format!(
                "{}GiB",
                tenths_of_gib(plan.host_bytes.saturating_mul(11) / 10)
            ));
            add(
                "max_memory",
                format!("{{{}, \"cpu\": {host}}}", each.join(", ")),
                "Weights beyond the first figure stay in RAM and are copied for each pass; the rest of the device is for cache and activations.".to_owned(),
            );
        }
    }
    let (kernel, why) = match setup.scenario.assumptions.attention {
        AttentionKernel::Flash | AttentionKernel::Sdpa => ("sdpa", "A fused kernel: scores are not written to memory."),
        AttentionKernel::Eager => ("eager", "Scores of attention are written to memory."),
    };
    add("attn_implementation", python(kernel), why.to_owned());
    if let Some((name, value, why)) = &weights.argument {
        add(name, value.clone(), why.clone());
    }
    let cache = cache(basis)?;
    let command = script(&weights, &flags, basis, cache);
    if let Some(cache) = cache {
        flags.push(Flag {
            flag: "cache_implementation",
            value: cache.to_owned(),
            why: "The cache is quantised.".to_owned(),
        });
    }
    flags.push(Flag {
        flag: "max_new_tokens",
        value: setup.scenario.generated().max(1).to_string(),
        why: "Tokens written after each prompt.".to_owned(),
    });
    flags.insert(
        0,
        Flag {
            flag: "",
            value: weights.model,
            why: "The model.".to_owned(),
        },
    );
    Ok(Launch {
        command,
        language: Language::Python,
        flags,
        notes,
    })
}

/// The model and what makes its format of it.
struct Weights {
    model: String,
    import: Option<&'static str>,
    argument: Option<(&'static str, String, String)>,
}

fn weights(basis: &Basis<'_>, notes: &mut Vec<String>) -> Weights {
    let label = &basis.setup.weights.format.label;
    let plain = |import, argument| Weights {
        model: basis.model.clone(),
        import,
        argument,
    };
    let config = |import: &'static str, arguments: &str, why: &str| {
        let value = format!("{import}({arguments})");
        plain(Some(import), Some(("quantization_config", value, why.to_owned())))
    };
    let loading = "Weights are quantised while they are loaded.";
    match basis.asked() {
        None => plain(None, None),
        Some(_) if basis.plain() && basis.plain_dtype().is_some() => plain(None, None),
        Some("nf4") if basis.plain() => config(
            "BitsAndBytesConfig",
            "load_in_4bit=True, bnb_4bit_quant_type=\"nf4\", bnb_4bit_compute_dtype=torch.bfloat16",
            loading,
        ),
        Some("nf4-dq") if basis.plain() => config(
            "BitsAndBytesConfig",
            "load_in_4bit=True, bnb_4bit_quant_type=\"nf4\", bnb_4bit_use_double_quant=True, bnb_4bit_compute_dtype=torch.bfloat16",
            loading,
        ),
        Some("bnb-int8") if basis.plain() => config("BitsAndBytesConfig", "load_in_8bit=True", loading),
        Some("fp8") if basis.plain() => config("FineGrainedFP8Config", "", loading),
        Some("hqq-8") if basis.plain() => config("HqqConfig", "nbits=8, group_size=64", loading),
        Some("hqq-4") if basis.plain() => config("HqqConfig", "nbits=4, group_size=64", loading),
        Some(format) if choice(format).is_some_and(|one| one.container == WeightFileKind::Gguf) => {
            let file = format!("{}-{label}.gguf", basis.stem());
            notes.push(format!(
                "Put the name of a GGUF file of that repository in the place of {file}."
            ));
            plain(
                None,
                Some(("gguf_file", python(&file), "The file to unpack.".to_owned())),
            )
        }
        Some(_) => {
            notes.push(format!(
                "transformers does not make {label} while loading: put a Hub repository or a folder with the model in that format in the place of {}.",
                basis.converted()
            ));
            Weights {
                model: basis.converted(),
                import: None,
                argument: None,
            }
        }
    }
}

/// How the cache is quantised (`QuantizedCache`; the back end HQQ has 8 and 4 bits).
fn cache(basis: &Basis<'_>) -> Result<Option<&'static str>, String> {
    if basis.values().is_some_and(|values| Some(values) != basis.cache()) {
        return Err("transformers keeps keys and values in one format.".to_owned());
    }
    match basis.cache() {
        None | Some(KvFormat::Bf16 | KvFormat::Fp16 | KvFormat::Fp32) => Ok(None),
        Some(KvFormat::Int8) => Ok(Some("\"quantized\", cache_config={\"backend\": \"hqq\", \"nbits\": 8}")),
        Some(other) => Err(format!("transformers has no {} cache.", other.label())),
    }
}

fn script(weights: &Weights, flags: &[Flag], basis: &Basis<'_>, cache: Option<&'static str>) -> String {
    let import = weights.import.map_or_else(String::new, |name| format!(", {name}"));
    let model = python(&weights.model);
    let arguments: String = flags
        .iter()
        .map(|flag| format!("    {}={},\n", flag.flag, flag.value))
        .collect();
    let revision = basis
        .revision
        .as_ref()
        .map_or_else(String::new, |revision| format!(", revision={}", python(revision)));
    let cache = cache.map_or_else(String::new, |cache| format!(", cache_implementation={cache}"));
    let generated = basis.setup.scenario.generated().max(1);
    let sequences = basis.sequences;
    format!(
        "import torch
from transformers import AutoModelForCausalLM, AutoTokenizer{import}

model = AutoModelForCausalLM.from_pretrained(
    {model},
{arguments})
tokenizer = AutoTokenizer.from_pretrained({model}{revision})
tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
tokenizer.padding_side = \"left\"
prompts = [\"Why is the sky blue?\"] * {sequences}
inputs = tokenizer(prompts, return_tensors=\"pt\", padding=True).to(model.device)
with torch.inference_mode():
    answers = model.generate(**inputs, max_new_tokens={generated}{cache})
print(tokenizer.batch_decode(answers, skip_special_tokens=True)[0])"
    )
}

/// GiB, to the tenth below, at least a tenth.
fn below(bytes: u64) -> String {
    let tenths = (u128::from(bytes) * 10 / (1 << 30)).max(1);
    format!("{}.{}", tenths / 10, tenths % 10)
}
