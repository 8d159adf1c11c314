//! GPTQ: `dynamic` rules, `modules_in_block_to_quantize`, `lm_head`.
//!
//! Read as GPTQModel (`quantization/config.py`, `_resolve_dynamic_override`) and vLLM (`quantization/utils/gptq_utils.py`)
//! read it: of `dynamic` the first expression that matches from the beginning of a name decides, `-:` leaves the module alone,
//! `+:` or nothing changes its bits and group. Only what is inside the layers is converted, the head where `lm_head` says so.

use serde_json::Value;

use super::super::super::error::ModelError;
use super::super::super::format::{Format, Scales};
use super::super::by_module::Then;
use super::super::modules::{Form, Modules};
use super::found::{Found, named};
use super::settings::{MOST_ENTRIES, Settings};

const HARMLESS: &[&str] = &[
    "sym",
    "desc_act",
    "static_groups",
    "damp_percent",
    "damp_auto_increment",
    "true_sequential",
    "model_name_or_path",
    "model_file_base_name",
    "pack_dtype",
    "checkpoint_format",
    "format",
    "use_exllama",
    "exllama_config",
    "max_input_length",
    "dataset",
    "tokenizer",
    "batch_size",
    "pad_token_id",
    "use_cuda_fp16",
    "model_seqlen",
    "backend",
    "cache_block_outputs",
    "module_name_preceding_first_block",
    "is_marlin_format",
    "hyb_act",
    "mse",
    "act_group_aware",
    "fail_safe",
    "failsafe",
    "offload_to_disk",
    "block_name_to_quantize",
    "autoround_version",
    "iters",
    "lr",
    "nsamples",
    "seqlen",
    "low_gpu_mem_usage",
    "enable_quanted_input",
    "minmax_lr",
    "data_type",
    "scale_dtype",
    "gradient_accumulate_steps",
    "provider",
    "hessian",
    "enable_minmax_tuning",
    "enable_norm_bias_tuning",
    "amp",
    "act_bits",
    "act_data_type",
    "act_dynamic",
    "act_group_size",
    "act_sym",
    "super_bits",
    "super_group_size",
    "use_exllama_v2",
    "disable_exllama",
    "inject_fused_attention",
];

/// Reads it.
pub fn read(settings: &Settings<'_>) -> Result<Found, ModelError> {
    let main = (settings.bits(&["bits"], 4)?, settings.group(&["group_size"], 128)?);
    let mut found = Found::matrices(format(main));
    found.towers = false;
    found.head = settings.flag("lm_head");
    found.rules.head = found.head;
    let dynamic = settings.get("dynamic").and_then(Value::as_object);
    for (pattern, own) in dynamic.into_iter().flatten().take(MOST_ENTRIES) {
        let (left, pattern) = match pattern.strip_prefix("-:") {
            Some(rest) => (true, rest),
            None => (false, pattern.strip_prefix("+:").unwrap_or(pattern)),
        };
        let mut modules = Modules::default();
        modules.regex(pattern, false);
        let then = match own.as_object().map(Settings::new) {
            _ if left => Then::Kept,
            Some(own) if own.has("bits") || own.has("group_size") => Then::Format(format((
                own.bits(&["bits"], main.0)?,
                own.group(&["group_size"], main.1)?,
            ))),
            _ => Then::Usual,
        };
        found.rules.add(modules, then);
    }
    // Parts of names inside a layer; whatever has none of them is left alone.
    let inside = settings.names("modules_in_block_to_quantize");
    if !inside.is_empty() {
        found.keep(Modules::of(Form::Part, inside.iter().copied()).all_others());
    }
    found
        .unread
        .extend(settings.unread(HARMLESS).into_iter().map(str::to_owned));
    Ok(found)
}

/// Zero points are stored even where all are the same, and a group's number for each input.
fn format((bits, size): (u64, u64)) -> Format {
    let scales = Scales::Group {
        size,
        bits: 16 + bits,
        column_bits: 32,
        tensor_bits: 0,
    };
    named("gptq", format!("GPTQ {bits}-bit"), bits, scales)
}
