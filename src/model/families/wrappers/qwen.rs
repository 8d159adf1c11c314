//! Qwen-VL and Omni, GLM-V and EXAONE 4.5: the tower ends in its own projector.

use super::Around;
use crate::model::towers::{Parts, tower};

/// Qwen 2-VL and 2.5-VL.
pub fn visual(around: &Around<'_>) -> Parts {
    tower(&around.config.part("vision_config"), "visual.")
}

/// Qwen 3-VL, 3.5 and those with the same names.
pub fn model_visual(around: &Around<'_>) -> Parts {
    tower(&around.config.part("vision_config"), "model.visual.")
}

/// The thinker of an omni model: what reads images and sound and writes text. What speaks is left out.
pub fn omni(around: &Around<'_>) -> Parts {
    let mut parts = tower(&around.config.part("vision_config"), "thinker.visual.")?;
    parts.extend(tower(&around.config.part("audio_config"), "thinker.audio_tower.")?);
    if around.config.object("talker_config").is_some() {
        around.config.notice(
            "talker_not_counted",
            "The part that speaks (talker_config) takes no part in writing text and is not counted.",
        );
    }
    Ok(parts)
}
