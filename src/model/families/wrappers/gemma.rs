//! PaliGemma (arXiv 2407.07726), Gemma 3 (arXiv 2503.19786), 3n and 4.

use super::Around;
use crate::model::blocks::{Norm, Stack};
use crate::model::blueprint::Tower;
use crate::model::component::Component::{self, Audio, Vision};
use crate::model::config::Config;
use crate::model::error::ModelError;
use crate::model::media::Stage;
use crate::model::towers::{Parts, tower};
use crate::units::Quantity;

/// SigLIP and one linear layer.
pub fn pali(around: &Around<'_>) -> Parts {
    let vision = around.config.part("vision_config");
    let width = vision.size("vision_hidden", &["hidden_size"])?;
    let output = around
        .whole
        .size_or("projection", &["projection_dim"], || around.text.clone())?;
    let mut parts = tower(&vision, "vision_tower.vision_model.")?;
    parts.push(
        Stack::once(Vision, "Projector", "multi_modal_projector.")
            .patches()
            .linear("linear", &output, &width, true)
            .finish(),
    );
    Ok(parts)
}

/// SigLIP, a norm, one matrix.
pub fn third(around: &Around<'_>) -> Parts {
    let vision = around.config.part("vision_config");
    let width = vision.size("vision_hidden", &["hidden_size"])?;
    let mut parts = tower(&vision, "vision_tower.vision_model.")?;
    parts.push(
        Stack::once(Vision, "Projector", "multi_modal_projector.")
            .over(Stage::Tokens)
            .norm("mm_soft_emb_norm", Norm::Rms, &width)
            .turned("mm_input_projection_weight", around.text, &width)
            .finish(),
    );
    Ok(parts)
}

/// T5Gemma 2: the same, inside the encoder.
pub fn pair(around: &Around<'_>) -> Parts {
    if !around.whole.flag("tie_word_embeddings", true)? {
        return Err(ModelError::NotBuilt {
            model_type: String::new(),
            what: "Tables of its own for each side (tie_word_embeddings)".to_owned(),
        });
    }
    let vision = around.config.part("encoder").part("vision_config");
    let width = vision.size("vision_hidden", &["hidden_size"])?;
    let mut parts = tower(&vision, "encoder.vision_tower.vision_model.")?;
    parts.push(
        Stack::once(Vision, "Projector", "encoder.multi_modal_projector.")
            .over(Stage::Tokens)
            .norm("mm_soft_emb_norm", Norm::Rms, &width)
            .turned("mm_input_projection_weight", around.text, &width)
            .finish(),
    );
    Ok(parts)
}

/// A small vocabulary, two norms and a projection for each kind of input.
fn embedder(around: &Around<'_>, part: &Config, of: Component, prefix: &'static str) -> Result<Tower, ModelError> {
    let width = part.size("width", &["hidden_size"])?;
    let words = part.size("vocabulary", &["vocab_size"])?;
    Ok(Stack::once(of, "Embedder", prefix)
        .over(Stage::Tokens)
        .tensor("embedding.weight", &[&words, &width])
        .norm("hard_embedding_norm", Norm::Rms, &width)
        .norm("soft_embedding_norm", Norm::Rms, &width)
        .linear("embedding_projection", around.text, &width, false)
        .finish())
}

/// Gemma 3n: images through MobileNet, sound through a conformer.
pub fn third_n(around: &Around<'_>) -> Parts {
    let (vision, audio) = (around.config.part("vision_config"), around.config.part("audio_config"));
    let mut parts = tower(&vision, "model.vision_tower.timm_model.")?;
    parts.extend(tower(&audio, "model.audio_tower.")?);
    parts.push(embedder(around, &vision, Vision, "model.embed_vision.")?);
    parts.push(embedder(around, &audio, Audio, "model.embed_audio.")?);
    Ok(parts)
}

/// Gemma 4: either tower may be absent.
pub fn fourth(around: &Around<'_>) -> Parts {
    let mut parts = Vec::new();
    if around.whole.object("vision_config").is_some() {
        let vision = around.config.part("vision_config").named_if_empty("gemma4_vision");
        let width = vision.size("width", &["hidden_size"])?;
        parts.extend(tower(&vision, "model.vision_tower.")?);
        parts.push(
            Stack::once(Vision, "Embedder", "model.embed_vision.")
                .over(Stage::Tokens)
                .linear("embedding_projection", around.text, &width, false)
                .finish(),
        );
    }
    if around.whole.object("audio_config").is_some() {
        let audio = around.config.part("audio_config").named_if_empty("gemma4_audio");
        let width = audio.size("width", &["output_proj_dims"])?;
        parts.extend(tower(&audio, "model.audio_tower.")?);
        parts.push(
            Stack::once(Audio, "Embedder", "model.embed_audio.")
                .over(Stage::Tokens)
                .linear("embedding_projection", around.text, &width, false)
                .finish(),
        );
    }
    Ok(parts)
}

/// Gemma 4 without towers: merged patches and frames of sound go through one matrix each; either may be absent.
pub fn unified(around: &Around<'_>) -> Parts {
    let mut parts = Vec::new();
    if around.whole.object("vision_config").is_some() {
        let vision = around
            .config
            .part("vision_config")
            .named_if_empty("gemma4_unified_vision");
        let side = Quantity::product(
            "patch",
            &[
                &vision.size("patch", &["patch_size"])?,
                &vision.size("pooling", &["pooling_kernel_size"])?,
            ],
        );
        let colours = Quantity::architecture("colours", 3, "red, green and blue");
        let axes = Quantity::architecture("axes", 2, "height and width");
        let flat = Quantity::product("patch_values", &[&side, &side, &colours]);
        let width = vision.size("width", &["mm_embed_dim"])?;
        let positions = vision.size("positions", &["mm_posemb_size"])?;
        let output = vision.size("output", &["output_proj_dims"])?;
        parts.push(
            Stack::once(Vision, "Patch embedding", "model.embed_vision.")
                .over(Stage::Tokens)
                .norm("patch_ln1", Norm::Layer, &flat)
                .linear("patch_dense", &width, &flat, true)
                .norm("patch_ln2", Norm::Layer, &width)
                .tensor("pos_embedding", &[&positions, &axes, &width])
                .norm("pos_norm", Norm::Layer, &width)
                .linear("multimodal_embedder.embedding_projection", around.text, &output, false)
                .finish(),
        );
    }
    if around.whole.object("audio_config").is_some() {
        let audio = around
            .config
            .part("audio_config")
            .named_if_empty("gemma4_unified_audio");
        let width = audio.size("width", &["audio_embed_dim"])?;
        parts.push(
            Stack::once(Audio, "Embedder", "model.embed_audio.")
                .over(Stage::Tokens)
                .linear("embedding_projection", around.text, &width, false)
                .finish(),
        );
    }
    Ok(parts)
}
