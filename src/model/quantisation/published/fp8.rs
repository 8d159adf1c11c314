//! FP8 with scales in blocks, rows or tensors: DeepSeek's, transformers' fine-grained, FBGEMM's.
//!
//! Entries of `modules_to_not_convert` and `ignored_layers` are words of names (vLLM `is_layer_skipped`, transformers
//! `should_convert_module`). The head stays: no loader converts it.

use serde_json::Value;

use super::found::{Found, fp8, microscaled, named, nvfp4, words};
use super::settings::Settings;
use crate::model::config::{Config, whole};
use crate::model::error::ModelError;
use crate::model::format::{Format, Scales};
use crate::model::quantisation::Scope;
use crate::model::quantisation::by_module::Then;
use crate::model::quantisation::modules::{Form, Modules};
use crate::model::quantisation::parameter::group;

const HARMLESS: &[&str] = &[
    "fmt",
    "scale_fmt",
    "activation_scale_ub",
    "dequantize",
    "is_checkpoint_fp8_serialized",
    "modules_to_fuse",
    "store_dtype",
    "kv_cache_quant_algo",
    "quant_algo",
    "config_groups",
    "ignore",
    "exclude_modules",
    "quantized_layers",
    "group_size",
    "kv_cache_scheme",
    "weight_per_tensor",
    "act_per_tensor",
    "is_static",
    "lm_head",
    "dtype",
];

/// Reads it.
pub fn read(config: &Config, settings: &Settings<'_>, by_rows: bool) -> Result<Found, ModelError> {
    let own = own_experts(config, settings);
    let scales = match settings.get("weight_block_size") {
        Some(Value::Array(size)) => match size.as_slice() {
            [rows, columns] => Scales::Block {
                rows: whole("weight_block_size", rows, 1, 1 << 32)?,
                columns: whole("weight_block_size", columns, 1, 1 << 32)?,
                // DeepSeek V4 stores exponents alone as scales; V3.1 names them too but keeps them in 32 bits.
                bits: if own.is_some() { 8 } else { 32 },
            },
            _ => {
                return Err(ModelError::Inconsistent(
                    "weight_block_size must have two entries: rows and columns.".to_owned(),
                ));
            }
        },
        _ if by_rows => Scales::Row(32),
        _ => Scales::Tensor(32),
    };
    let mut found = Found::new(fp8(scales), Scope::Matrices);
    let mut kept = settings.names("modules_to_not_convert");
    kept.extend(settings.names("ignored_layers"));
    found.keep(words(&kept));
    if let Some(own) = own {
        found
            .rules
            .add(Modules::of(Form::Words, ["experts"]), Then::Format(own));
    } else {
        let lists = ["ignore", "exclude_modules"];
        found.keep(words(&lists.map(|key| settings.names(key)).concat()));
    }
    found
        .unread
        .extend(settings.unread(HARMLESS).into_iter().map(str::to_owned));
    Ok(found)
}

/// MXFP4 of routed experts (gpt-oss), MXFP8 of every matrix.
pub fn microscaling(settings: &Settings<'_>, bits: u64) -> Found {
    let scope = if bits == 4 { Scope::Experts } else { Scope::Matrices };
    let mut format = microscaled(bits, 32);
    if bits == 4 {
        format.label = "MXFP4 (experts)".into();
    }
    let mut found = Found::new(format, scope);
    let mut kept = settings.names("modules_to_not_convert");
    kept.extend(settings.names("ignored_layers"));
    found.keep(words(&kept));
    found
        .unread
        .extend(settings.unread(HARMLESS).into_iter().map(str::to_owned));
    found
}

/// Routed experts of a format of their own in a checkpoint of FP8: DeepSeek V4's `expert_dtype`, ModelOpt's
/// `moe_quant_algo`.
fn own_experts(config: &Config, settings: &Settings<'_>) -> Option<Format> {
    let by_modelopt = settings.word("moe_quant_algo");
    match (by_modelopt.as_deref(), config.text("expert_dtype")) {
        (Some("nvfp4"), _) => Some(nvfp4(16)),
        (_, Some("fp4")) => Some(named("fp4", "FP4", 4, group(32, 8))),
        _ => None,
    }
}
