//! AutoRound: `extra_config` and `block_name_to_quantize`.
//!
//! As `auto_round/inference/convert_model.py` does it: what lies in the named blocks is converted; `extra_config` changes
//! single modules by name, then by expression anywhere in a name, in its order; 16 bits leave a module alone.

use serde_json::Value;

use super::super::super::error::ModelError;
use super::super::super::format::{Format, Scales};
use super::super::by_module::Then;
use super::super::modules::{Form, Modules};
use super::super::parameter::group;
use super::found::{Found, fp8, fp8_blocks, microscaled, named, nvfp4};
use super::settings::{MOST_ENTRIES, Settings};

const HARMLESS: &[&str] = &[
    "sym",
    "act_bits",
    "act_data_type",
    "act_dynamic",
    "act_group_size",
    "act_sym",
    "amp",
    "autoround_version",
    "backend",
    "packing_format",
    "batch_size",
    "dataset",
    "enable_minmax_tuning",
    "enable_norm_bias_tuning",
    "enable_quanted_input",
    "gradient_accumulate_steps",
    "iters",
    "low_gpu_mem_usage",
    "lr",
    "minmax_lr",
    "nsamples",
    "seqlen",
    "scale_dtype",
    "super_bits",
    "super_group_size",
    "damp_percent",
    "desc_act",
    "true_sequential",
    "static_groups",
    "provider",
    "seed",
    "enable_alg_ext",
    "supported_types",
    "quant_lm_head",
    "act_scale_dtype",
    "transform_config",
    "rotation_config",
    "enable_torch_compile",
    "to_quant_block_names",
    "iters_per_block",
    "momentum",
    "nblocks",
    "not_use_best_mse",
    "scheme",
];

struct Scheme {
    bits: u64,
    size: u64,
    kind: String,
}

/// Reads it.
pub fn read(settings: &Settings<'_>) -> Result<Found, ModelError> {
    let main = scheme(settings, None)?;
    let mut found = Found::matrices(format(&main));
    found.towers = false;
    found.rules.head = true;
    let extra = settings.get("extra_config").and_then(Value::as_object);
    let mut patterns = Vec::new();
    for (name, own) in extra.into_iter().flatten().take(MOST_ENTRIES) {
        let Some(own) = own.as_object().filter(|own| !own.is_empty()) else {
            continue;
        };
        let own = scheme(&Settings::new(own), Some(&main))?;
        let then = if own.bits >= 16 {
            Then::Kept
        } else {
            Then::Format(format(&own))
        };
        // What is no whole name is an expression, which may match anywhere.
        if name.contains(['*', '\\', '(', '[', '+', '^', '$', '|', '?']) {
            patterns.push((name, then));
        } else if name.contains(|sign: char| sign.is_ascii_digit()) || !name.contains('.') && name.contains("head") {
            found.rules.join(Form::Whole, name, &then);
        } else {
            found.rules.join(Form::Whole, name, &then);
            found.rules.join(Form::Part, name, &then);
        }
    }
    for (pattern, then) in patterns {
        let mut modules = Modules::default();
        modules.regex(pattern, true);
        found.rules.add(modules, then);
    }
    let lists = ["block_name_to_quantize", "to_quant_block_names"];
    let blocks = lists
        .map(|key| settings.names(key))
        .into_iter()
        .find(|names| !names.is_empty());
    if let Some(blocks) = blocks {
        found.towers = true;
        found.keep(Modules::of(Form::Around, blocks.iter().copied()).all_others());
    }
    let inside = settings.names("modules_in_block_to_quantize");
    if !inside.is_empty() {
        let mut modules = Modules::default();
        for one in inside {
            modules.regex(one, true);
        }
        found.keep(modules.all_others());
    }
    found.keep(Modules::of(Form::Part, settings.names("modules_to_not_convert")));
    found
        .unread
        .extend(settings.unread(HARMLESS).into_iter().map(str::to_owned));
    Ok(found)
}

fn scheme(settings: &Settings<'_>, main: Option<&Scheme>) -> Result<Scheme, ModelError> {
    let kind = settings.word("data_type");
    Ok(Scheme {
        bits: settings.number(&["bits"], main.map_or(4, |main| main.bits), 1, 32)?,
        size: settings.group(&["group_size"], main.map_or(128, |main| main.size))?,
        kind: kind.unwrap_or_else(|| main.map_or_else(|| "int".to_owned(), |main| main.kind.clone())),
    })
}

fn format(scheme: &Scheme) -> Format {
    let (bits, size) = (scheme.bits, scheme.size);
    match scheme.kind.as_str() {
        kind if kind.starts_with("nv_fp") => nvfp4(16),
        kind if kind.starts_with("mx_fp") => microscaled(bits, size.min(32)),
        kind if kind.starts_with("fp") && size == 128 => fp8_blocks(128, 128),
        kind if kind.starts_with("fp") => fp8(Scales::Row(32)),
        // Packed as GPTQ packs, zero points included, but for the order of inputs.
        _ => named("gptq", format!("AutoRound {bits}-bit"), bits, group(size, 16 + bits)),
    }
}
