//! Vision and audio towers: what stands before a language model. One file a kind; each is a function from the tower's
//! own config object to its parts.

pub mod clip;
mod conformer;
mod davit;
mod dots;
mod gemma_vision;
mod glm_vision;
pub mod inkling;
mod intern;
mod llama_vision;
mod mobilenet;
mod molmo;
mod moonvit;
pub mod muse;
mod ovis;
pub mod phi;
mod pixtral;
pub mod qwen_audio;
mod qwen_vit;
mod radio;
pub mod sam;
pub mod siglip;
pub mod whisper;

pub use molmo::adapter;

use serde_json::Value;

use super::blueprint::Tower;
use super::config::{Config, MOST_DIMENSION, whole, wrong};
use super::error::ModelError;
use super::media::Stage;
use crate::units::{Origin, Quantity, Unit};

/// The parts of a tower, or why they cannot be counted.
pub type Parts = Result<Vec<Tower>, ModelError>;

/// The tower that a config object describes, by its model type. Tensor names begin with `prefix`.
///
/// # Errors
/// A tower that is not built, or a dimension that is missing or impossible.
pub fn tower(config: &Config, prefix: &str) -> Parts {
    match config.model_type() {
        "clip_vision_model"
        | "metaclip_2_vision_model"
        | "kosmos_2_vision_model"
        | "chinese_clip_vision_model"
        | "altclip_vision_model" => clip::tower(config, prefix),
        "siglip_vision_model" => siglip::tower(config, prefix, siglip::Form::SIGLIP),
        "cosmos3_edge_vision" => siglip::tower(config, prefix, siglip::Form::SIGLIP2_HEADLESS),
        "siglip2_vision_model" | "lfm2_vl_vision" => siglip::tower(config, prefix, siglip::Form::SIGLIP2),
        "idefics2_vision" | "idefics3_vision" | "smolvlm_vision" | "video_llama_3_vision" => {
            let form = if config.model_type() == "video_llama_3_vision" {
                siglip::Form::WITHOUT_POSITIONS
            } else {
                siglip::Form::HEADLESS
            };
            siglip::tower(config, prefix, form)
        }
        "pixtral" => pixtral::tower(config, prefix),
        "qwen2_vl_vision" => qwen_vit::second(config, prefix),
        "qwen2_5_vl_vision" | "qwen2_5_omni_vision_encoder" | "exaone4_5_vision" => qwen_vit::gated(config, prefix),
        "qwen3_vl_vision" | "qwen3_vl_moe_vision" | "cohere_compass_vision" => {
            qwen_vit::third(config, prefix, qwen_vit::Deep::VL)
        }
        "qwen3_omni_moe_vision_encoder" => qwen_vit::third(config, prefix, qwen_vit::Deep::OMNI),
        "qwen3_5_vision" | "qwen3_5_moe_vision" | "qwen4_exp_vision" | "qwen4_exp" => {
            qwen_vit::third(config, prefix, qwen_vit::Deep::NONE)
        }
        "glm4v_vision" | "glm4v_moe_vision" => glm_vision::tower(config, prefix, true),
        "glm_ocr_vision" | "glm5_next_vision" => glm_vision::tower(config, prefix, false),
        "internvl_vision" | "qianfan_ocr_vision" => intern::tower(config, prefix),
        "llama4_vision_model" => llama_vision::fourth(config, prefix),
        "mllama_vision_model" => llama_vision::third(config, prefix),
        "kimi_k25_vision" => moonvit::tower(config, prefix),
        "gemma4_vision" => gemma_vision::tower(config, prefix),
        "gemma3n_vision" => mobilenet::tower(config, prefix),
        "timm_wrapper" => mobilenet::fastvit(config, prefix),
        "gemma3n_audio" => conformer::third(config, prefix),
        "gemma4_audio" => conformer::fourth(config, prefix),
        "dots3_note_vision_encoder" => dots::vision(config, prefix),
        "dots3_note_audio_encoder" => dots::audio(config, prefix),
        "florence_vision" => davit::tower(config, prefix),
        "radio" => radio::tower(config, prefix),
        "molmo2_vision" => molmo::tower(config, prefix),
        "ovis2_vision" => ovis::tower(config, prefix),
        "got_ocr2_vision" | "pp_chart2table_vision" | "sam_vision_model" => sam::tower(config, prefix),
        "qwen2_audio_encoder" | "audioflamingo3_encoder" | "voxtral_encoder" | "moss_transcribe_diarize_audio" => {
            whisper::tower(config, prefix)
        }
        "qwen2_5_omni_audio_encoder" => qwen_audio::second(config, prefix),
        "qwen3_omni_moe_audio_encoder" => qwen_audio::third(config, prefix),
        other => Err(ModelError::NotBuilt {
            model_type: String::new(),
            what: match other {
                "" => "A tower without a model_type".to_owned(),
                name => format!("The tower \"{}\"", name.chars().take(40).collect::<String>()),
            },
        }),
    }
}

/// A size that may be written as one number or as a pair: height and width.
///
/// # Errors
/// Missing, of the wrong type or out of range.
pub fn pair(config: &Config, key: &'static str) -> Result<(Quantity, Quantity), ModelError> {
    let given = config.get(key);
    let Some(value) = given.or_else(|| config.class_default(key)) else {
        let quantity = config.size(key, &[key])?;
        return Ok((quantity.clone(), quantity));
    };
    let quantity = |value: &Value| {
        Ok(Quantity {
            name: key.into(),
            value: whole(key, value, 1, MOST_DIMENSION)?,
            unit: Unit::Count,
            origin: if given.is_some() {
                Origin::Config(key.into())
            } else {
                Origin::ClassDefault(key.into())
            },
        })
    };
    match value {
        Value::Array(sides) => match sides.as_slice() {
            [height, width] => Ok((quantity(height)?, quantity(width)?)),
            _ => Err(wrong(key, value, "a number or a pair of numbers")),
        },
        other => Ok((quantity(other)?, quantity(other)?)),
    }
}

/// Patches of an image: rows times columns.
pub fn patches(config: &Config, image: &'static str, patch: &'static str) -> Result<Quantity, ModelError> {
    let ((height, width), (down, across)) = (pair(config, image)?, pair(config, patch)?);
    Ok(Quantity::product(
        "patches",
        &[
            &Quantity::quotient("patch_rows", &height, &down),
            &Quantity::quotient("patch_columns", &width, &across),
        ],
    ))
}

/// A width that is a multiple of another, broken off: `mlp_ratio` may be 4 or 4.3637.
///
/// # Errors
/// Not a number, or out of range.
pub fn scaled(config: &Config, of: &Quantity, key: &'static str) -> Result<Quantity, ModelError> {
    let value = config.get(key).or_else(|| config.class_default(key));
    let value = value.unwrap_or(&Value::Null);
    let Some(ratio) = value.as_f64() else {
        return Err(wrong(key, value, "a number"));
    };
    let width = of.value as f64 * ratio;
    if !(1.0..=MOST_DIMENSION as f64).contains(&width) {
        return Err(ModelError::OutOfRange {
            key: key.to_owned(),
            found: ratio.to_string(),
            least: 1,
            most: MOST_DIMENSION,
        });
    }
    Ok(Quantity::config("intermediate", key, width as u64))
}

/// How long a list of layers is, if there is one.
///
/// # Errors
/// Not a list, or longer than any tower.
pub fn list(config: &Config, key: &'static str) -> Result<Quantity, ModelError> {
    let Some(value) = config.get(key).or_else(|| config.class_default(key)) else {
        return Ok(Quantity::architecture("layers", 0, "no such list"));
    };
    match value.as_array() {
        Some(list) if list.len() <= 1000 => Ok(Quantity::config("layers", key, list.len() as u64)),
        _ => Err(wrong(key, value, "a list of layers")),
    }
}

/// Heads of a tower's attention, where the config or its class says so. Products cost the same however many there are.
///
/// # Errors
/// Of the wrong type or out of range.
pub fn heads(config: &Config) -> Result<Option<Quantity>, ModelError> {
    const KEYS: &[&str] = &[
        "num_attention_heads",
        "num_heads",
        "attention_heads",
        "vt_num_attention_heads",
        "encoder_attention_heads",
    ];
    config.optional("heads", KEYS)
}

/// Every patch of a crop and the class token.
pub fn with_class() -> Stage {
    Stage::Plus(fixed("class token", 1, "one class token"))
}

/// What is left of so many bins of a spectrum after so many strides of 2, each rounded up.
pub fn halved(bins: u64, times: u32) -> u64 {
    (0..times).fold(bins, |bins, _| bins.div_ceil(2))
}

/// Frames of a spectrum after so many strides of 2, in time and over the bins.
pub fn spectrum(strides: u32, bins: u64) -> Stage {
    Stage::Frames {
        strides,
        bins: halved(bins, strides),
    }
}

/// Colours of an image.
pub fn channels(config: &Config) -> Result<Quantity, ModelError> {
    config.size_or("channels", &["num_channels", "in_channels"], || {
        fixed("channels", 3, "red, green and blue")
    })
}

/// A size that this kind of tower always has.
fn fixed(name: &'static str, value: u64, why: &'static str) -> Quantity {
    Quantity::architecture(name, value, why)
}

/// One more than a size: the class token.
pub fn and_one(name: &'static str, of: &Quantity) -> Quantity {
    Quantity::sum(name, &[of, &fixed("class token", 1, "one class token")])
}

/// How many layers' features stand side by side: `vision_feature_layer` is one layer or a list of them.
///
/// # Errors
/// Neither a whole number nor a list.
pub fn features(config: &Config) -> Result<Quantity, ModelError> {
    const KEY: &str = "vision_feature_layer";
    let given = config.get(KEY);
    let origin = if given.is_some() {
        Origin::Config(KEY.into())
    } else {
        Origin::ClassDefault(KEY.into())
    };
    let count = match given.or_else(|| config.class_default(KEY)) {
        Some(Value::Array(list)) => (list.len() as u64).clamp(1, 1000),
        Some(Value::Number(_)) | None => 1,
        Some(other) => return Err(wrong(KEY, other, "a layer or a list of layers")),
    };
    Ok(Quantity {
        name: "feature layers".into(),
        value: count,
        unit: Unit::Count,
        origin,
    })
}

/// MoonViT, where the config does not name its tower.
pub fn kimi_tower(config: &Config, prefix: &str) -> Parts {
    moonvit::tower(config, prefix)
}
