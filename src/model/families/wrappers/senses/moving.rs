//! Rules for videos and sound.

use super::super::Around;
use super::super::others::inverse;
use super::{Found, every, fixed, grid, or};
use crate::model::config::Config;
use crate::model::media::{ImageRule, SoundRule, VideoRule};

pub fn videos(root: &str, around: &Around<'_>, vision: &Config) -> Found<VideoRule> {
    let joined = |bounds: [u64; 2], pixels: [u64; 2], together: bool| -> Found<VideoRule> {
        let patch = if root == "qwen2_vl" {
            "spatial_patch_size"
        } else {
            "patch_size"
        };
        Ok(Some(VideoRule::Joined {
            frames: or(vision, "temporal_patch_size", 2)?,
            between: bounds,
            patch: or(vision, patch, 14)?,
            merge: or(vision, "spatial_merge_size", 2)?,
            pixels,
            together,
        }))
    };
    Ok(match root {
        "qwen2_vl" | "qwen2_5_vl" | "qwen2_5_omni" | "qwen2_5_omni_thinker" | "exaone4_5" => {
            joined([4, 768], [100_352, 602_112], false)?
        }
        // `video_preprocessor_config.json` of Qwen3-VL: bounds of all frames together.
        "qwen3_vl" | "cosmos3_omni" | "qwen3_vl_moe" | "qwen3_5" | "qwen3_5_moe" | "qwen4_exp" => {
            joined([4, 768], [4_096, 25_165_824], true)?
        }
        "glm4v" | "glm4v_moe" => joined([2, 600], [12_544, 47_040_000], true)?,
        "internvl" => {
            let grid = grid(vision)?;
            let each = every(grid, inverse(&around.whole, "downsample_ratio")?.value);
            each.map(|each| VideoRule::Frames {
                each,
                tokens: None,
                marks: 0,
                exactly: None,
            })
        }
        "llava_onevision" => {
            let grid = grid(vision)?;
            // Frames are pooled by two, rounded up, and a mark ends the video.
            let side = grid.0.div_ceil(2);
            fixed(grid, side.saturating_mul(side)).map(|each| VideoRule::Frames {
                each,
                tokens: None,
                marks: 1,
                exactly: None,
            })
        }
        "gemma4" => Some(VideoRule::Frames {
            each: ImageRule::Filled {
                patch: or(vision, "patch_size", 16)?,
                pool: or(vision, "pooling_kernel_size", 3)?,
                tokens: 70,
            },
            tokens: None,
            marks: 0,
            exactly: None,
        }),
        // Its processor writes the tokens of four frames, and its class refuses any other number.
        "instructblipvideo" => {
            let each = fixed(grid(vision)?, super::size(&around.whole, "num_query_tokens")?);
            each.map(|each| VideoRule::Frames {
                each,
                tokens: None,
                marks: 0,
                exactly: Some(4),
            })
        }
        _ => None,
    })
}

pub fn sound(root: &str, around: &Around<'_>) -> Found<SoundRule> {
    let listens = around.whole.object("audio_config").is_some();
    Ok(match root {
        "qwen2_audio" => Some(SoundRule {
            clip: 30,
            most: 30,
            ..SoundRule::OPEN
        }),
        "audioflamingo3" | "musicflamingo" => Some(SoundRule {
            clip: 30,
            most: 600,
            ..SoundRule::OPEN
        }),
        "voxtral" => Some(SoundRule {
            clip: 30,
            joined: 4,
            filled: true,
            ..SoundRule::OPEN
        }),
        "qwen2_5_omni" | "qwen2_5_omni_thinker" => Some(SoundRule {
            most: 300,
            ..SoundRule::OPEN
        }),
        "qwen3_omni_moe" | "qwen3_omni_moe_thinker" | "qwen3_asr" => {
            let audio = around.config.part("audio_config");
            let chunk = or(&audio, "n_window", 50)?.saturating_mul(2).max(1);
            Some(SoundRule {
                stride: 8,
                chunk,
                joined: 1,
                ..SoundRule::OPEN
            })
        }
        "gemma3n" => Some(SoundRule {
            stride: 4,
            most: 30,
            tokens: Some(or(&around.whole, "audio_soft_tokens_per_image", 188)?),
            ..SoundRule::OPEN
        }),
        "gemma4" if listens => Some(SoundRule {
            stride: 4,
            most: 30,
            joined: 1,
            ..SoundRule::OPEN
        }),
        // Windows of the spectrum are whole ones, so that two frames less are heard; six of them are a step.
        "fun_asr_nano" => Some(SoundRule {
            lost: 2,
            stride: 6,
            joined: 1,
            ..SoundRule::OPEN
        }),
        // A token is 50 ms of the spectrum.
        "inkling_mm_model" => Some(SoundRule {
            stride: 5,
            joined: 1,
            ..SoundRule::OPEN
        }),
        "phi4_multimodal" => Some(SoundRule {
            stride: 8,
            joined: 1,
            ..SoundRule::OPEN
        }),
        _ => None,
    })
}
