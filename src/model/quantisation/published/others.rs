//! Methods that few checkpoints use: EETQ, Quanto, BitNet, HIGGS, VPTQ, SpQR, FP-Quant, QQQ, SINQ, experts in INT8.
//!
//! Each as its class in transformers 5.24 (`utils/quantization_config.py`) and the integration beside it say; where no list
//! of exceptions is given the head stays (`get_modules_to_not_convert`), but not with SINQ.

use serde_json::Value;

use super::super::by_module::Then;
use super::super::modules::Form;
use super::super::parameter::{WHOLE_ROW, group};
use super::found::{Found, fp8, microscaled, named, nvfp4};
use super::settings::{MOST_ENTRIES, Settings};
use crate::model::error::ModelError;
use crate::model::format::{Format, Scales};
use crate::model::quantisation::Scope;

const HARMLESS: &[&str] = &[
    "weights",
    "activations",
    "linear_class",
    "quantization_mode",
    "use_rms_norm",
    "rms_norm_eps",
    "p",
    "hadamard_size",
    "hadamard_group_size",
    "tune_metadata",
    "forward_method",
    "backward_dtype",
    "transform_init",
    "beta1",
    "beta2",
    "shapes",
    "enable_proxy_error",
    "shared_layer_config",
    "forward_dtype",
    "nbits",
    "tiling_mode",
    "method",
    "desc_act",
    "sym",
];

/// Reads a method by its name; `None` for one that is not known.
pub fn read(settings: &Settings<'_>, method: &str) -> Result<Option<Found>, ModelError> {
    let found = match method {
        // One FP16 scale a row.
        "eetq" => Some(Found::matrices(named("eetq", "EETQ INT8", 8, Scales::Row(16)))),
        "quanto" => quanto(settings),
        "bitnet" => Some(bitnet(settings)),
        "higgs" => {
            let bits = settings.bits(&["bits"], 4)?;
            let size = settings.group(&["group_size"], 256)?;
            // `HiggsLinear`: beside the scales a table of 2^b values and one of pairs of pairs, in 16 bits.
            let values = 1_u64 << bits.min(8);
            let scales = Scales::Group {
                size,
                bits: 16,
                column_bits: 0,
                tensor_bits: (values + 2 * values * values) * 16,
            };
            Some(Found::matrices(named(
                "higgs",
                format!("HIGGS {bits}-bit"),
                bits,
                scales,
            )))
        }
        "vptq" => vptq(settings)?,
        "spqr" => {
            let bits = settings.bits(&["bits"], 3)?;
            // Scales and zero points of so many bits for every 16, and outliers, as its paper sums them up (arXiv 2306.03078).
            Some(Found::matrices(named(
                "spqr",
                format!("SpQR {bits}-bit"),
                bits,
                Scales::Average {
                    hundredths: bits * 100 + 163,
                },
            )))
        }
        // `FpQuantDeserialize`: files hold `weight` or `dqweight` in 16 bits where these are asked for.
        "fp-quant" if settings.flag("store_master_weights") || settings.flag("pseudoquantization") => {
            Some(stays("BF16 (FP-Quant, made smaller while it runs)"))
        }
        "fp-quant" => {
            let format = match settings.word("forward_dtype").as_deref() {
                Some("mxfp4") => microscaled(4, 32),
                Some("mxfp8") => microscaled(8, 32),
                _ => nvfp4(16),
            };
            Some(Found::matrices(format))
        }
        // vLLM `qqq.py`: an FP32 scale a row; with groups also a 16-bit one for each, beside which a row's is nothing.
        "qqq" => {
            let size = settings.group(&["group_size"], WHOLE_ROW)?;
            let scales = if size >= WHOLE_ROW {
                Scales::Row(32)
            } else {
                group(size, 16)
            };
            Some(Found::matrices(named("gptq", "QQQ 4-bit", 4, scales)))
        }
        "sinq" => {
            let bits = settings.bits(&["nbits", "bits"], 4)?;
            let size = settings.group(&["group_size"], 64)?;
            Some(Found::matrices(named(
                "hqq",
                format!("SINQ {bits}-bit"),
                bits,
                group(size, 32),
            )))
        }
        "experts-int8" => Some(Found::new(
            named("int8", "INT8 (experts)", 8, Scales::Row(32)),
            Scope::Experts,
        )),
        _ => None,
    };
    let Some(mut found) = found else { return Ok(None) };
    let listed = settings
        .get("modules_to_not_convert")
        .map(|_| settings.names("modules_to_not_convert"));
    let rules = std::mem::take(&mut found.rules);
    let head = found.head;
    // `quantizer_sinq.py`: no list is an empty one.
    let listed = if method == "sinq" {
        listed.or_else(|| Some(Vec::new()))
    } else {
        listed
    };
    found.keep_words(listed.as_deref());
    // These are made inside the layers, whatever a list says.
    if matches!(method, "vptq" | "spqr" | "qqq" | "experts-int8" | "bitnet") {
        found.head = head;
        found.towers = false;
    }
    found.rules = std::mem::take(&mut found.rules).before(rules);
    found
        .unread
        .extend(settings.unread(HARMLESS).into_iter().map(str::to_owned));
    Ok(Some(found))
}

fn quanto(settings: &Settings<'_>) -> Option<Found> {
    let format = match settings.word("weights").as_deref().unwrap_or("int8") {
        "int8" => named("quanto", "Quanto INT8", 8, Scales::Row(16)),
        "float8" => fp8(Scales::Row(16)),
        // Groups of 128 with a scale and a shift.
        "int4" => named("quanto", "Quanto INT4", 4, group(128, 32)),
        "int2" => named("quanto", "Quanto INT2", 2, group(128, 32)),
        _ => return None,
    };
    Some(Found::matrices(format))
}

/// Four weights of three values in a byte; those that are made so only while they run are stored as they were.
fn bitnet(settings: &Settings<'_>) -> Found {
    if settings.word("quantization_mode").as_deref() == Some("online") {
        return stays("BF16 (BitNet, made ternary while it runs)");
    }
    Found::matrices(named("bitnet", "BitNet 1.58-bit", 2, Scales::Tensor(16)))
}

/// Weights that are stored as they were.
fn stays(label: &str) -> Found {
    let mut found = Found::matrices(Format::BF16);
    found.named_only = true;
    found.label = Some(label.to_owned());
    found
}

/// Vectors of so many weights, each the number of one of so many; settings by module (`config_for_layers`).
///
/// Source: VPTQ `vqlinear.py`: books for each of `group_num` groups in 16 bits, with `enable_norm` a scale and a bias a column,
/// with `enable_perm` its place in 16 bits.
fn vptq(settings: &Settings<'_>) -> Result<Option<Found>, ModelError> {
    let layers = settings.get("config_for_layers").and_then(Value::as_object);
    let mut found: Option<Found> = None;
    for (module, own) in layers.into_iter().flatten().take(MOST_ENTRIES) {
        let Some(own) = own.as_object().map(Settings::new) else {
            continue;
        };
        let last = |key: &str| {
            let list = own.get(key).and_then(Value::as_array);
            list.and_then(|list| list.last())
                .and_then(Value::as_i64)
                .and_then(|number| u64::try_from(number).ok())
        };
        let length = last("vector_lens")
            .filter(|length| (1..=1024).contains(length))
            .unwrap_or(8);
        let bits_of = |count: u64| u64::from(count.max(1).next_power_of_two().trailing_zeros());
        let main = last("num_centroids").unwrap_or(65_536).min(1 << 24);
        let rest = last("num_res_centroids").unwrap_or(0).min(1 << 24);
        let each = bits_of(main) + if rest > 0 { bits_of(rest) } else { 0 };
        let groups = own.number(&["group_num"], 1, 1, 1024).unwrap_or(1);
        let books = (main + rest).saturating_mul(length * 16).saturating_mul(groups);
        // Both are on where nothing is said.
        let on = |key: &str| own.get(key).and_then(Value::as_bool).unwrap_or(true);
        let column_bits = 32 * u64::from(on("enable_norm")) + 16 * u64::from(on("enable_perm"));
        let hundredths = each * 100 / length;
        let label = format!("VPTQ {:.2}-bit", hundredths as f64 / 100.0);
        let format = if hundredths.is_multiple_of(100) {
            let scales = Scales::Group {
                size: WHOLE_ROW,
                bits: 0,
                column_bits,
                tensor_bits: books,
            };
            named("vptq", label, hundredths / 100, scales)
        } else {
            named("vptq", label, hundredths / 100, Scales::Average { hundredths })
        };
        let found = found.get_or_insert_with(|| Found {
            named_only: true,
            ..Found::matrices(format.clone())
        });
        found.rules.join(Form::Whole, module, &Then::Format(format));
    }

    Ok(found)
}
