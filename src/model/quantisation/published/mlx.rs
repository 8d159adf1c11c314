//! MLX writes `quantization`: bits and group size, and beside them modules with settings of their own or `false`.
//!
//! mlx-lm (`utils.py`, `class_predicate`) looks a module up by its whole name. Its modules of routed experts are called
//! `switch_mlp` where checkpoints have one for each expert.

use serde_json::Value;

use super::super::by_module::Then;
use super::super::modules::Form;
use super::super::parameter::{self, WHOLE_ROW};
use super::found::{Found, named};
use super::settings::{MOST_ENTRIES, Settings};
use crate::model::error::ModelError;
use crate::model::format::Format;
use crate::model::quantisation::{Scope, WeightFileKind};

/// Reads it.
pub fn read(settings: &Settings<'_>) -> Result<Found, ModelError> {
    let main = format(settings, (4, 64))?;
    let mut found = Found::new(main.clone(), Scope::Layers);
    found.container = WeightFileKind::Mlx;
    // mlx-vlm (utils.py, skip_multimodal_module) leaves towers alone.
    found.towers = false;
    let size = main.group().unwrap_or(64);
    let usual = [
        "bits",
        "group_size",
        "mode",
        "quant_method",
        "linear_class",
        "quantization_mode",
    ];
    for (module, value) in settings
        .entries()
        .take(MOST_ENTRIES)
        .filter(|(key, _)| !usual.contains(key))
    {
        let then = match value {
            Value::Bool(false) => Then::Kept,
            Value::Bool(true) => continue,
            Value::Object(own) => Then::Format(format(&Settings::new(own), (main.bits, size))?),
            _ => {
                found.unread.push(module.to_owned());
                continue;
            }
        };
        let name = module
            .replace("experts.switch_glu.", "experts.0.")
            .replace("switch_mlp.", "experts.0.");
        found.rules.join(Form::Whole, &name, &then);
    }
    Ok(found)
}

fn format(settings: &Settings<'_>, otherwise: (u64, u64)) -> Result<Format, ModelError> {
    let bits = settings.bits(&["bits"], otherwise.0)?;
    let size = settings.number(&["group_size"], otherwise.1, 1, WHOLE_ROW)?;
    Ok(match settings.word("mode").as_deref() {
        // Its microscaling modes have an 8-bit scale and no bias.
        Some(mode @ ("mxfp4" | "mxfp8" | "nvfp4")) => named(
            "mlx",
            format!("MLX {}", mode.to_ascii_uppercase()),
            bits,
            parameter::group(size, 8),
        ),
        _ => parameter::mlx_format(bits, size),
    })
}
