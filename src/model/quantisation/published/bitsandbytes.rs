//! bitsandbytes, with and without a method name.
//!
//! transformers (`quantizers/auto.py`) takes `load_in_4bit` or `load_in_8bit` for it where no method is named. Entries of
//! `llm_int8_skip_modules` are words of names (vLLM `is_layer_skipped_bnb`, transformers `should_convert_module`).

use super::found::{Found, named};
use super::settings::Settings;
use crate::model::error::ModelError;
use crate::model::format::Scales;
use crate::model::quantisation::choice;

const HARMLESS: &[&str] = &[
    "load_in_4bit",
    "_load_in_4bit",
    "bnb_4bit_compute_dtype",
    "bnb_4bit_quant_storage",
    "llm_int8_threshold",
    "llm_int8_enable_fp32_cpu_offload",
    "modules_to_save",
];

/// Reads it.
pub fn read(settings: &Settings<'_>) -> Result<Option<Found>, ModelError> {
    let eight = settings.flag("load_in_8bit") || settings.flag("_load_in_8bit");
    let double = settings.flag("bnb_4bit_use_double_quant");
    let id = match (eight, double) {
        (true, _) => "bnb-int8",
        (_, true) => "nf4-dq",
        _ => "nf4",
    };
    let Some(mut found) = choice(id).map(Found::from) else {
        return Ok(None);
    };
    let kind = settings.word("bnb_4bit_quant_type");
    if eight && settings.flag("llm_int8_has_fp16_weight") {
        found.format = named("fp16", "FP16", 16, Scales::None);
    } else if !eight && kind.as_deref() == Some("fp4") {
        found.format.label = found.format.label.replace("NF4", "FP4").into();
    }
    let listed = settings
        .get("llm_int8_skip_modules")
        .map(|_| settings.names("llm_int8_skip_modules"));
    found.keep_words(listed.as_deref());
    found
        .unread
        .extend(settings.unread(HARMLESS).into_iter().map(str::to_owned));
    Ok(Some(found))
}
