//! `quantization_config`: how a checkpoint says it is stored.

use serde_json::{Map, Value};

use super::super::config::{Config, whole, wrong};
use super::super::error::ModelError;
use super::super::format::{Format, Scales};
use super::super::tensor::TensorKind;
use super::groups::{aqlm, compressed, mixed, mlx};
use super::parameter::{self, WHOLE_ROW};
use super::{Choice, Container, Pattern, Quantisation, Scope, Special, Target};

/// No list of exceptions is longer.
pub(super) const MOST_PATTERNS: usize = 20_000;

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
    let experts = found.special.first().filter(|_| method.contains("fp8"));
    let label = experts.map_or_else(
        || found.format.label.to_string(),
        |own| format!("{}, experts {}", found.format.label, own.format.label),
    );
    Ok(Quantisation {
        kept,
        method: label,
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
                "The config names no dtype; BF16 is assumed. A \"dtype\" in it would say.",
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
pub(super) struct Found {
    pub format: Format,
    pub scope: Scope,
    pub special: Vec<Special>,
    pub kept: Vec<Pattern>,
    pub named_only: bool,
    pub container: Container,
}

impl Found {
    pub const fn new(format: Format, scope: Scope) -> Self {
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
            let experts = own_experts(config, settings);
            // DeepSeek V4 stores exponents alone as scales; V3.1 names them too but keeps them in 32 bits.
            let scales = match scales {
                Scales::Block { rows, columns, .. } if experts.is_some() => Scales::Block { rows, columns, bits: 8 },
                other => other,
            };
            let mut found = Found::new(Format::scaled("fp8", "FP8", 8, scales), Scope::Matrices);
            found.special = experts.into_iter().collect();
            Ok(Some(found))
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

/// Routed experts of a format of their own in a checkpoint of FP8: DeepSeek V4's `expert_dtype`, ModelOpt's
/// `moe_quant_algo`.
fn own_experts(config: &Config, settings: &Map<String, Value>) -> Option<Special> {
    let by_modelopt = settings.get("moe_quant_algo").and_then(Value::as_str);
    let format = match (by_modelopt, config.text("expert_dtype")) {
        (Some("NVFP4"), _) => super::choice("nvfp4")?.format,
        (_, Some("fp4")) => named("fp4", "FP4".to_owned(), 4, parameter::group(32, 8)),
        _ => return None,
    };
    Some(Special {
        of: Target::Modules(Pattern::read(["experts"].into_iter())),
        format,
    })
}

/// Larger than any row: one group a row.
pub(super) const MOST_GROUP: u64 = WHOLE_ROW;

/// A format with a label of its own.
pub(super) fn named(id: &'static str, label: String, bits: u64, scales: Scales) -> Format {
    Format {
        id: id.into(),
        label: label.into(),
        bits,
        scales,
    }
}

/// A whole number in a range, or what stands for its absence.
pub(super) fn number(
    settings: &Map<String, Value>,
    key: &str,
    otherwise: u64,
    least: u64,
    most: u64,
) -> Result<u64, ModelError> {
    match settings.get(key).filter(|value| !value.is_null()) {
        Some(value) => whole(key, value, least, most),
        None => Ok(otherwise),
    }
}
