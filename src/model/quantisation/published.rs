//! `quantization_config`: how a checkpoint says it is stored.

use serde_json::{Map, Value};

use super::super::config::{Config, whole, wrong};
use super::super::error::ModelError;
use super::super::format::{Format, Scales};
use super::super::tensor::TensorKind;
use super::parameter::{self, WHOLE_ROW};
use super::{Choice, Container, Pattern, Quantisation, Scope, Special, Target};

/// No list of exceptions is longer.
const MOST_PATTERNS: usize = 20_000;

/// Reads the number format of a checkpoint: `dtype`, and `quantization_config` where there is one.
///
/// # Errors
/// A key of the wrong type or out of range, by name.
pub fn read(config: &Config) -> Result<Quantisation, ModelError> {
    let base = base(config);
    if let Some(found) = mlx(config)? {
        return Ok(Quantisation {
            container: Container::Mlx,
            special: found.special,
            kept: found.kept,
            ..Quantisation::new(base, found.format, Scope::Layers)
        });
    }
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
    let Some(found) = format(config, settings, &method)? else {
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
        kept,
        head,
        container: found.container,
        special: found.special,
        named_only: found.named_only,
        ..Quantisation::new(base, found.format, found.scope)
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

/// What `quantization_config` says.
struct Found {
    format: Format,
    scope: Scope,
    special: Vec<Special>,
    kept: Vec<Pattern>,
    named_only: bool,
    container: Container,
}

impl Found {
    const fn new(format: Format, scope: Scope) -> Self {
        Self {
            format,
            scope,
            special: Vec::new(),
            kept: Vec::new(),
            named_only: false,
            container: Container::Safetensors,
        }
    }
}

impl From<Choice> for Found {
    fn from(choice: Choice) -> Self {
        Self {
            special: choice.special,
            container: choice.container,
            ..Self::new(choice.format, choice.scope)
        }
    }
}

fn format(config: &Config, settings: &Map<String, Value>, method: &str) -> Result<Option<Found>, ModelError> {
    let bits = |otherwise| number(settings, "bits", otherwise, 1, 16);
    // −1 and absence both mean one group for the whole row.
    let group = |otherwise: u64| match settings.get("group_size") {
        Some(value) if value.as_i64() == Some(-1) => Ok(MOST_GROUP),
        _ => number(settings, "group_size", otherwise, 1, MOST_GROUP),
    };
    let flag = |key: &str| settings.get(key).and_then(Value::as_bool).unwrap_or(false);
    let matrices = |format| Ok(Some(Found::new(format, Scope::Matrices)));
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
            Ok(super::choice(id).map(Found::from))
        }
        "mxfp4" => Ok(super::choice("mxfp4").map(Found::from)),
        "modelopt" => {
            let algorithm = settings.get("quant_algo").and_then(Value::as_str).unwrap_or_default();
            match algorithm {
                "NVFP4" => Ok(super::choice("nvfp4").map(Found::from)),
                // Groups name the modules of each format.
                "MIXED_PRECISION" => Ok(mixed(settings)?),
                "FP8" => matrices(Format::scaled("fp8", "FP8", 8, Scales::Tensor(64))),
                _ => Ok(None),
            }
        }
        "compressed-tensors" => compressed(config, settings),
        "auto-round" | "intel/auto-round" => {
            let (bits, size) = (bits(4)?, group(128)?);
            // Zero points are stored even where they are all the same, as in GPTQ.
            let scales = parameter::group(size, 16 + bits);
            matrices(named("auto-round", format!("AutoRound {bits}-bit"), bits, scales))
        }
        "hqq" => {
            let inner = settings.get("quant_config").and_then(Value::as_object);
            let inner = inner
                .and_then(|all| all.get("weight_quant_params"))
                .and_then(Value::as_object);
            let settings = inner.unwrap_or(settings);
            let bits = number(settings, "nbits", 4, 1, 8)?;
            let size = number(settings, "group_size", 64, 1, MOST_GROUP)?;
            Ok(Some(parameter::hqq(bits, size).into()))
        }
        "aqlm" => aqlm(settings).map(Some),
        "exl2" | "exl3" => {
            let bits = settings.get("bits").and_then(Value::as_f64).unwrap_or(4.0);
            let found = parameter::choice(&format!("{method}-{bits:.2}"));
            let Some(mut found) = found.map(Found::from) else {
                return Err(wrong("bits", &Value::from(bits), "a number of bits from 1 to 8"));
            };
            let head = settings.get("head_bits").or_else(|| settings.get("lm_head_bits"));
            if let Some(head) = head.and_then(Value::as_f64)
                && let Some(head) = parameter::choice(&format!("{method}-{head:.2}"))
            {
                found.special = vec![Special {
                    of: Target::Kind(TensorKind::Head),
                    format: head.format,
                }];
            }
            Ok(Some(found))
        }
        _ => Ok(None),
    }
}

const MOST_GROUP: u64 = WHOLE_ROW;

/// AQLM: codes of `nbits_per_codebook` bits for `in_group_size` × `out_group_size` weights, from `num_codebooks` books.
fn aqlm(settings: &Map<String, Value>) -> Result<Found, ModelError> {
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
fn mlx(config: &Config) -> Result<Option<Found>, ModelError> {
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
fn mixed(settings: &Map<String, Value>) -> Result<Option<Found>, ModelError> {
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
fn compressed(config: &Config, settings: &Map<String, Value>) -> Result<Option<Found>, ModelError> {
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
