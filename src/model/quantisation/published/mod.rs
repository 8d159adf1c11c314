//! `quantization_config`: how a checkpoint says it is stored. One file a method, each over the same rules by module.

mod aqlm;
mod auto_round;
mod awq;
mod bitsandbytes;
mod compressed;
mod exl;
mod found;
mod fp8;
mod gptq;
mod hqq;
mod mlx;
mod modelopt;
mod others;
mod quark;
mod settings;
mod torchao;

pub use found::{Cache, CacheBy};

use serde_json::{Map, Value};

use super::super::config::{Config, wrong};
use super::super::error::ModelError;
use super::super::format::Format;
use super::super::library::library;
use super::Quantisation;
use found::Found;
use settings::Settings;

/// Where a config may say how its weights are stored, in the order they are asked.
const PLACES: [&str; 2] = ["quantization_config", "compression_config"];

/// Reads the number format of a checkpoint: `dtype`, and `quantization_config` where there is one.
///
/// # Errors
/// A key of the wrong type or out of range, by name.
pub fn read(config: &Config) -> Result<Quantisation, ModelError> {
    let said = PLACES.iter().any(|place| config.get_anywhere(place).is_some()) || config.get("quantization").is_some();
    let found = if said { (library()?.quantisation)(config)? } else { None };
    Ok(found.unwrap_or_else(|| Quantisation::plain(base(config))))
}

/// What a config says of its quantisation, if it says anything. Part of the [library](super::super::library).
///
/// # Errors
/// A key of the wrong type or out of range, by name.
pub fn published(config: &Config) -> Result<Option<Quantisation>, ModelError> {
    let base = base(config);
    if let Some(map) = config.object("quantization").filter(|map| map.contains_key("bits")) {
        let found = mlx::read(&Settings::new(map))?;
        return Ok(Some(finish(config, found, base, "mlx")));
    }
    let Some((place, map)) = place(config)? else {
        return Ok(None);
    };
    let settings = Settings::new(map);
    let method = method(&settings, place);
    Ok(Some(match by_method(config, &settings, &method) {
        Ok(Some(found)) => finish(config, found, base, &method),
        Ok(None) => unknown(base, &refusal(&settings, &method)),
        Err(ModelError::Quantisation(why)) => unknown(base, &why),
        Err(other) => return Err(other),
    }))
}

/// The key of an object, and the object.
type Place<'a> = (&'static str, &'a Map<String, Value>);

/// The object that says how weights are stored.
fn place(config: &Config) -> Result<Option<Place<'_>>, ModelError> {
    for place in PLACES {
        match config.get_anywhere(place) {
            Some(Value::Object(map)) if map.is_empty() => {}
            Some(Value::Object(map)) => return Ok(Some((place, map))),
            Some(other) => return Err(wrong(place, other, "an object")),
            None => {}
        }
    }
    Ok(None)
}

/// The method by name, else by keys that only one method has.
fn method(settings: &Settings<'_>, place: &str) -> String {
    if let Some(named) = settings.word("quant_method").filter(|name| !name.is_empty()) {
        return named.replace('_', "-");
    }
    let any = |keys: &[&str]| keys.iter().any(|&key| settings.has(key));
    let nested = settings.part("quantization").is_some_and(|part| part.has("quant_algo"));
    let found = match () {
        () if any(&["load_in_4bit", "load_in_8bit", "_load_in_4bit", "_load_in_8bit"]) => "bitsandbytes",
        () if nested || any(&["quant_algo"]) => "modelopt",
        () if any(&["config_groups"]) || place == "compression_config" => "compressed-tensors",
        () if any(&["global_quant_config"]) => "quark",
        () if any(&["w_bit", "q_group_size"]) => "awq",
        () if any(&["desc_act", "dynamic", "damp_percent", "modules_in_block_to_quantize"]) => "gptq",
        () if any(&["weight_quant_params", "nbits"]) => "hqq",
        () if any(&["quant_type"]) => "torchao",
        () if any(&["weight_block_size"]) => "fp8",
        // mlx-lm writes its settings in both places.
        () if any(&["bits"]) && any(&["group_size"]) => "mlx",
        () => "",
    };
    found.to_owned()
}

fn by_method(config: &Config, settings: &Settings<'_>, method: &str) -> Result<Option<Found>, ModelError> {
    Ok(Some(match method {
        "gptq" | "gptq-marlin" | "marlin" | "gptq-bitblas" | "bitblas" | "gptq-v2" | "auto-gptq" | "gptqmodel" => {
            gptq::read(settings)?
        }
        "awq" | "awq-marlin" | "autoawq" => awq::read(settings)?,
        "auto-round" | "intel/auto-round" | "autoround" | "inc" => auto_round::read(settings)?,
        "bitsandbytes" | "bitsandbytes-4bit" | "bitsandbytes-8bit" => return bitsandbytes::read(settings),
        "fp8" | "fine-grained-fp8" | "finegrained-fp8" | "deepgemm-fp8" => fp8::read(config, settings, false)?,
        "fbgemm-fp8" | "ptpc-fp8" => fp8::read(config, settings, true)?,
        "mxfp4" | "gpt-oss-mxfp4" => fp8::microscaling(settings, 4),
        "mxfp8" => fp8::microscaling(settings, 8),
        "compressed-tensors" => return compressed::read(settings),
        name if name.starts_with("modelopt") => return modelopt::read(settings),
        "quark" => return quark::read(settings),
        "hqq" => hqq::read(settings)?,
        "torchao" => return torchao::read(settings),
        "mlx" => mlx::read(settings)?,
        "exl2" | "exl3" => exl::read(settings, method)?,
        "aqlm" => aqlm::read(settings)?,
        name => return others::read(settings, name),
    }))
}

/// Puts together what was read, and says what was not.
fn finish(config: &Config, found: Found, base: Format, method: &str) -> Quantisation {
    const MOST_SAID: usize = 6;
    let mut unread = found.unread;
    unread.extend(found.rules.unread().map(str::to_owned));
    if !unread.is_empty() {
        let shown: Vec<String> = unread.iter().take(MOST_SAID).map(|key| shortened(key)).collect();
        let more = if unread.len() > MOST_SAID { " and more" } else { "" };
        config.notice(
            "quantisation_key_unread",
            format!(
                "Of quantization_config ({method}) this was not understood: {}{more}. If it changes how weights are stored, the bytes are off.",
                shown.join(", ")
            ),
        );
    }
    let mut label = found.label.unwrap_or_else(|| found.format.label.to_string());
    if found.named_only && found.rules.formats.is_empty() {
        label = base.label.to_string();
    }
    Quantisation {
        method: label,
        writer: method.to_owned(),
        head: found.head,
        towers: found.towers,
        container: found.container,
        special: found.special,
        rules: Some(found.rules.into()),
        named_only: found.named_only,
        cache: found.cache,
        ..Quantisation::new(base, found.format, found.scope)
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(80).filter(|sign| !sign.is_control()).collect()
}

/// A checkpoint whose bytes are not known. Whoever weighs it as published is refused.
fn unknown(base: Format, why: &str) -> Quantisation {
    Quantisation {
        unknown: Some(why.to_owned()),
        method: "a format that is not known".to_owned(),
        ..Quantisation::plain(base)
    }
}

fn refusal(settings: &Settings<'_>, method: &str) -> String {
    let algorithm = ["quant_algo", "quant_type", "weights"].iter().find_map(|&key| {
        let value = settings.get(key).or_else(|| settings.get("quantization")?.get(key))?;
        Some(value.as_str().map_or_else(|| value.to_string(), str::to_owned))
    });
    match (method, algorithm) {
        ("", _) => "quantization_config names no method (quant_method), and none is recognised by its keys".to_owned(),
        (method, Some(algorithm)) => {
            format!(
                "quantization_config names \"{}\" of the method \"{}\", which is not known",
                shortened(&algorithm),
                shortened(method)
            )
        }
        (method, None) => format!(
            "quantization_config of the method \"{}\" names no format that is known",
            shortened(method)
        ),
    }
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
                format!("The dtype \"{}\" is not known; BF16 is assumed.", shortened(name)),
            );
            Format::BF16
        }),
    }
}
