//! Configs that name several formats, or describe one by its codebooks: compressed-tensors, ModelOpt, MLX, AQLM.

use serde_json::{Map, Value};

use super::super::config::Config;
use super::super::error::ModelError;
use super::super::format::{Format, Scales};
use super::parameter::{self, WHOLE_ROW};
use super::published::{Found, MOST_GROUP, MOST_PATTERNS, named, number};
use super::{Pattern, Scope, Special, Target};

/// AQLM: codes of `nbits_per_codebook` bits for `in_group_size` × `out_group_size` weights, from `num_codebooks` books.
pub(super) fn aqlm(settings: &Map<String, Value>) -> Result<Found, ModelError> {
    let of = |key, otherwise| number(settings, key, otherwise, 1, 4096);
    let (books, width) = (
        of("num_codebooks", 1)?,
        number(settings, "nbits_per_codebook", 16, 1, 24)?,
    );
    let (inner, outer) = (of("in_group_size", 8)?, of("out_group_size", 1)?);
    let codebook = books.saturating_mul(1 << width).saturating_mul(inner * outer * 16);
    let hundredths = (books * width * 100) / (inner * outer);
    let whole = hundredths / 100;
    let format = if hundredths.is_multiple_of(100) {
        let scales = Scales::Group {
            size: WHOLE_ROW,
            bits: 16_u64.div_ceil(outer),
            column_bits: 0,
            tensor_bits: codebook,
        };
        named("aqlm", format!("AQLM {whole}-bit ({books}×{width})"), whole, scales)
    } else {
        let scales = Scales::Average { hundredths };
        let label = format!("AQLM {:.2}-bit ({books}×{width})", hundredths as f64 / 100.0);
        named("aqlm", label, whole, scales)
    };
    Ok(Found::new(format, Scope::Matrices))
}

/// MLX writes `quantization`: bits and group size, and beside them modules with settings of their own or `false`.
pub(super) fn mlx(config: &Config) -> Result<Option<Found>, ModelError> {
    let Some(settings) = config.object("quantization") else {
        return Ok(None);
    };
    if !settings.contains_key("bits") {
        return Ok(None);
    }
    let format = |settings: &Map<String, Value>, otherwise: (u64, u64)| -> Result<Format, ModelError> {
        let bits = number(settings, "bits", otherwise.0, 1, 16)?;
        let size = number(settings, "group_size", otherwise.1, 1, MOST_GROUP)?;
        let mut format = parameter::mlx_format(bits, size);
        // Its microscaling modes have an 8-bit scale and no bias.
        if let Some(mode @ ("mxfp4" | "mxfp8" | "nvfp4")) = settings.get("mode").and_then(Value::as_str) {
            format = named(
                "mlx",
                format!("MLX {}", mode.to_ascii_uppercase()),
                bits,
                parameter::group(size, 8),
            );
        }
        Ok(format)
    };
    let main = format(settings, (4, 64))?;
    let size = main.group().unwrap_or(64);
    let mut kept = Vec::new();
    let mut special: Vec<(Format, Vec<&str>)> = Vec::new();
    for (module, value) in settings.iter().take(MOST_PATTERNS) {
        match value {
            Value::Bool(false) => kept.push(module.as_str()),
            Value::Object(own) => {
                let own = format(own, (main.bits, size))?;
                let known = special.iter().position(|(format, _)| *format == own);
                let room = special.len() < 16;
                match known.and_then(|at| special.get_mut(at)) {
                    Some((_, modules)) => modules.push(module),
                    None if room => special.push((own, vec![module])),
                    None => {}
                }
            }
            _ => {}
        }
    }
    let special = special.into_iter().map(|(format, modules)| Special {
        of: Target::Modules(Pattern::read(modules.into_iter())),
        format,
    });
    Ok(Some(Found {
        special: special.collect(),
        kept: Pattern::read(kept.into_iter()),
        ..Found::new(main, Scope::Layers)
    }))
}

/// ModelOpt's mixed precision: each group of formats names its modules.
pub(super) fn mixed(settings: &Map<String, Value>) -> Result<Option<Found>, ModelError> {
    let mut by_format: Vec<(Format, Vec<&str>)> = Vec::new();
    let groups = settings.get("config_groups").and_then(Value::as_object);
    for group in groups.into_iter().flat_map(Map::values).take(16) {
        let Some(weights) = group.get("weights").and_then(Value::as_object) else {
            continue;
        };
        let format = match number(weights, "num_bits", 8, 1, 16)? {
            4 => super::choice("nvfp4").map(|one| one.format),
            8 => Some(Format::scaled("fp8", "FP8", 8, Scales::Tensor(64))),
            _ => None,
        };
        let targets = group.get("targets").and_then(Value::as_array);
        let targets = targets
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .take(MOST_PATTERNS);
        if let Some(format) = format {
            by_format.push((format, targets.collect()));
        }
    }
    let Some((first, _)) = by_format.iter().max_by_key(|(_, targets)| targets.len()) else {
        return Ok(None);
    };
    let mut found = Found::new(first.clone(), Scope::Matrices);
    found.named_only = true;
    found.special = by_format
        .into_iter()
        .map(|(format, targets)| Special {
            of: Target::Modules(Pattern::read(targets.into_iter())),
            format,
        })
        .collect();
    Ok(Some(found))
}

/// `config_groups` of compressed-tensors: the weights of the first group that has any.
pub(super) fn compressed(config: &Config, settings: &Map<String, Value>) -> Result<Option<Found>, ModelError> {
    let groups = settings.get("config_groups").and_then(Value::as_object);
    let mut found: Option<Found> = None;
    for group in groups.into_iter().flat_map(Map::values).take(16) {
        let Some(weights) = group.get("weights").and_then(Value::as_object) else {
            continue;
        };
        let format = compressed_format(settings, weights)?;
        let targets: Vec<&str> = group
            .get("targets")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .take(MOST_PATTERNS)
            .collect();
        // `Linear` means every matrix; anything else is a module by name.
        let all = targets.is_empty() || targets.contains(&"Linear");
        match &mut found {
            None if all => found = Some(Found::new(format, Scope::Matrices)),
            Some(known) if all && known.named_only => {
                known.format = format;
                known.named_only = false;
            }
            Some(known) if all => {
                if known.format != format {
                    config.notice(
                        "quantisation_mixed",
                        "quantization_config has several groups of formats for the same modules; they are taken as the first.",
                    );
                }
            }
            known => {
                let known = known.get_or_insert_with(|| Found {
                    named_only: true,
                    ..Found::new(format.clone(), Scope::Matrices)
                });
                known.special.push(Special {
                    of: Target::Modules(Pattern::read(targets.into_iter())),
                    format,
                });
            }
        }
    }
    Ok(found)
}

/// Weights of one group.
fn compressed_format(settings: &Map<String, Value>, first: &Map<String, Value>) -> Result<Format, ModelError> {
    let bits = number(first, "num_bits", 8, 1, 16)?;
    let float = first.get("type").and_then(Value::as_str) == Some("float");
    let symmetric = first.get("symmetric").and_then(Value::as_bool).unwrap_or(true);
    let zero = if symmetric { 0 } else { bits };
    let packing = settings.get("format").and_then(Value::as_str).unwrap_or_default();
    // Microscaling exponents have 8 bits.
    let small = packing.starts_with("mxfp") || first.get("scale_dtype").and_then(Value::as_str) == Some("torch.uint8");
    let scale = if small { 8 } else { 16 };
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
            bits: scale + zero,
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
    Ok(named("compressed-tensors", label, bits, scales))
}
