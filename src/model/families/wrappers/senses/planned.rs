//! Rules for images of wrappers whose processors plan crops, slices and windows of their own.

use serde_json::Value;

use super::super::Around;
use super::super::documents::before_merger;
use super::super::others::inverse;
use super::{Cut, Found, OF_CLASS, grid, or, size, tiles};
use crate::model::config::Config;
use crate::model::media::ImageRule;

pub fn images(root: &str, around: &Around<'_>, vision: &Config) -> Found<ImageRule> {
    let whole = &around.whole;
    Ok(match root {
        "molmo2" => Some(ImageRule::Overlapped {
            patches: grid(vision)?.0,
            shared: 8,
            patch: or(vision, "patch_size", 14)?,
            pool: 2,
            most: 8,
        }),
        "minicpmv4_6" | "minicpmv4_7" | "minicpm_ocr" => slices(whole, vision)?,
        "dots3_note" => Some(ImageRule::Pixels {
            patch: size(vision, "patch_size")?,
            merge: size(vision, "adapter_merge_size")?,
            least: OF_CLASS[0],
            most: OF_CLASS[1],
            marks: 0,
            ends: false,
        }),
        // `HunYuanVLImageProcessor`; a mark at the end of each row, of Hunyuan VL one before and after too.
        "hunyuan_vl" | "hy_v4_vl" => Some(ImageRule::Pixels {
            patch: size(vision, "patch_size")?,
            merge: size(vision, "spatial_merge_size")?,
            least: 262_144,
            most: 4_194_304,
            marks: if root == "hunyuan_vl" { 2 } else { 0 },
            ends: true,
        }),
        // Two marks before each tile, one behind each row, three around the small whole image.
        "granite_docling" => {
            let cut = Cut {
                across: 16,
                ..Cut::by_ratio(32, size(vision, "scale_factor")?, [2, 3, 3])
            };
            tiles(vision, &cut)?
        }
        "nemotron_h_omni" => Some(ImageRule::Bounded {
            patch: size(vision, "patch_size")?,
            merge: inverse(whole, "downsample_ratio")?.value,
            bounds: [1_024, 13_312],
        }),
        "glm5_next" => Some(ImageRule::Aligned {
            patch: size(vision, "patch_size")?,
            merge: size(vision, "spatial_merge_size")?,
            bounds: [16, 8_000],
            marks: 2,
            beyond: false,
        }),
        // A patch is a token; the class puts its mark before the image.
        "inkling_mm_model" => Some(ImageRule::Aligned {
            patch: size(vision, "patch_size")?,
            merge: 1,
            bounds: [1, u64::MAX],
            marks: 1,
            beyond: true,
        }),
        "inkling2" | "inkling2_loop" => Some(ImageRule::Aligned {
            patch: size(vision, "patch_size")?,
            merge: size(vision, "spatial_merge_size")?,
            bounds: [1, u64::MAX],
            marks: 0,
            beyond: false,
        }),
        "fuyu" => Some(ImageRule::LongestSide {
            sides: [1_080, 1_920],
            patch: size(whole, "patch_size")?,
            merge: 1,
            ends: true,
        }),
        "muse_glimmer" | "muse_spark" => Some(ImageRule::Nearest {
            patch: size(vision, "patch_size")?,
            merge: size(vision, "merge_size")?,
            most: 4_096,
        }),
        "step3p7" => Some(ImageRule::Windows {
            most: 3_024,
            sides: [728, 504],
            patch: or(vision, "patch_size", 14)?,
            merge: 4,
        }),
        _ => None,
    })
}

/// MiniCPM-V: squares of patches are joined once or twice (`downsample_mode`); more mergers make fewer tokens than its
/// processor writes marks for.
fn slices(whole: &Config, vision: &Config) -> Found<ImageRule> {
    if or(whole, "merger_times", 1)? != 1 {
        return Ok(None);
    }
    let mode = whole
        .get("downsample_mode")
        .or_else(|| whole.class_default("downsample_mode"));
    let once = mode.and_then(Value::as_str) == Some("4x");
    // Without the merger inside the tower its class makes more tokens than its processor writes marks for.
    let layers = size(vision, "num_hidden_layers")?;
    if !once && before_merger(whole, layers).is_none() {
        return Ok(None);
    }
    Ok(Some(ImageRule::Slices {
        side: 448,
        patch: size(vision, "patch_size")?,
        merge: if once { 2 } else { 4 },
        most: 9,
    }))
}
