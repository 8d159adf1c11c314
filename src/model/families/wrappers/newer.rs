//! Wrappers of 2025 and 2026, and encoders of text beside one of images.

use super::Around;
use super::others::inverse;
use crate::model::blocks::{Norm, Stack, Vit};
use crate::model::component::Component::{Encoder, Vision};
use crate::model::config::{Config, MOST_LAYERS};
use crate::model::error::ModelError;
use crate::model::media::Stage;
use crate::model::operator::Span;
use crate::model::towers::{Parts, channels, heads, inkling, muse, pair, tower};
use crate::units::Quantity;

/// Fuyu: patches go straight into the language model.
pub fn fuyu(around: &Around<'_>) -> Parts {
    let patch = around.whole.size("patch", &["patch_size"])?;
    let flat = Quantity::product("patch_values", &[&channels(&around.whole)?, &patch, &patch]);
    let first = Stack::once(Vision, "Patch embedding", "vision_embed_tokens").patches();
    Ok(vec![first.linear("", around.text, &flat, true).finish()])
}

/// Inkling: both towers end as wide as the language model.
pub fn inkling(around: &Around<'_>) -> Parts {
    let part = |key| around.config.part(key);
    let mut parts = inkling::vision(&part("vision_config"), "model.vision_tower.", around.text)?;
    parts.extend(inkling::audio(
        &part("audio_config"),
        "model.audio_tower.",
        around.text,
    )?);
    Ok(parts)
}

/// Inkling 2: images only.
pub fn inkling2(around: &Around<'_>) -> Parts {
    inkling::second(&around.config.part("vision_config"), "model.vision_tower.", around.text)
}

/// HyperCLOVA X vision: one matrix behind Qwen's tower.
pub fn hyperclovax(around: &Around<'_>) -> Parts {
    let vision = around.config.part("vision_config");
    let out = vision.size("output", &["out_hidden_size"])?;
    let mut parts = tower(&vision, "model.vision_model.")?;
    let projector = Stack::once(Vision, "Projector", "model.").over(Stage::Tokens);
    parts.push(projector.linear("projector", around.text, &out, true).finish());
    Ok(parts)
}

/// MiniMax M3: each patch is projected, then a square of them is joined.
pub fn minimax(around: &Around<'_>) -> Parts {
    let vision = around.config.part("vision_config");
    let hidden = vision.size("hidden", &["hidden_size"])?;
    let width = vision.size("intermediate", &["intermediate_size"])?;
    let layers = vision.size("layers", &["num_hidden_layers"])?;
    let frames = vision.size("frames", &["temporal_patch_size"])?;
    let (down, across) = pair(&vision, "patch_size")?;
    let side = vision.size("merge", &["spatial_merge_size"])?;
    let inner = around.whole.size("projector", &["projector_hidden_size"])?;
    let text = around.text;
    let joined = Quantity::product("merged", &[text, &side, &side]);
    let prefix = "model.vision_tower.";
    let dims = [&hidden, &channels(&vision)?, &frames, &down, &across];
    let heads = heads(&vision)?;
    let first = Stack::once(Vision, "Patch embedding", prefix)
        .patches()
        .kernel("embeddings.proj", &dims, false)
        .norm("pre_layrnorm", Norm::Layer, &hidden);
    let layer = Stack::repeated(Vision, "Vision layers", format!("{prefix}layers.{{i}}."), &layers);
    let layer = layer.patches().vit(&Vit::clip(&hidden, &heads, &width));
    let projector = Stack::once(Vision, "Projector", "model.multi_modal_projector.")
        .patches()
        .linear("linear_1", &inner, &hidden, true)
        .activation(&inner)
        .linear("linear_2", text, &inner, true)
        .over(Stage::Squares(side))
        .linear("merge_linear_1", &inner, &joined, true)
        .activation(&inner)
        .linear("merge_linear_2", text, &inner, true);
    Ok(vec![first.finish(), layer.finish(), projector.finish()])
}

/// Muse Glimmer: two narrow layers, then one to the language model.
pub fn glimmer(around: &Around<'_>) -> Parts {
    let mut parts = muse::vision(&around.config.part("vision_config"), "model.vision_tower.")?;
    let out = around.whole.size("output", &["out_hidden_size"])?;
    let inner = around.whole.size("projector", &["projector_hidden_size"])?;
    let projector = Stack::once(Vision, "Projector", "model.")
        .over(Stage::Tokens)
        .linear("vision_adapter.fc1", &inner, &out, false)
        .activation(&inner)
        .linear("vision_adapter.fc2", &inner, &inner, false)
        .activation(&inner)
        .linear("vision_projection", around.text, &inner, false);
    parts.push(projector.finish());
    Ok(parts)
}

/// Muse Spark: the same, and it listens.
pub fn spark(around: &Around<'_>) -> Parts {
    let mut parts = glimmer(around)?;
    parts.extend(muse::audio(&around.config.part("audio_config"), "model.audio_tower.")?);
    Ok(parts)
}

/// LFM 3: convolutions over the plane of patches, attention in some layers.
pub fn lfm(around: &Around<'_>) -> Parts {
    let vision = around.config.part("vision_config");
    let hidden = vision.size("hidden", &["hidden_size"])?;
    let width = vision.size("intermediate", &["intermediate_size"])?;
    let layers = vision.size("layers", &["num_hidden_layers"])?;
    let patch = vision.size("patch", &["patch_size"])?;
    let frames = vision.size("frames", &["temporal_patch_size"])?;
    let flat = Quantity::product("patch_values", &[&channels(&vision)?, &frames, &patch, &patch]);
    let heads = vision.size("heads", &["num_attention_heads"])?;
    let groups = vision.size("kv_heads", &["num_key_value_heads"])?;
    let kernel = vision.size("kernel", &["conv_kernel_size"])?;
    let side = vision.size("merge", &["spatial_merge_size"])?;
    let dim = Quantity::quotient("head_dim", &hidden, &heads);
    let queries = Quantity::product("q_width", &[&heads, &dim]);
    let keys = Quantity::product("k_width", &[&groups, &dim]);
    let names: Vec<String> = match vision.names("layer_types")? {
        Some(names) => names.iter().map(|&name| name.to_owned()).collect(),
        None => vision
            // More are refused below.
            .class_names("_layer_types", layers.value.min(MOST_LAYERS))
            .map(|names| names.map(str::to_owned).collect())
            .unwrap_or_default(),
    };
    if (names.len() as u64) < layers.value {
        return Err(ModelError::Inconsistent(format!(
            "layer_types has {} entries for {} layers.",
            names.len(),
            layers.value
        )));
    }
    let all = names.iter().take(layers.value as usize);
    let plane = all.filter(|name| *name == "conv").count() as u64;
    let count = |value| Quantity::config("layers of this kind", "layer_types", value);
    let prefix = "model.vision_tower.";
    let first = Stack::once(Vision, "Patch embedding", prefix)
        .patches()
        .linear("patch_embed", &hidden, &flat, false)
        .norm("embedding_norm", Norm::Rms, &hidden);
    let mut parts = vec![first.finish()];
    let one = Quantity::architecture("filter", 1, "a filter for each channel");
    let mlp = |stack: Stack| {
        stack
            .block("Gated MLP")
            .norm("ffn_norm", Norm::Rms, &hidden)
            .linear("feed_forward.w1", &width, &hidden, false)
            .linear("feed_forward.w3", &width, &hidden, false)
            .gated(&width, None)
            .linear("feed_forward.w2", &hidden, &width, false)
            .finish()
    };
    let of = |title, number| {
        Stack::repeated(Vision, title, format!("{prefix}layers.{{i}}."), &count(number))
            .patches()
            .norm("operator_norm", Norm::Rms, &hidden)
    };
    if plane > 0 {
        let stack = of("Convolution layers", plane)
            .block("Convolution")
            .linear("conv.in_proj", &hidden.times("in_proj", 3), &hidden, false)
            .kernel("conv.spatial_conv", &[&hidden, &one, &kernel, &kernel], false)
            .linear("conv.out_proj", &hidden, &hidden, false);
        parts.push(mlp(stack));
    }
    if layers.value > plane {
        let stack = of("Attention layers", layers.value - plane)
            .block("Attention")
            .linear("self_attn.q_proj", &queries, &hidden, false)
            .linear("self_attn.k_proj", &keys, &hidden, false)
            .linear("self_attn.v_proj", &keys, &hidden, false)
            .norm("self_attn.q_norm", Norm::Rms, &dim)
            .norm("self_attn.k_norm", Norm::Rms, &dim)
            .attend(Some(&heads), &queries, &keys, Span::Both)
            .linear("self_attn.out_proj", &hidden, &queries, false);
        parts.push(mlp(stack));
    }
    let inner = around.whole.size("projector", &["projector_hidden_size"])?;
    let bias = around.whole.flag("projector_bias", true)?;
    let merged = Quantity::product("merged", &[&hidden, &side, &side]);
    let projector = Stack::once(Vision, "Projector", "model.multi_modal_projector.")
        .patches()
        .norm("layer_norm", Norm::Layer, &hidden)
        .over(Stage::Squares(side))
        .linear("linear_1", &inner, &merged, bias)
        .activation(&inner)
        .linear("linear_2", around.text, &inner, bias);
    parts.push(projector.finish());
    Ok(parts)
}

/// A square of patches, joined and projected.
fn connector(around: &Around<'_>, vision: &Config) -> Result<Stack, ModelError> {
    let width = vision.size("vision_hidden", &["hidden_size"])?;
    let side = around.whole.size("shuffle", &["pixel_shuffle_factor"])?;
    let joined = Quantity::product("shuffled", &[&width, &side, &side]);
    Ok(Stack::once(Vision, "Projector", "model.connector.")
        .over(Stage::Squares(side))
        .linear("modality_projection", around.text, &joined, false))
}

/// ModernBERT that sees.
pub fn modern(around: &Around<'_>) -> Parts {
    let vision = around.config.part("vision_config");
    let mut parts = tower(&vision, "model.vision_model.")?;
    parts.push(connector(around, &vision)?.finish());
    Ok(parts)
}

/// Nemotron Omni: C-RADIO, a square of patches side by side, two layers.
pub fn nemotron(around: &Around<'_>) -> Parts {
    let built = |what: &str| {
        Err(ModelError::NotBuilt {
            model_type: String::new(),
            what: what.to_owned(),
        })
    };
    if around.whole.object("audio_config").is_some() {
        return built("Its tower for sound (audio_config)");
    }
    let predictors = around.config.optional("predictors", &["num_nextn_predict_layers"])?;
    let vision = around.config.part("vision_config");
    let width = around.whole.size("vision_hidden", &["vision_hidden_size"])?;
    let frames = |config: &Config| config.optional("frames", &["video_temporal_patch_size"]);
    if frames(&around.whole)?.map(|frames| frames.value) != frames(&vision)?.map(|frames| frames.value) {
        return Err(ModelError::Inconsistent(
            "video_temporal_patch_size of the whole and of its tower differ; the class refuses that.".to_owned(),
        ));
    }
    let inner = around.whole.size("projector", &["projector_hidden_size"])?;
    let side = inverse(&around.whole, "downsample_ratio")?;
    let joined = Quantity::product("shuffled", &[&width, &side, &side]);
    let mut parts = tower(&vision, "vision_model.")?;
    if predictors.is_some_and(|predictors| predictors.value > 0) {
        let norm = Stack::once(Vision, "Vision norm", "")
            .patches()
            .norm("vision_final_layernorm", Norm::Layer, &width);
        parts.push(norm.finish());
    }
    let projector = Stack::once(Vision, "Projector", "multi_modal_projector.")
        .over(Stage::Squares(side))
        .norm("layer_norm", Norm::Rms, &joined)
        .linear("linear_1", &inner, &joined, false)
        .activation(&inner)
        .linear("linear_2", around.text, &inner, false);
    parts.push(projector.finish());
    Ok(parts)
}

/// UltraBERT that sees.
pub fn ultra(around: &Around<'_>) -> Parts {
    let vision = around.config.part("vision_config");
    let mut parts = tower(&vision, "model.vision_model.")?;
    parts.push(
        connector(around, &vision)?
            .norm("norm", Norm::Rms, around.text)
            .finish(),
    );
    Ok(parts)
}

/// Scales of the scores between texts and images.
fn scales(names: &[&str]) -> Stack {
    let one = Quantity::architecture("scalar", 1, "one number");
    let stack = Stack::once(Encoder, "Scales", "");
    names.iter().fold(stack, |stack, name| stack.tensor(name, &[&one]))
}

/// SigLIP: both sides, a scale and a bias.
pub fn siglip(around: &Around<'_>) -> Parts {
    let mut parts = tower(&around.config.part("vision_config"), "vision_model.")?;
    parts.push(scales(&["logit_scale", "logit_bias"]).finish());
    Ok(parts)
}

/// CLIP: both sides, each with a projection, and a scale.
pub fn clip(around: &Around<'_>) -> Parts {
    projected(around, around.text)
}

/// AltCLIP (Chen 2022, arXiv 2211.06679): texts are of a width of their own before they are projected.
pub fn alt(around: &Around<'_>) -> Parts {
    projected(around, &around.config.size("text width", &["project_dim"])?)
}

fn projected(around: &Around<'_>, text: &Quantity) -> Parts {
    let vision = around.config.part("vision_config");
    let width = vision.size("vision_hidden", &["hidden_size"])?;
    let shared = around.whole.size("projection", &["projection_dim"])?;
    let mut parts = tower(&vision, "vision_model.")?;
    let projections = Stack::once(Vision, "Projections", "")
        .over(Stage::Each(Quantity::architecture("pooled", 1, "one for each image")))
        .linear("visual_projection", &shared, &width, false)
        .over(Stage::Still)
        .linear("text_projection", &shared, text, false);
    parts.extend([projections.finish(), scales(&["logit_scale"]).finish()]);
    Ok(parts)
}
