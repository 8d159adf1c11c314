//! NVIDIA ModelOpt: one algorithm, or one for each module; in `quantization_config` or in `hf_quant_config.json`.
//!
//! vLLM (`quantization/modelopt.py`) takes an entry of `exclude_modules`, or `ignore`, as the name of a module, as part of a
//! name, and as a glob over it. `quantized_layers` names the modules of a mixture; nothing else is converted.

use serde_json::Value;

use super::super::by_module::{Rules, Then};
use super::super::modules::{Form, Modules};
use super::super::parameter::{WHOLE_ROW, group};
use super::found::{Cache, CacheBy, Found, fp8, fp8_blocks, integers, listed, microscaled, named, nvfp4};
use super::settings::{MOST_ENTRIES, Settings};
use crate::model::component::Component;
use crate::model::error::ModelError;
use crate::model::format::{Format, Scales};

const HARMLESS: &[&str] = &[
    "has_zero_point",
    "pre_quant_scale",
    "kv_cache_group_size",
    "smoothquant_val",
    "clamp_val",
    "config_groups",
    "block_size",
];

/// Reads it; `None` for an algorithm that is not known.
pub fn read(settings: &Settings<'_>) -> Result<Option<Found>, ModelError> {
    let nested = settings.part("quantization");
    let of = nested.as_ref().unwrap_or(settings);
    let algorithm = of.word("quant_algo").unwrap_or_default();
    let mut found = match algorithm.as_str() {
        "mixed_precision" => match mixed(of)? {
            Some(found) => found,
            None => return Ok(None),
        },
        name => match format(name, of)? {
            Some(format) => Found::matrices(format),
            None => return Ok(None),
        },
    };
    let mut kept = of.names("exclude_modules");
    kept.extend(of.names("ignore"));
    kept.extend(settings.names("exclude_modules"));
    // A list says which head is left; without one it is left, as every recipe has it.
    found.head = !kept.is_empty();
    found.rules.head = true;
    let globs = listed(&kept, Form::Glob);
    let plain: Vec<&str> = kept
        .iter()
        .copied()
        .filter(|name| !name.contains('*') && !name.starts_with("re:"))
        .collect();
    let mut first = Rules::reaching_the_head();
    first.add(globs, Then::Kept);
    first.add(Modules::of(Form::Words, plain), Then::Kept);
    // vLLM leaves towers alone whatever the list says.
    let mut towers = Modules::default();
    towers.components(&[Component::Vision]);
    first.add(towers, Then::Kept);
    found.rules = first.before(found.rules);
    found.cache = cache(of).or_else(|| cache(settings));
    let unread = |part: &Settings<'_>| part.unread(HARMLESS).into_iter().map(str::to_owned).collect::<Vec<_>>();
    found.unread.extend(unread(settings));
    found.unread.extend(nested.as_ref().map(unread).unwrap_or_default());
    Ok(Some(found))
}

/// vLLM (`utils/torch_utils.py`, `get_kv_cache_quant_algo_string`): static FP8, and FP4; others count as none.
fn cache(settings: &Settings<'_>) -> Option<Cache> {
    let prescribed = |bits, key| {
        Some(Cache {
            bits,
            key,
            by: CacheBy::ModelOpt,
        })
    };
    if let Some(scheme) = settings.part("kv_cache_scheme") {
        let float = scheme.word("type").as_deref() == Some("float");
        let bits = scheme.get("num_bits").and_then(Value::as_u64);
        let fixed = scheme.get("dynamic").and_then(Value::as_bool) == Some(false);
        return match bits {
            Some(8) if float && fixed => prescribed(8, "kv_cache_scheme"),
            Some(4) if float => prescribed(4, "kv_cache_scheme"),
            _ => None,
        };
    }
    match settings.word("kv_cache_quant_algo").as_deref() {
        Some("fp8") => prescribed(8, "kv_cache_quant_algo"),
        Some("nvfp4") => prescribed(4, "kv_cache_quant_algo"),
        _ => None,
    }
}

/// The format of an algorithm (TensorRT-LLM `quantization/mode.py`, `QuantAlgo`; ModelOpt's export).
fn format(algorithm: &str, settings: &Settings<'_>) -> Result<Option<Format>, ModelError> {
    let size = |otherwise| settings.group(&["group_size", "awq_block_size", "block_size"], otherwise);
    Ok(Some(match algorithm {
        "fp8" => fp8(Scales::Tensor(64)),
        "fp8_per_channel_per_token" | "fp8_pc_pt" => fp8(Scales::Row(32)),
        "fp8_pb_wo" | "fp8_block_scales" | "fp8_pb_real" => fp8_blocks(128, 128),
        "nvfp4" | "nvfp4_awq" | "nvfp4_awq_lite" | "nvfp4_svdquant" | "w4a16_nvfp4" | "w4a8_nvfp4_fp8"
        | "nvfp4_arc" => nvfp4(size(16)?.min(32)),
        "mxfp8" => microscaled(8, 32),
        "mxfp4" | "w4a16_mxfp4" | "w4a8_mxfp4_fp8" | "w4a8_mxfp4_mxfp8" => microscaled(4, 32),
        "w4a16_awq" | "w4a8_awq" | "int4_awq" => integers("INT4 AWQ", 4, size(128)?, 16),
        "w4a16_gptq" => integers("INT4 GPTQ", 4, size(128)?, 20),
        "w4a16" | "w4a8_qserve_per_channel" => integers("INT4", 4, WHOLE_ROW, 16),
        "w4a8_qserve_per_group" => named("int4", "INT4 (QServe)", 4, group(size(128)?, 16)),
        "w8a16" | "w8a16_gptq" | "int8_wo" => integers("INT8", 8, WHOLE_ROW, 16),
        "int8"
        | "int8_sq"
        | "w8a8_sq_per_channel"
        | "w8a8_sq_per_tensor_plugin"
        | "w8a8_sq_per_channel_per_token_plugin" => integers("INT8", 8, WHOLE_ROW, 32),
        _ => return Ok(None),
    }))
}

/// A mixture: `quantized_layers` by module, or groups with their targets.
fn mixed(settings: &Settings<'_>) -> Result<Option<Found>, ModelError> {
    let mut by_format: Vec<(Format, Vec<&str>)> = Vec::new();
    let layers = settings.get("quantized_layers").and_then(Value::as_object);
    for (module, own) in layers.into_iter().flatten().take(MOST_ENTRIES) {
        let Some(own) = own.as_object().map(Settings::new) else {
            continue;
        };
        let algorithm = own.word("quant_algo").unwrap_or_default();
        let Some(format) = format(&algorithm, &own)? else {
            return Ok(None);
        };
        match by_format.iter_mut().find(|(known, _)| *known == format) {
            Some((_, modules)) => modules.push(module),
            None => by_format.push((format, vec![module])),
        }
    }
    let groups = settings
        .get("config_groups")
        .and_then(Value::as_object)
        .filter(|_| by_format.is_empty());
    for group in groups.into_iter().flat_map(serde_json::Map::values).take(256) {
        let Some(group) = group.as_object().map(Settings::new) else {
            continue;
        };
        let Some(weights) = group.part("weights") else { continue };
        let format = match weights.bits(&["num_bits"], 8)? {
            4 => nvfp4(weights.group(&["group_size"], 16)?.min(32)),
            8 if weights.get("group_size").is_some() => microscaled(8, 32),
            8 => fp8(Scales::Tensor(64)),
            _ => return Ok(None),
        };
        by_format.push((format, group.names("targets")));
    }
    let Some((most, _)) = by_format.iter().max_by_key(|(_, modules)| modules.len()) else {
        return Ok(None);
    };
    let mut found = Found::matrices(most.clone());
    found.named_only = true;
    for (format, modules) in by_format {
        found.rules.add(listed(&modules, Form::Around), Then::Format(format));
    }
    Ok(Some(found))
}
