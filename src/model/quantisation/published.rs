//! `quantization_config`: how a checkpoint says it is stored.

use serde_json::{Map, Value};

use super::super::config::{Config, whole, wrong};
use super::super::error::ModelError;
use super::super::format::{Format, Scales};
use super::{Pattern, Quantisation, Scope};

/// No list of exceptions is longer.
const MOST_PATTERNS: usize = 20_000;

/// Reads the number format of a checkpoint: `dtype`, and `quantization_config` where there is one.
///
/// # Errors
/// A key of the wrong type or out of range, by name.
pub fn read(config: &Config) -> Result<Quantisation, ModelError> {
    let base = base(config);
    let Some(settings) = config.object("quantization_config") else {
        if let Some(other) = config.get_anywhere("quantization_config") {
            return Err(wrong("quantization_config", other, "an object"));
        }
        return Ok(Quantisation::plain(base));
    };
    let method = settings
        .get("quant_method")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_ascii_lowercase();
    let Some((format, scope)) = format(config, settings, &method)? else {
        let named = if method.is_empty() {
            "no quant_method".to_owned()
        } else {
            format!("the method \"{method}\"")
        };
        config.notice(
            "quantisation_unknown",
            format!(
                "quantization_config names {named}, which is not built yet: bytes are those of unquantised {} weights.",
                base.label
            ),
        );
        return Ok(Quantisation::plain(base));
    };
    let lists = [
        "modules_to_not_convert",
        "ignore",
        "exclude_modules",
        "ignored_layers",
        "llm_int8_skip_modules",
    ];
    let entries = lists
        .iter()
        .filter_map(|&key| settings.get(key).and_then(Value::as_array))
        .flatten();
    let kept = Pattern::read(entries.take(MOST_PATTERNS).filter_map(Value::as_str));
    let head = settings.get("lm_head").and_then(Value::as_bool).unwrap_or(false);
    Ok(Quantisation {
        base,
        method: format.label.to_string(),
        format,
        scope,
        kept,
        head,
    })
}

/// The format of what is not quantised.
fn base(config: &Config) -> Format {
    let named = config.text("dtype").or_else(|| config.text("torch_dtype"));
    match named {
        None => {
            config.notice(
                "dtype_assumed",
                "The config names no dtype; BF16 is assumed. \"dtype\" would settle it.",
            );
            Format::BF16
        }
        Some(name) => Format::from_dtype(name).unwrap_or_else(|| {
            config.notice(
                "dtype_unknown",
                format!(
                    "The dtype \"{}\" is not known; BF16 is assumed.",
                    name.chars().take(40).collect::<String>()
                ),
            );
            Format::BF16
        }),
    }
}

fn format(config: &Config, settings: &Map<String, Value>, method: &str) -> Result<Option<(Format, Scope)>, ModelError> {
    let bits = |otherwise| number(settings, "bits", otherwise, 1, 16);
    // −1 and absence both mean one group for the whole row.
    let group = |otherwise: u64| match settings.get("group_size") {
        Some(value) if value.as_i64() == Some(-1) => Ok(MOST_GROUP),
        _ => number(settings, "group_size", otherwise, 1, MOST_GROUP),
    };
    let flag = |key: &str| settings.get(key).and_then(Value::as_bool).unwrap_or(false);
    let matrices = |format| Ok(Some((format, Scope::Matrices)));
    match method {
        "fp8" | "fbgemm_fp8" => {
            let scales = match settings.get("weight_block_size") {
                Some(Value::Array(size)) => match size.as_slice() {
                    [rows, columns] => Scales::Block {
                        rows: whole("weight_block_size", rows, 1, 1 << 32)?,
                        columns: whole("weight_block_size", columns, 1, 1 << 32)?,
                        bits: 32,
                    },
                    _ => {
                        return Err(ModelError::Inconsistent(
                            "weight_block_size must have two entries: rows and columns.".to_owned(),
                        ));
                    }
                },
                _ if method == "fbgemm_fp8" => Scales::Row(32),
                _ => Scales::Tensor(32),
            };
            matrices(Format::scaled("fp8", "FP8", 8, scales))
        }
        "awq" => {
            let bits = bits(4)?;
            let scales = Scales::Group {
                size: group(128)?,
                bits: 16 + bits,
                column_bits: 0,
                tensor_bits: 0,
            };
            matrices(named("awq", format!("AWQ {bits}-bit"), bits, scales))
        }
        "gptq" => {
            let bits = bits(4)?;
            let scales = Scales::Group {
                size: group(128)?,
                bits: 16 + bits,
                column_bits: 32,
                tensor_bits: 0,
            };
            matrices(named("gptq", format!("GPTQ {bits}-bit"), bits, scales))
        }
        "bitsandbytes" => {
            if flag("load_in_8bit") || flag("_load_in_8bit") {
                return matrices(Format::scaled("bnb-int8", "bitsandbytes INT8", 8, Scales::Row(32)));
            }
            let double = flag("bnb_4bit_use_double_quant");
            let id = if double { "nf4-dq" } else { "nf4" };
            Ok(super::choice(id).map(|one| (one.format.clone(), Scope::Matrices)))
        }
        "mxfp4" => Ok(super::choice("mxfp4").map(|one| (one.format.clone(), Scope::Experts))),
        "modelopt" => {
            let algorithm = settings.get("quant_algo").and_then(Value::as_str).unwrap_or_default();
            match algorithm {
                "NVFP4" => Ok(super::choice("nvfp4").map(|one| (one.format.clone(), Scope::Matrices))),
                "FP8" => matrices(Format::scaled("fp8", "FP8", 8, Scales::Tensor(64))),
                _ => Ok(None),
            }
        }
        "compressed-tensors" => compressed(config, settings),
        _ => Ok(None),
    }
}

/// Larger than any row: one group a row.
const MOST_GROUP: u64 = 1 << 32;

/// `config_groups` of compressed-tensors: the weights of the first group that has any.
fn compressed(config: &Config, settings: &Map<String, Value>) -> Result<Option<(Format, Scope)>, ModelError> {
    let groups = settings.get("config_groups").and_then(Value::as_object);
    let mut weights = groups
        .into_iter()
        .flat_map(Map::values)
        .filter_map(|group| group.get("weights").and_then(Value::as_object));
    let Some(first) = weights.next() else { return Ok(None) };
    if weights.next().is_some_and(|next| next != first) {
        config.notice(
            "quantisation_mixed",
            "quantization_config has several groups of formats; all quantised modules are taken as the first.",
        );
    }
    let bits = number(first, "num_bits", 8, 1, 16)?;
    let float = first.get("type").and_then(Value::as_str) == Some("float");
    let symmetric = first.get("symmetric").and_then(Value::as_bool).unwrap_or(true);
    let zero = if symmetric { 0 } else { bits };
    let strategy = first.get("strategy").and_then(Value::as_str).unwrap_or("tensor");
    let size = first
        .get("group_size")
        .filter(|value| value.as_i64().is_some_and(|size| size > 0));
    let scales = match (strategy, size) {
        ("tensor_group", Some(_)) => Scales::Group {
            size: number(first, "group_size", 16, 1, MOST_GROUP)?,
            bits: 8,
            column_bits: 0,
            tensor_bits: 64,
        },
        ("group", Some(_)) => Scales::Group {
            size: number(first, "group_size", 128, 1, MOST_GROUP)?,
            bits: 16 + zero,
            column_bits: 0,
            tensor_bits: 0,
        },
        ("channel", _) => Scales::Row(16 + zero),
        ("block", _) => Scales::Block {
            rows: 128,
            columns: 128,
            bits: 32,
        },
        _ => Scales::Tensor(32),
    };
    let label = format!("compressed-tensors {}{bits}", if float { "FP" } else { "INT" });
    Ok(Some((
        named("compressed-tensors", label, bits, scales),
        Scope::Matrices,
    )))
}

fn named(id: &'static str, label: String, bits: u64, scales: Scales) -> Format {
    Format {
        id: id.into(),
        label: label.into(),
        bits,
        scales,
    }
}

fn number(settings: &Map<String, Value>, key: &str, otherwise: u64, least: u64, most: u64) -> Result<u64, ModelError> {
    match settings.get(key).filter(|value| !value.is_null()) {
        Some(value) => whole(key, value, least, most),
        None => Ok(otherwise),
    }
}
