//! torchao: a class of settings with its values, or one for each module.
//!
//! transformers (`quantizers/quantizer_torchao.py`) converts linear layers but the head, which
//! `include_input_output_embeddings` adds with the token table; `ModuleFqnToConfig` names modules, `re:` expressions and
//! `_default` for the others, null for those left alone.

use std::sync::LazyLock;

use serde_json::{Map, Value};

use super::super::by_module::{Rules, Then};
use super::super::modules::{Form, Modules};
use super::super::parameter::{WHOLE_ROW, group};
use super::found::{Found, fp8, fp8_blocks, integers, microscaled, named, nvfp4, words};
use super::settings::{MOST_ENTRIES, Settings};
use crate::model::error::ModelError;
use crate::model::format::{Format, Scales};
use crate::model::tensor::TensorKind;

const HARMLESS: &[&str] = &["quant_type_kwargs", "untie_embedding_weights", "autoquant_cache"];

static NONE: LazyLock<Map<String, Value>> = LazyLock::new(Map::new);

/// Reads it; `None` for a class that is not known.
pub fn read(settings: &Settings<'_>) -> Result<Option<Found>, ModelError> {
    let kwargs = settings.part("quant_type_kwargs");
    let found = match settings.get("quant_type") {
        Some(Value::String(name)) => {
            let values = kwargs.unwrap_or_else(|| Settings::new(&NONE));
            format(name, &values)?.map(Found::matrices)
        }
        Some(Value::Object(parts)) => {
            let default = parts.get("default").unwrap_or(&Value::Null);
            of_class(default)?
        }
        _ => None,
    };
    let Some(mut found) = found else { return Ok(None) };
    if settings.flag("include_input_output_embeddings") {
        found.head = true;
        let mut table = Modules::default();
        table.kinds(&[TensorKind::Table]);
        let format = found.format.clone();
        found.rules.add(table, Then::Format(format));
    }
    let kept = settings.names("modules_to_not_convert");
    let mut first = Rules::default();
    first.add(words(&kept), Then::Kept);
    found.rules = first.before(found.rules);
    found
        .unread
        .extend(settings.unread(HARMLESS).into_iter().map(str::to_owned));
    Ok(Some(found))
}

/// `{"_type": "Int4WeightOnlyConfig", "_data": {"group_size": 128}}`.
fn class(value: &Value) -> Option<(&str, Settings<'_>)> {
    let name = value.get("_type")?.as_str()?;
    let data = value.get("_data").and_then(Value::as_object).unwrap_or(&NONE);
    Some((name, Settings::new(data)))
}

fn of_class(value: &Value) -> Result<Option<Found>, ModelError> {
    let Some((name, data)) = class(value) else {
        return Ok(None);
    };
    let by_module = ["module_fqn_to_config", "fqn_to_config"]
        .iter()
        .find_map(|key| data.get(key))
        .and_then(Value::as_object);
    let Some(by_module) = by_module else {
        return Ok(format(name, &data)?.map(Found::matrices));
    };
    let mut named = Vec::new();
    let mut default = None;
    for (module, own) in by_module.iter().take(MOST_ENTRIES) {
        let then = match class(own) {
            None if own.is_null() => Then::Kept,
            None => return Ok(None),
            Some((name, data)) => match format(name, &data)? {
                Some(format) => Then::Format(format),
                None => return Ok(None),
            },
        };
        if module == "_default" {
            default = Some(then);
        } else {
            named.push((module, then));
        }
    }
    let first = named.iter().find_map(|(_, then)| match then {
        Then::Format(format) => Some(format.clone()),
        _ => None,
    });
    let (format, named_only) = match (default, first) {
        (Some(Then::Format(format)), _) => (format, false),
        (_, Some(format)) => (format, true),
        _ => return Ok(None),
    };
    let mut found = Found::matrices(format);
    found.named_only = named_only;
    let is_regex = |name: &str| name.starts_with("re:");
    for (module, then) in named.iter().filter(|(name, _)| !is_regex(name)) {
        found.rules.join(Form::Whole, module, then);
    }
    for (module, then) in named.into_iter().filter(|(name, _)| is_regex(name)) {
        found.rules.add(words(&[module]), then);
    }
    Ok(Some(found))
}

/// The format of a class or of its older name in words (torchao `quantization/quant_api.py`).
fn format(name: &str, values: &Settings<'_>) -> Result<Option<Format>, ModelError> {
    let size = |otherwise| values.group(&["group_size"], otherwise);
    let granular = values.get("granularity");
    let rows = granular.is_some_and(|value| value.to_string().contains("PerRow"));
    let plain = name.trim_end_matches("Config").to_ascii_lowercase().replace('_', "");
    Ok(Some(match plain.as_str() {
        // A scale and a zero point of 16 bits.
        "int4weightonly" => integers("INT4 (torchao)", 4, size(128)?, 32),
        "int8weightonly" | "int8dynamicactivationint8weight" => integers("INT8 (torchao)", 8, WHOLE_ROW, 16),
        "int8dynamicactivationint4weight" | "float8dynamicactivationint4weight" => {
            integers("INT4 (torchao)", 4, size(32)?, 16)
        }
        "intxweightonly" | "int8dynamicactivationintxweight" => {
            let dtype = values.get("weight_dtype").map(Value::to_string).unwrap_or_default();
            let bits = dtype
                .chars()
                .filter(char::is_ascii_digit)
                .collect::<String>()
                .parse()
                .unwrap_or(8);
            let group = granular.and_then(|value| value.get("_data")?.get("group_size")?.as_u64());
            let weight = values
                .get("weight_granularity")
                .and_then(|value| value.get("_data")?.get("group_size")?.as_u64());
            let size = group.or(weight).filter(|size| (1..WHOLE_ROW).contains(size));
            // Each value has a byte of its own until it is packed for a device.
            integers(
                &format!("INT{bits} (torchao, a byte each)"),
                8,
                size.unwrap_or(WHOLE_ROW),
                16 + 8,
            )
        }
        "uintxweightonly" | "gemliteuintxweightonly" => {
            let bits = values.number(&["bit_width"], 4, 1, 8)?;
            integers(&format!("INT{bits} (torchao)"), bits, size(64)?, 32)
        }
        "float8weightonly" => fp8(Scales::Row(32)),
        "float8dynamicactivationfloat8weight" | "float8staticactivationfloat8weight" if rows => fp8(Scales::Row(32)),
        "float8dynamicactivationfloat8weight" | "float8staticactivationfloat8weight" => match granular {
            Some(value) if value.to_string().contains("PerBlock") => fp8_blocks(128, 128),
            _ => fp8(Scales::Tensor(32)),
        },
        "fpxweightonly" => {
            let bits = values.number(&["ebits"], 3, 1, 7)? + values.number(&["mbits"], 2, 0, 7)? + 1;
            named("fp8", format!("FP{bits} (torchao)"), bits, Scales::Row(16))
        }
        "mxdynamicactivationmxweight" | "mxfpinference" => {
            let dtype = values.get("weight_dtype").map(Value::to_string).unwrap_or_default();
            microscaled(if dtype.contains("float4") { 4 } else { 8 }, size(32)?)
        }
        "nvfp4dynamicactivationnvfp4weight" | "nvfp4weightonly" | "nvfp4inference" => nvfp4(16),
        "int4weightonlyhqq" => named("int4", "INT4 (torchao)", 4, group(size(128)?, 32)),
        _ => return Ok(None),
    }))
}
