//! LLaVA (Liu 2023, arXiv 2304.08485) and its relatives: an image tower, a projector of one or two layers.

use super::Around;
use crate::model::blocks::{Norm, Stack};
use crate::model::component::Component::Vision;
use crate::model::config::Config;
use crate::model::error::ModelError;
use crate::model::media::Stage;
use crate::model::towers::{Parts, features, tower};
use crate::units::Quantity;

const PROJECTOR: &str = "multi_modal_projector.";

/// Where checkpoints of a tower keep its tensors.
fn place(vision: &Config, name: &str) -> String {
    if matches!(vision.model_type(), "pixtral" | "timm_wrapper") {
        format!("{name}.")
    } else {
        format!("{name}.vision_model.")
    }
}

/// Features of one or several layers of the tower.
fn seen(around: &Around<'_>, vision: &Config) -> Result<Quantity, ModelError> {
    let width = vision.size("vision_hidden", &["hidden_size"])?;
    let layers = features(&around.whole)?;
    Ok(Quantity::product("features", &[&width, &layers]))
}

/// Two layers with a bias each.
fn two(around: &Around<'_>, input: &Quantity) -> Result<Stack, ModelError> {
    let bias = around.whole.flag("multimodal_projector_bias", true)?;
    Ok(Stack::once(Vision, "Projector", PROJECTOR)
        .patches()
        .linear("linear_1", around.text, input, bias)
        .activation(around.text)
        .linear("linear_2", around.text, around.text, bias))
}

/// LLaVA 1.5, and Pixtral in this form.
pub fn llava(around: &Around<'_>) -> Parts {
    let vision = around.config.part("vision_config");
    let mut parts = tower(&vision, &place(&vision, "vision_tower"))?;
    parts.push(two(around, &seen(around, &vision)?)?.finish());
    Ok(parts)
}

/// LLaVA-NeXT and OneVision: a learned mark for the end of a row of patches.
pub fn with_newline(around: &Around<'_>) -> Parts {
    let mut parts = llava(around)?;
    let mark = Stack::once(Vision, "End of a row", "").tensor("image_newline", &[around.text]);
    parts.push(mark.finish());
    Ok(parts)
}

/// ViP-LLaVA: features of several layers behind a norm.
pub fn vip(around: &Around<'_>) -> Parts {
    let vision = around.config.part("vision_config");
    let input = seen(around, &vision)?;
    let mut parts = tower(&vision, &place(&vision, "vision_tower"))?;
    let projector = Stack::once(Vision, "Projector", PROJECTOR)
        .patches()
        .norm("projector_layernorm", Norm::Layer, &input)
        .linear("linear_1", around.text, &input, true)
        .activation(around.text)
        .linear("linear_2", around.text, around.text, true);
    parts.push(projector.finish());
    Ok(parts)
}

/// Video-LLaVA: a tower for images and one for videos.
pub fn video(around: &Around<'_>) -> Parts {
    let vision = around.config.part("vision_config");
    let mut parts = tower(&vision, &place(&vision, "image_tower"))?;
    parts.extend(tower(&vision, &place(&vision, "video_tower"))?);
    parts.push(two(around, &seen(around, &vision)?)?.finish());
    Ok(parts)
}

/// FastVLM: its tower has a fixed plan whose features are 3,072 wide.
pub fn fast(around: &Around<'_>) -> Parts {
    let vision = around.config.part("vision_config");
    let mut parts = tower(&vision, &place(&vision, "vision_tower"))?;
    let wide = Quantity::architecture("vision_hidden", 3072, "features of FastViT-MCi3");
    let width = vision.size_or("vision_hidden", &["hidden_size"], || wide)?;
    parts.push(two(around, &width)?.finish());
    Ok(parts)
}

/// A norm, a matrix that merges neighbouring patches, two layers.
fn merging(
    around: &Around<'_>,
    vision: &Config,
    prefix: &str,
    input: &Quantity,
    bias: bool,
) -> Result<Stack, ModelError> {
    let width = vision.size("vision_hidden", &["hidden_size"])?;
    let side = around.whole.size("merge", &["spatial_merge_size"])?;
    let merged = Quantity::product("merged", &[&width, &side, &side]);
    Ok(Stack::once(Vision, "Projector", prefix)
        .patches()
        .norm("norm", Norm::Rms, &width)
        .over(Stage::Squares(side))
        .linear("patch_merger.merging_layer", &width, &merged, false)
        .block("MLP")
        .linear("linear_1", around.text, input, bias)
        .activation(around.text)
        .linear("linear_2", around.text, around.text, bias))
}

/// Mistral Small 3.1 and later.
pub fn mistral(around: &Around<'_>) -> Parts {
    let vision = around.config.part("vision_config");
    let mut parts = tower(&vision, &place(&vision, "vision_tower"))?;
    let bias = around.whole.flag("multimodal_projector_bias", false)?;
    let input = seen(around, &vision)?;
    parts.push(merging(around, &vision, PROJECTOR, &input, bias)?.finish());
    Ok(parts)
}

/// LightOnOCR.
pub fn lighton(around: &Around<'_>) -> Parts {
    let vision = around.config.part("vision_config");
    let mut parts = tower(&vision, "model.vision_encoder.")?;
    let input = vision.size("vision_hidden", &["hidden_size"])?;
    parts.push(merging(around, &vision, "model.vision_projection.", &input, false)?.finish());
    Ok(parts)
}

/// Features of a square of patches side by side.
fn squared(around: &Around<'_>, vision: &Config) -> Result<Quantity, ModelError> {
    let width = vision.size("vision_hidden", &["hidden_size"])?;
    let side = around.whole.size("downsampling", &["downsample_factor"])?;
    Ok(Quantity::product("downsampled", &[&width, &side, &side]))
}

/// Two layers with a gated activation between them, which halves the width.
fn gated(around: &Around<'_>, input: &Quantity) -> Result<Stack, ModelError> {
    let inner = around
        .whole
        .size_or("alignment", &["alignment_intermediate_size"], || around.text.clone())?;
    let side = around.whole.size("downsampling", &["downsample_factor"])?;
    let half = Quantity::quotient("half", &inner, &Quantity::architecture("two", 2, "gate and value"));
    Ok(Stack::once(Vision, "Projector", PROJECTOR)
        .over(Stage::Squares(side))
        .linear("linear_1", &inner, input, true)
        .gated(&half, None)
        .linear("linear_2", around.text, &half, true))
}

/// Aya Vision (arXiv 2505.08751).
pub fn aya(around: &Around<'_>) -> Parts {
    let vision = around.config.part("vision_config");
    let input = squared(around, &vision)?;
    let mut parts = tower(&vision, &place(&vision, "vision_tower"))?;
    let side = around.whole.size("downsampling", &["downsample_factor"])?;
    let norm = Stack::once(Vision, "Norm of joined patches", PROJECTOR)
        .over(Stage::Squares(side))
        .norm("layernorm", Norm::Layer, &input);
    parts.extend([norm.finish(), gated(around, &input)?.finish()]);
    Ok(parts)
}

/// Command A Vision.
pub fn cohere(around: &Around<'_>) -> Parts {
    let vision = around.config.part("vision_config");
    let mut parts = tower(&vision, &place(&vision, "vision_tower"))?;
    parts.push(gated(around, &squared(around, &vision)?)?.finish());
    Ok(parts)
}
