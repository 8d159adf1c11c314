//! Qwen-VL and Omni, GLM-V and EXAONE 4.5: the tower ends in its own projector.

use super::Around;
use crate::model::blocks::{Norm, Stack};
use crate::model::component::Component::Vision;
use crate::model::media::Stage;
use crate::model::towers::{Parts, tower};
use crate::units::Quantity;

/// Qwen 2-VL and 2.5-VL.
pub fn visual(around: &Around<'_>) -> Parts {
    tower(&around.config.part("vision_config"), "visual.")
}

/// Qwen 3-VL, 3.5 and those with the same names.
pub fn model_visual(around: &Around<'_>) -> Parts {
    tower(&around.config.part("vision_config"), "model.visual.")
}

/// Cosmos 3: Qwen 3-VL, whatever its tower calls itself. What makes images and video lies in the same files and is left out.
pub fn cosmos(around: &Around<'_>) -> Parts {
    generator_left_out(around);
    let vision = around.config.part("vision_config").of_type("qwen3_vl_vision");
    tower(&vision, "model.visual.")
}

/// Cosmos 3 Edge: SigLIP 2 without a head; squares of patches are joined between two layers.
pub fn cosmos_edge(around: &Around<'_>) -> Parts {
    generator_left_out(around);
    let vision = around.config.part("vision_config");
    let hidden = vision.size("vision_hidden", &["hidden_size"])?;
    let side = vision.size("side", &["spatial_merge_size"])?;
    let inner = around.whole.size("projector width", &["projector_hidden_size"])?;
    let joined = Quantity::product("joined patches", &[&hidden, &side, &side]);
    let mut parts = tower(&vision, "model.visual.")?;
    parts.push(
        Stack::once(Vision, "Projector", "model.projector.")
            .patches()
            .norm("norm", Norm::Layer, &hidden)
            .over(Stage::Squares(side))
            .linear("linear_fc1", &inner, &joined, true)
            .activation(&inner)
            .linear("linear_fc2", around.text, &inner, true)
            .finish(),
    );
    Ok(parts)
}

fn generator_left_out(around: &Around<'_>) {
    around.config.notice(
        "generator_not_counted",
        "What makes images, video, sound and actions lies in the same files; it takes no part in writing text and is not counted.",
    );
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
