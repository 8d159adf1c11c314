//! AMD Quark: a global setting, settings by name and by class of layer, and what is excluded.
//!
//! Names are globs, those of `exclude` also plain names and `re:` expressions (vLLM `quantization/quark/quark.py`). A format
//! of the cache is written down too, but vLLM takes only its scales from there and keeps 16 bits unless it is told.

use serde_json::Value;

use super::super::by_module::{Rules, Then};
use super::super::modules::{Form, Modules};
use super::super::parameter::{WHOLE_ROW, group};
use super::found::{Cache, CacheBy, Found, fp8, integers, listed, microscaled, named, nvfp4};
use super::settings::{MOST_ENTRIES, Settings};
use crate::model::error::ModelError;
use crate::model::format::{Format, Scales};
use crate::model::tensor::TensorKind;

const HARMLESS: &[&str] = &[
    "quant_mode",
    "export",
    "algo_config",
    "kv_cache_post_rope",
    "softmax_quant_spec",
    "min_kv_scale",
    "log_severity_level",
    "pack_method",
    "custom_mode",
    "weight_format",
    "kv_cache_group",
    "kv_cache_quant_config",
    "attention_quant_config",
];

/// What a module's weights become.
enum Weights {
    As(Format),
    Left,
    Unknown,
}

/// Reads it; `None` for a number format that is not known.
pub fn read(settings: &Settings<'_>) -> Result<Option<Found>, ModelError> {
    let global = settings.part("global_quant_config");
    let main = match global.as_ref().map(weights).transpose()? {
        Some(Weights::Unknown) => return Ok(None),
        Some(Weights::As(format)) => Some(format),
        _ => None,
    };
    let mut rules = Rules::reaching_the_head();
    rules.add(listed(&settings.names("exclude"), Form::Glob), Then::Kept);
    for (key, is_class) in [("layer_quant_config", false), ("layer_type_quant_config", true)] {
        let parts = settings.get(key).and_then(Value::as_object);
        for (name, own) in parts.into_iter().flatten().take(MOST_ENTRIES) {
            let Some(own) = own.as_object().map(Settings::new) else {
                continue;
            };
            let then = match weights(&own)? {
                Weights::As(format) => Then::Format(format),
                Weights::Left => Then::Kept,
                Weights::Unknown => return Ok(None),
            };
            let modules = match (is_class, name.contains("Embedding"), name.contains("Linear")) {
                (false, ..) => listed(&[name], Form::Glob),
                (true, true, _) => of(&[TensorKind::Table]),
                (true, _, true) => of(&[TensorKind::Matrix, TensorKind::Head]),
                _ => continue,
            };
            rules.add(modules, then);
        }
    }
    let Some(first) = main.clone().or_else(|| rules.formats.first().cloned()) else {
        return Ok(None);
    };
    let mut found = Found::matrices(first);
    found.rules = rules;
    found.named_only = main.is_none();
    found.head = true;
    found.cache = cache(settings);
    found
        .unread
        .extend(settings.unread(HARMLESS).into_iter().map(str::to_owned));
    Ok(Some(found))
}

fn of(kinds: &[TensorKind]) -> Modules {
    let mut all = Modules::default();
    all.kinds(kinds);
    all
}

/// FP8 outputs of keys and values.
fn cache(settings: &Settings<'_>) -> Option<Cache> {
    let export = settings.part("export");
    let listed = |part: &Settings<'_>| !part.names("kv_cache_group").is_empty();
    let named = listed(settings) || export.as_ref().is_some_and(listed);
    let own = settings.get("kv_cache_quant_config").and_then(Value::as_object);
    let outputs = own.or_else(|| {
        settings
            .get("layer_quant_config")
            .and_then(Value::as_object)
            .filter(|_| named)
    })?;
    let eight = outputs.values().any(|one| {
        let dtype = one
            .get("output_tensors")
            .and_then(|of| of.get("dtype"))
            .and_then(Value::as_str);
        dtype.is_some_and(|name| name.starts_with("fp8"))
    });
    eight.then_some(Cache {
        bits: 8,
        key: "kv_cache_quant_config",
        by: CacheBy::Quark,
    })
}

/// The `weight` of a setting; two in a list are one inside the other, FP8 scales in FP4 or INT4 in FP8.
fn weights(settings: &Settings<'_>) -> Result<Weights, ModelError> {
    let parts: Vec<Settings<'_>> = match settings.get("weight") {
        None => return Ok(Weights::Left),
        Some(Value::Array(parts)) => parts.iter().filter_map(Value::as_object).map(Settings::new).collect(),
        Some(Value::Object(part)) => vec![Settings::new(part)],
        Some(_) => return Ok(Weights::Unknown),
    };
    let narrow = parts
        .iter()
        .min_by_key(|part| bits(&part.word("dtype").unwrap_or_default()).unwrap_or(16));
    let Some(part) = narrow else { return Ok(Weights::Left) };
    let dtype = part.word("dtype").unwrap_or_default();
    if matches!(dtype.as_str(), "bfloat16" | "float16" | "float32") {
        return Ok(Weights::Left);
    }
    let Some(bits) = bits(&dtype) else {
        return Ok(Weights::Unknown);
    };
    let grouped = part.word("qscheme").as_deref() == Some("per_group");
    let rows = part.word("qscheme").as_deref() == Some("per_channel");
    let size = part.group(&["group_size"], if grouped { 32 } else { WHOLE_ROW })?;
    let exponents = part.word("scale_format").as_deref() == Some("e8m0");
    let symmetric = part.get("symmetric").and_then(Value::as_bool).unwrap_or(true);
    let float = dtype.starts_with("fp") || dtype.starts_with("mx");
    Ok(Weights::As(match (float, bits) {
        (true, 4) if parts.len() > 1 || size == 16 => nvfp4(size.min(32)),
        (true, _) if exponents || dtype.starts_with("mx") || bits < 8 => microscaled(bits, size.min(32)),
        (true, _) if grouped => named("fp8", "FP8", 8, group(size, 32)),
        (true, _) => fp8(if rows { Scales::Row(32) } else { Scales::Tensor(32) }),
        (false, bits) if grouped => integers(
            &format!("INT{bits}"),
            bits,
            size,
            if symmetric { 16 } else { 16 + bits },
        ),
        (false, bits) if rows => integers(&format!("INT{bits}"), bits, WHOLE_ROW, 32),
        (false, bits) => named(
            if bits > 4 { "int8" } else { "int4" },
            format!("INT{bits}"),
            bits,
            Scales::Tensor(32),
        ),
    }))
}

fn bits(dtype: &str) -> Option<u64> {
    Some(match dtype {
        "fp8_e4m3" | "fp8_e5m2" | "int8" | "uint8" | "mxfp8" | "fp8" | "mxfp8_e4m3" | "mx8" => 8,
        "fp6_e3m2" | "fp6_e2m3" | "mxfp6" | "mx6" | "mxfp6_e3m2" | "mxfp6_e2m3" => 6,
        "int4" | "uint4" | "fp4" | "mxfp4" | "fp4_e2m1" => 4,
        "int3" | "uint3" => 3,
        "int2" | "uint2" => 2,
        _ => return None,
    })
}
