//! Programs around llama.cpp, in their own words for the same settings.
//!
//! Sources: Ollama `docs/faq.md` and `docs/modelfile.md` (`OLLAMA_CONTEXT_LENGTH`, `OLLAMA_NUM_PARALLEL`,
//! `OLLAMA_FLASH_ATTENTION`, `OLLAMA_KV_CACHE_TYPE`, `num_ctx`, `num_gpu`); LM Studio `lms load --help`
//! (`--context-length`, `--gpu` as a share of the layers); KoboldCpp `--help` (`--contextsize`, `--gpulayers`,
//! `--flashattention`, `--quantkv`).

use super::draft::Draft;
use super::{Launch, quote};
use crate::hardware::FrontEnd;

/// The same as llama.cpp's own command, for a program around it.
pub(super) fn translate(own: &Launch, program: FrontEnd) -> Launch {
    let flag = |name: &str| own.flags.iter().find(|flag| flag.flag == name);
    let value = |name: &str| flag(name).map(|flag| flag.value.clone());
    let why = |name: &str| flag(name).map_or_else(String::new, |flag| flag.why.clone());
    let number = |name: &str| value(name).and_then(|text| text.parse::<u64>().ok());
    let slots = number("-np").unwrap_or(1).max(1);
    let context = number("-c").unwrap_or(0);
    let each = context / slots;
    let layers = number("-ngl").unwrap_or(0);
    let flash = value("-fa").as_deref() == Some("on");
    let cache = value("-ctk").unwrap_or_else(|| "f16".to_owned());
    let model = value("-m")
        .or_else(|| value("-hf"))
        .unwrap_or_else(|| "MODEL".to_owned());
    let mut out;
    match program {
        FrontEnd::Ollama => {
            out = Draft::new("ollama run");
            out.before(format!(
                "export OLLAMA_CONTEXT_LENGTH={each} OLLAMA_NUM_PARALLEL={slots}"
            ));
            if flash {
                out.before("export OLLAMA_FLASH_ATTENTION=1");
            }
            if matches!(cache.as_str(), "q8_0" | "q4_0") {
                out.before(format!("export OLLAMA_KV_CACHE_TYPE={cache}"));
            } else if cache != "f16" {
                out.note(format!("Ollama keeps its cache in f16, q8_0 or q4_0, not in {cache}."));
            }
            out.flag("", ollama_name(&model), "The model; a file needs `ollama create` with `FROM ./file.gguf` first.")
                .note(format!("OLLAMA_CONTEXT_LENGTH, or `PARAMETER num_ctx {each}` in a Modelfile: tokens of each of {slots} slots. The server reads these variables: set them where `ollama serve` runs."))
                .note(format!("`PARAMETER num_gpu {layers}` in a Modelfile sets the layers on the device; without it Ollama chooses. {}", why("-ngl")));
        }
        FrontEnd::LmStudio => {
            out = Draft::new("lms load");
            out.flag("", &model, "The model, as `lms ls` names it.")
                .flag("--context-length", context, why("-c"))
                .flag("--gpu", share(own, layers), why("-ngl"));
            if cache != "f16" {
                out.note(format!(
                    "K and V cache quantisation to {cache} is a setting of the model in the app."
                ));
            }
        }
        FrontEnd::KoboldCpp => {
            out = Draft::new("koboldcpp");
            out.flag("--model", &model, "The file.")
                .flag("--contextsize", context, why("-c"))
                .flag("--gpulayers", layers, why("-ngl"))
                .switch_if(flash, "--flashattention", why("-fa"));
            match cache.as_str() {
                "q8_0" => drop(out.flag("--quantkv", 1, "Keys and values in 8 bits.")),
                "q4_0" => drop(out.flag("--quantkv", 2, "Keys and values in 4 bits.")),
                "f16" => {}
                other => drop(out.note(format!(
                    "KoboldCpp keeps its cache in f16, q8_0 or q4_0, not in {other}."
                ))),
            }
        }
    }
    if let Some(experts) = number("--n-cpu-moe") {
        match program {
            FrontEnd::KoboldCpp => drop(out.flag("--moecpu", experts, why("--n-cpu-moe"))),
            _ => drop(out.note(format!(
                "The estimate leaves the experts of {experts} layers in RAM; {} has no option for that.",
                program.label()
            ))),
        }
    }
    let mut made = out.finish();
    made.notes.extend(own.notes.iter().map(|note| quote::clean(note)));
    made
}

/// A file or repository as Ollama names it.
fn ollama_name(model: &str) -> String {
    if model.contains('/') && !model.ends_with(".gguf") {
        format!("hf.co/{model}")
    } else {
        model
            .rsplit('/')
            .next()
            .unwrap_or(model)
            .trim_end_matches(".gguf")
            .to_lowercase()
    }
}

/// `max`, `off`, or the share of the layers on the device.
fn share(own: &Launch, layers: u64) -> String {
    let all = own
        .flags
        .iter()
        .find(|flag| flag.flag == "-ngl")
        .map_or("", |flag| flag.why.as_str());
    if layers == 0 {
        return "off".to_owned();
    }
    // "12 of 33 layers lie on the device": the estimate's own words hold the total.
    let total = all
        .split_once(" of ")
        .and_then(|(_, rest)| rest.split(' ').next()?.parse::<u64>().ok());
    match total {
        Some(total) if layers < total => format!("{:.2}", layers as f64 / total as f64),
        _ => "max".to_owned(),
    }
}
