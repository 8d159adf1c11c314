//! EXL2 and EXL3: bits a weight on average, the head in bits of its own.

use super::super::super::config::wrong;
use super::super::parameter;
use super::found::Found;
use super::settings::Settings;
use crate::model::error::ModelError;
use crate::model::quantisation::Special;
use crate::model::tensor::TensorKind;
use serde_json::Value;

const HARMLESS: &[&str] = &[
    "calibration",
    "out_scales",
    "codebook",
    "tensor_storage",
    "measurement",
    "rope_scale",
];

/// Reads it.
pub fn read(settings: &Settings<'_>, method: &str) -> Result<Found, ModelError> {
    let format = |bits: f64| parameter::choice(&format!("{method}-{bits:.2}"));
    let bits = settings.fraction(&["bits"], 4.0)?;
    let Some(mut found) = format(bits).map(Found::from) else {
        return Err(wrong("bits", &Value::from(bits), "a number of bits from 1 to 8"));
    };
    found.towers = false;
    if let Some(head) = format(settings.fraction(&["head_bits", "lm_head_bits"], 6.0)?) {
        found.special = vec![Special {
            kind: TensorKind::Head,
            format: head.format,
        }];
    }
    found
        .unread
        .extend(settings.unread(HARMLESS).into_iter().map(str::to_owned));
    Ok(found)
}
