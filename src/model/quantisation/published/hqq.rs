//! HQQ: one setting for all, or settings by module; `skip_modules`.
//!
//! transformers (`integrations/hqq.py`) sets modules by their name without the index of the layer (`self_attn.q_proj`) and
//! then converts no other; vLLM (`hqq_marlin.py`, `is_layer_skipped`) skips what has an entry among the words of its name.

use super::super::by_module::Then;
use super::super::modules::{Form, Modules};
use super::super::parameter;
use super::found::{Found, named, words};
use super::settings::Settings;
use crate::model::error::ModelError;
use crate::model::format::{Format, Scales};
use crate::model::quantisation::Scope;

const HARMLESS: &[&str] = &[
    "quant_config",
    "axis",
    "offload_meta",
    "view_as_float",
    "compute_dtype",
    "device",
];
const OF_WEIGHTS: &[&str] = &[
    "axis",
    "channel_wise",
    "optimize",
    "round_zero",
    "view_as_float",
    "quant_scale",
    "quant_zero",
    "offload_meta",
];

/// Reads it.
pub fn read(settings: &Settings<'_>) -> Result<Found, ModelError> {
    let inner = settings.part("quant_config");
    let mut unread = Vec::new();
    let (main, by_module) = match &inner {
        None => (Some(format(settings, &mut unread)?), Vec::new()),
        Some(inner) => match inner.part("weight_quant_params") {
            Some(weights) => {
                unread.extend(
                    inner
                        .unread(HARMLESS)
                        .into_iter()
                        .filter(|key| !key.ends_with("_quant_params"))
                        .map(str::to_owned),
                );
                (Some(format(&weights, &mut unread)?), Vec::new())
            }
            None if inner.has("nbits") => (Some(format(inner, &mut unread)?), Vec::new()),
            None => {
                let mut own = Vec::new();
                for (module, value) in inner.entries() {
                    if let Some(of) = value.as_object() {
                        let of = Settings::new(of);
                        let params = of.part("weight_quant_params");
                        own.push((module, format(params.as_ref().unwrap_or(&of), &mut unread)?));
                    }
                }
                (None, own)
            }
        },
    };
    let first = by_module.first().map(|(_, format)| format.clone());
    let mut found = Found::new(
        main.clone().or(first).unwrap_or_else(|| parameter::hqq(4, 64).format),
        Scope::Matrices,
    );
    found.named_only = main.is_none();
    // Without a list the head stays.
    let skipped = if settings.has("skip_modules") {
        settings.names("skip_modules")
    } else {
        vec!["lm_head"]
    };
    found.head = true;
    found.keep(words(&skipped));
    found.keep(words(&settings.names("modules_to_not_convert")));
    for (module, own) in by_module {
        found.rules.add(Modules::of(Form::Words, [module]), Then::Format(own));
    }
    unread.extend(
        settings
            .unread(&[HARMLESS, &["nbits", "group_size"], OF_WEIGHTS].concat())
            .into_iter()
            .map(str::to_owned),
    );
    found.unread = unread;
    Ok(found)
}

/// A group is the whole row where its size is null.
fn format(settings: &Settings<'_>, unread: &mut Vec<String>) -> Result<Format, ModelError> {
    // `Quantizer.bit_to_packing` of HQQ 0.2: 1.58 bits take two, five to seven a byte.
    let said = settings.fraction(&["nbits"], 4.0)?;
    let bits = match said {
        1.58 => 2,
        5.0 | 6.0 | 7.0 => 8,
        _ => settings.number(&["nbits"], 4, 1, 8)?,
    };
    let otherwise = if settings.has("group_size") {
        parameter::WHOLE_ROW
    } else {
        64
    };
    let size = settings.group(&["group_size"], otherwise)?;
    for key in ["quant_scale", "quant_zero"] {
        if settings.flag(key) {
            unread.push(key.to_owned());
        }
    }
    unread.extend(
        settings
            .unread(&[OF_WEIGHTS, HARMLESS, &["skip_modules", "modules_to_not_convert"]].concat())
            .into_iter()
            .map(str::to_owned),
    );
    Ok(match bits {
        // Ten weights of three bits in 32 (hqq/core/bitpack.py).
        3 => named(
            "hqq-3",
            "HQQ 3-bit",
            3,
            Scales::Average {
                hundredths: 320 + 3200 / size.clamp(1, 3200),
            },
        ),
        _ => {
            let format = parameter::hqq(bits, size).format;
            if said == bits as f64 {
                format
            } else {
                Format {
                    label: format!("HQQ {said}-bit").into(),
                    ..format
                }
            }
        }
    })
}
