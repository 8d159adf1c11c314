//! The number format of the weights of one group.

use serde_json::{Map, Value};

use crate::model::error::ModelError;
use crate::model::format::{Format, Scales};
use crate::model::quantisation::parameter::{WHOLE_ROW, group};
use crate::model::quantisation::published::found::{fp8, fp8_blocks, microscaled, named, nvfp4};
use crate::model::quantisation::published::settings::Settings;

const OF_WEIGHTS: &[&str] = &[
    "scale_dtype",
    "observer",
    "observer_kwargs",
    "dynamic",
    "zp_dtype",
    "actorder",
];

/// Schemes that stand for settings (`compressed_tensors/quantization/quant_scheme.py`, `PRESET_SCHEMES`).
pub fn preset(name: &str) -> Option<Option<Format>> {
    Some(Some(match name.to_ascii_uppercase().as_str() {
        "UNQUANTIZED" => return Some(None),
        "W8A16" => int(8, Scales::Row(16)),
        "W4A16" => int(4, group(128, 16)),
        "W4A16_ASYM" => int(4, group(128, 20)),
        "W4A8" => int(4, group(128, 16)),
        "W4AFP8" => int(4, group(128, 16)),
        "W8A8" | "INT8" => int(8, Scales::Row(16)),
        "FP8" => fp8(Scales::Tensor(32)),
        "FP8_DYNAMIC" => fp8(Scales::Row(16)),
        "FP8_BLOCK" => fp8_blocks(128, 128),
        "NVFP4" | "NVFP4A16" => nvfp4(16),
        "MXFP4" | "MXFP4A16" => microscaled(4, 32),
        "MXFP8" | "MXFP8A16" => microscaled(8, 32),
        _ => return None,
    }))
}

fn int(bits: u64, scales: Scales) -> Format {
    let id = if bits > 4 { "int8" } else { "compressed-tensors" };
    named(id, format!("INT{bits}"), bits, scales)
}

/// The weights of one group.
pub fn of_weights(weights: &Map<String, Value>, packing: &str, unread: &mut Vec<String>) -> Result<Format, ModelError> {
    let weights = Settings::new(weights);
    let bits = weights.bits(&["num_bits"], 8)?;
    let float = weights.word("type").as_deref() == Some("float");
    let symmetric = weights.get("symmetric").and_then(Value::as_bool).unwrap_or(true);
    let zero = if symmetric { 0 } else { bits };
    // Microscaling exponents have 8 bits.
    let small = packing.starts_with("mxfp") || weights.word("scale_dtype").is_some_and(|name| name.ends_with("uint8"));
    let size = weights.group(&["group_size"], WHOLE_ROW)?;
    let grouped = size < WHOLE_ROW;
    let strategy = weights.word("strategy");
    let strategy = match strategy.as_deref() {
        Some(strategy) => strategy,
        // As the class fills it in: groups where there is a size, else the whole tensor.
        None if grouped && float && bits == 4 && size == 16 => "tensor_group",
        None if grouped => "group",
        None => "tensor",
    };
    // An order of inputs by activation is stored, one that follows the weights is not.
    let ordered = matches!(weights.get("actorder"), Some(Value::Bool(true)))
        || matches!(weights.word("actorder").as_deref(), Some("group" | "dynamic"));
    let block = block(&weights);
    unread.extend(
        weights
            .unread(OF_WEIGHTS)
            .into_iter()
            .map(|key| format!("weights.{key}")),
    );
    let scales = match strategy {
        "tensor_group" => return Ok(nvfp4(if grouped { size } else { 16 })),
        "group" if small => return Ok(microscaled(bits, if grouped { size } else { 32 })),
        "group" => Scales::Group {
            size: if grouped { size } else { 128 },
            bits: 16 + zero,
            column_bits: if ordered { 32 } else { 0 },
            tensor_bits: 0,
        },
        "channel" => Scales::Row(16 + zero),
        "block" => {
            let (rows, columns) = block.unwrap_or((128, 128));
            Scales::Block {
                rows,
                columns,
                bits: 32,
            }
        }
        _ => Scales::Tensor(32),
    };
    Ok(match (float, bits) {
        (true, 8) => fp8(scales),
        (true, bits) => named("mxfp4", format!("FP{bits}"), bits, scales),
        (false, bits) => int(bits, scales),
    })
}

/// `[128, 128]` or `"128x128"`.
fn block(weights: &Settings<'_>) -> Option<(u64, u64)> {
    let positive = |number: u64| Some(number).filter(|number| (1..=WHOLE_ROW).contains(number));
    match weights.get("block_structure")? {
        Value::Array(sides) => match sides.as_slice() {
            [rows, columns] => Some((positive(rows.as_u64()?)?, positive(columns.as_u64()?)?)),
            _ => None,
        },
        Value::String(text) => {
            let (rows, columns) = text.split_once('x')?;
            Some((
                positive(rows.trim().parse().ok()?)?,
                positive(columns.trim().parse().ok()?)?,
            ))
        }
        _ => None,
    }
}
