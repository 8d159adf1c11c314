//! By which rule the processor of each wrapper lays out images, videos and sound. Sources: the image, video and audio
//! processors of transformers 5.23 under the wrapper's name; where published files of a family all say otherwise, those.

mod moving;
mod planned;

use serde_json::Value;

use moving::{sound, videos};

use super::Around;
use super::others::inverse;
use crate::model::config::Config;
use crate::model::error::ModelError;
use crate::model::media::{ImageRule, Senses};
use crate::model::towers::pair;

type Found<T> = Result<Option<T>, ModelError>;

/// What a wrapper reads and how; nothing of what is not known.
pub fn senses(root: &str, around: &Around<'_>) -> Result<Senses, ModelError> {
    let vision = around.config.part("vision_config");
    let sees = around.whole.object("vision_config").is_some() || !root.starts_with("gemma4");
    Ok(Senses {
        images: if sees { images(root, around, &vision)? } else { None },
        videos: if sees { videos(root, around, &vision)? } else { None },
        sound: sound(root, around)?,
        alone: None,
        across: matches!(root, "mllama" | "blip"),
    })
}

fn size(config: &Config, key: &'static str) -> Result<u64, ModelError> {
    Ok(config.size("size", std::slice::from_ref(&key))?.value)
}

/// A number of the config or its class, or the usual one.
fn or(config: &Config, key: &'static str, usual: u64) -> Result<u64, ModelError> {
    match config.optional("size", std::slice::from_ref(&key))? {
        // What is said is at least 1: rules divide by it.
        Some(_) => size(config, key),
        None => Ok(usual),
    }
}

/// Rows and columns of patches of an image of the config's own size.
fn grid(vision: &Config) -> Result<(u64, u64), ModelError> {
    let ((height, width), (down, across)) = (pair(vision, "image_size")?, pair(vision, "patch_size")?);
    Ok((height.value / down.value.max(1), width.value / across.value.max(1)))
}

/// The class token counts among what is handed on only where the whole is taken (`vision_feature_select_strategy`).
fn whole_kept(around: &Around<'_>) -> bool {
    let key = "vision_feature_select_strategy";
    around.whole.text(key).is_some_and(|strategy| strategy == "full")
}

fn fixed((rows, columns): (u64, u64), tokens: u64) -> Option<ImageRule> {
    Some(ImageRule::Fixed { rows, columns, tokens })
}

/// Each patch a token, or each square of so many.
fn every(grid: (u64, u64), side: u64) -> Option<ImageRule> {
    let side = side.max(1);
    fixed(grid, (grid.0 / side).saturating_mul(grid.1 / side))
}

fn pixels(vision: &Config, [patch, merge]: [&'static str; 2], bounds: [u64; 2]) -> Found<ImageRule> {
    let (patch, merge) = (or(vision, patch, 14)?, or(vision, merge, 2)?);
    let [least, most] = bounds;
    Ok(Some(ImageRule::Pixels {
        patch,
        merge,
        least,
        most,
        marks: 0,
        ends: false,
    }))
}

fn longest(vision: &Config, merge: u64, ends: bool) -> Found<ImageRule> {
    let (side, patch) = (size(vision, "image_size")?, size(vision, "patch_size")?);
    Ok(Some(ImageRule::LongestSide {
        sides: [side, side],
        patch,
        merge,
        ends,
    }))
}

/// How a class cuts tiles.
struct Cut {
    /// Most of them.
    most: u64,
    /// Patches that are joined on each side.
    merge: u64,
    /// Marks of each tile, of each row of tiles, and of the image.
    marks: [u64; 3],
    /// Marks at the end of every tile, the small whole image too.
    ends: u64,
    /// Whether the arrangement is the one that scales least.
    by_scale: bool,
    /// Whether every image takes the room of all tiles.
    filled: bool,
    /// Most of them in a row or column.
    across: u64,
}

impl Cut {
    /// By the nearest ratio (InternVL).
    const fn by_ratio(most: u64, merge: u64, marks: [u64; 3]) -> Self {
        Self {
            most,
            merge,
            marks,
            ends: 0,
            by_scale: false,
            filled: false,
            across: most,
        }
    }
    /// By the least scaling (Llama).
    const fn by_scale(most: u64, merge: u64, marks: [u64; 3]) -> Self {
        Self {
            by_scale: true,
            ..Self::by_ratio(most, merge, marks)
        }
    }
}

fn tiles(vision: &Config, cut: &Cut) -> Found<ImageRule> {
    let side = pair(vision, "image_size")?.0.value;
    let patches = side / pair(vision, "patch_size")?.0.value.max(1);
    let joined = patches / cut.merge.max(1);
    Ok(Some(ImageRule::Tiles {
        side,
        patches,
        most: cut.most,
        across: cut.across,
        by_scale: cut.by_scale,
        tokens: joined.saturating_mul(joined).saturating_add(cut.ends),
        marks: cut.marks,
        filled: cut.filled,
    }))
}

const QWEN: [&str; 2] = ["spatial_patch_size", "spatial_merge_size"];
const PATCH: [&str; 2] = ["patch_size", "spatial_merge_size"];
/// `preprocessor_config.json` of Qwen2-VL and Qwen2.5-VL; the class's own default is 1,003,520.
const OF_QWEN2: [u64; 2] = [3_136, 12_845_056];
/// `preprocessor_config.json` of Qwen3-VL, Qwen3-Omni and Qwen3.5.
const OF_QWEN3: [u64; 2] = [65_536, 16_777_216];
/// The default of `Qwen2VLImageProcessor`.
const OF_CLASS: [u64; 2] = [3_136, 1_003_520];
const OF_GLM: [u64; 2] = [12_544, 11_760_000];

fn images(root: &str, around: &Around<'_>, vision: &Config) -> Found<ImageRule> {
    let whole = &around.whole;
    Ok(match root {
        "llava" if vision.model_type() == "pixtral" => longest(vision, 1, true)?,
        "mistral3" | "mistral_large4" => longest(vision, size(whole, "spatial_merge_size")?, true)?,
        "lighton_ocr" => longest(vision, size(whole, "spatial_merge_size")?, false)?,
        "llava" | "vipllava" | "video_llava" => {
            let grid = grid(vision)?;
            let class = u64::from(whole_kept(around) && vision.model_type() == "clip_vision_model");
            fixed(grid, grid.0.saturating_mul(grid.1).saturating_add(class))
        }
        "llava_next" | "llava_next_video" | "llava_onevision" => resolutions(around, vision)?,
        "fast_vlm" => fixed((16, 16), 256),
        "qwen2_vl" => pixels(vision, QWEN, OF_QWEN2)?,
        "qwen2_5_vl" | "qwen2_5_omni" | "qwen2_5_omni_thinker" => pixels(vision, PATCH, OF_QWEN2)?,
        "exaone4_5" | "hyperclovax_vision_v2" | "cohere_compass" | "lfm3_vl" => pixels(vision, PATCH, OF_CLASS)?,
        "ernie4_5_vl_moe" => pixels(vision, PATCH, [3_136, 4_842_768])?,
        "minimax_m3_vl" => Some(ImageRule::Pixels {
            patch: or(vision, "patch_size", 14)?,
            merge: or(vision, "spatial_merge_size", 2)?,
            least: 3_136,
            most: 451_584,
            marks: 2,
            ends: false,
        }),
        "qwen3_vl"
        | "cosmos3_omni"
        | "cosmos3_edge"
        | "qwen3_vl_moe"
        | "qwen3_5"
        | "qwen3_5_moe"
        | "qwen4_exp"
        | "qwen3_omni_moe"
        | "qwen3_omni_moe_thinker" => pixels(vision, PATCH, OF_QWEN3)?,
        "glm4v" | "glm4v_moe" | "glm_ocr" => pixels(vision, PATCH, OF_GLM)?,
        "video_llama_3" => {
            let merge = or(vision, "spatial_merge_size", 1)?;
            let patch = size(vision, "patch_size")?;
            Some(ImageRule::Pixels {
                patch,
                merge,
                least: OF_CLASS[0],
                most: OF_CLASS[1],
                marks: 0,
                ends: false,
            })
        }
        "paligemma" | "deepseek_vl" | "janus" => every(grid(vision)?, 1),
        "siglip" | "siglip2" | "clip" | "metaclip_2" | "chinese_clip" | "altclip"
            if vision.get("num_patches").is_none() && root != "siglip2" =>
        {
            fixed(grid(vision)?, 0)
        }
        "siglip2" => fixed((size(vision, "num_patches")?, 1), 0),
        "gemma3" => fixed(grid(vision)?, or(whole, "mm_tokens_per_image", 256)?),
        "gemma3n" => fixed((48, 48), or(whole, "vision_soft_tokens_per_image", 256)?),
        "gemma4" => Some(ImageRule::Filled {
            patch: or(vision, "patch_size", 16)?,
            pool: or(vision, "pooling_kernel_size", 3)?,
            tokens: or(whole, "vision_soft_tokens_per_image", 280)?,
        }),
        "idefics3" | "smolvlm" => {
            let (side, patches) = (size(vision, "image_size")?, grid(vision)?.0);
            let joined = patches / size(whole, "scale_factor")?.max(1);
            Some(ImageRule::Splits {
                side,
                most: 4,
                patches,
                tokens: joined.saturating_mul(joined),
            })
        }
        "internvl" => tiles(
            vision,
            &Cut::by_ratio(12, inverse(whole, "downsample_ratio")?.value, [0, 0, 2]),
        )?,
        "aya_vision" => tiles(vision, &Cut::by_ratio(12, size(whole, "downsample_factor")?, [1, 1, 3]))?,
        "cohere2_vision" => {
            let cut = Cut {
                ends: 1,
                ..Cut::by_scale(12, size(whole, "downsample_factor")?, [0, 0, 2])
            };
            tiles(vision, &cut)?
        }
        "llama4" => {
            let merge = inverse(vision, "pixel_shuffle_ratio")?.value;
            tiles(vision, &Cut::by_scale(16, merge, [1, 1, 3]))?
        }
        "mllama" => {
            let cut = Cut {
                filled: true,
                ..Cut::by_scale(size(vision, "max_num_tiles")?, 1, [0; 3])
            };
            tiles(vision, &cut)?
        }
        "kimi_k25" | "kimi_k3" => Some(ImageRule::Native {
            patch: pair(vision, "patch_size")?.0.value,
            merge: pair(vision, "merge_kernel_size")?.0.value,
            most: 16_384,
            side: 512,
        }),
        "phi4_multimodal" => Some(ImageRule::Covered {
            side: size(vision, "image_size")?,
            patch: size(vision, "patch_size")?,
            most: 36,
        }),
        "lfm2_vl" => Some(ImageRule::TilesOrWhole {
            side: or(whole, "tile_size", 512)?,
            patch: size(vision, "patch_size")?,
            merge: size(whole, "downsample_factor")?,
            tiles: [or(whole, "min_tiles", 2)?, or(whole, "max_tiles", 10)?],
            tokens: [or(whole, "min_image_tokens", 64)?, or(whole, "max_image_tokens", 256)?],
        }),
        "idefics2" => Some(ImageRule::Latents {
            sides: [378, 980],
            patch: size(vision, "patch_size")?,
            // A mark before and after.
            tokens: size(&around.config.part("perceiver_config"), "resampler_n_latents")?.saturating_add(2),
        }),
        "ovis2" => {
            let grid = grid(vision)?;
            let stride = or(vision, "hidden_stride", 1)?.max(1);
            // A mark before, one for the grid of tiles, one after.
            let tokens = (grid.0 / stride).saturating_mul(grid.1 / stride);
            fixed(grid, tokens.saturating_add(3))
        }
        // `AriaProcessor`: images of 980 pixels are 256 tokens.
        "aria" => {
            let side = 980 / size(vision, "patch_size")?;
            fixed((side, side), 256)
        }
        "got_ocr2" => fixed(grid(vision)?, 256),
        "blip-2" | "instructblip" => fixed(grid(vision)?, size(whole, "num_query_tokens")?),
        // Layers attend to every patch and the class token.
        "blip" => fixed(grid(vision)?, 0),
        "git" => {
            let vision = around.config.part("vision_config").of_type("git_vision_model");
            let grid = grid(&vision)?;
            fixed(grid, grid.0.saturating_mul(grid.1).saturating_add(1))
        }
        // A mark before and after.
        "kosmos-2" => fixed(grid(vision)?, size(whole, "latent_query_num")?.saturating_add(2)),
        _ => planned::images(root, around, vision)?,
    })
}

/// LLaVA-NeXT: `image_grid_pinpoints` of the config; OneVision keeps the patches of nine crops at most.
fn resolutions(around: &Around<'_>, vision: &Config) -> Found<ImageRule> {
    const KEY: &str = "image_grid_pinpoints";
    let value = around.whole.get(KEY).or_else(|| around.whole.class_default(KEY));
    let side_of = |side: Option<&Value>| side.and_then(Value::as_u64).filter(|side| (1..=1 << 20).contains(side));
    let both = |one: &Value| Some((side_of(one.get(0))?, side_of(one.get(1))?));
    let all: Option<Vec<(u64, u64)>> = value
        .and_then(Value::as_array)
        .filter(|list| (1..=1024).contains(&list.len()))
        .and_then(|list| list.iter().map(both).collect());
    let all = match (all, value) {
        (Some(all), _) => all,
        (None, None) => usual_resolutions(around.config.root_type()),
        (None, Some(_)) => return Ok(None),
    };
    let most = around
        .whole
        .text("vision_aspect_ratio")
        .or_else(|| (around.config.root_type() == "llava_onevision").then_some("anyres_max_9"))
        .and_then(|text| text.strip_prefix("anyres_max_")?.parse().ok());
    Ok(Some(ImageRule::Resolutions {
        all,
        side: size(vision, "image_size")?,
        patches: grid(vision)?.0,
        most,
        marked: vision.model_type() == "clip_vision_model",
    }))
}

/// The defaults of `LlavaNextConfig` and `LlavaOnevisionConfig`.
fn usual_resolutions(root: &str) -> Vec<(u64, u64)> {
    if root == "llava_onevision" {
        let sides = || (1..=6).map(|times| 384 * times);
        return sides()
            .flat_map(|height| sides().map(move |width| (height, width)))
            .collect();
    }
    vec![(336, 672), (672, 336), (672, 672), (1008, 336), (336, 1008)]
}
