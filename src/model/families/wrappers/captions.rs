//! What BLIP, GIT, Kosmos-2, Florence-2 and Chameleon see with.

use serde_json::Value;

use super::Around;
use super::janus::Convolutions;
use crate::model::blocks::{Norm, Stack};
use crate::model::component::Component::Vision;
use crate::model::config::{Config, MOST_DIMENSION, whole};
use crate::model::error::ModelError;
use crate::model::families::keys::TIE;
use crate::model::media::Stage;
use crate::model::operator::Span;
use crate::model::towers::{Parts, clip, tower, with_class};
use crate::units::Quantity;

fn not_built<T>(what: &str) -> Result<T, ModelError> {
    Err(ModelError::NotBuilt {
        model_type: String::new(),
        what: what.to_owned(),
    })
}

/// GIT: CLIP's tower, one matrix, a norm; of several frames a row for each.
pub fn git(around: &Around<'_>) -> Parts {
    let vision = around.config.part("vision_config").of_type("git_vision_model");
    let width = vision.size("vision_hidden", &["hidden_size"])?;
    let mut parts = clip::tower(&vision, "git.image_encoder.vision_model.")?;
    let mut projector = Stack::once(Vision, "Projector", "git.")
        .over(with_class())
        .linear("visual_projection.visual_projection.0", around.text, &width, true)
        .norm("visual_projection.visual_projection.1", Norm::Layer, around.text);
    if let Some(frames) = around.whole.optional("frames", &["num_image_with_embedding"])? {
        projector = projector.tensor("img_temporal_embedding.{e}", &[&frames, &width]);
    }
    parts.push(projector.finish());
    Ok(parts)
}

/// Kosmos-2: CLIP's tower, a few learned queries that read what it found.
pub fn kosmos(around: &Around<'_>) -> Parts {
    const PREFIX: &str = "image_to_text_projection.";
    let vision = around.config.part("vision_config");
    let width = vision.size("vision_hidden", &["hidden_size"])?;
    let latents = around.whole.size("queries", &["latent_query_num"])?;
    let heads = around
        .config
        .size("heads", &["num_attention_heads", "attention_heads"])?;
    let text = around.text;
    let read = Stage::Each(latents.clone());
    let class = Quantity::architecture("class token", 1, "one class token");
    let all = Stage::Plus(Quantity::sum("read", &[&class, &latents]));
    let mut parts = clip::tower(&vision, "vision_model.model.")?;
    let projector = Stack::once(Vision, "Projector", PREFIX)
        .over(with_class())
        .linear("dense", text, &width, true)
        .over(all.clone())
        .linear("x_attn.k_proj", text, text, true)
        .linear("x_attn.v_proj", text, text, true)
        .over(read)
        .tensor("latent_query", &[&latents, text])
        .linear("x_attn.q_proj", text, text, true)
        .attend(Some(&heads), text, text, Span::Part(all))
        .linear("x_attn.out_proj", text, text, true);
    parts.push(projector.finish());
    Ok(parts)
}

/// Chameleon: an image becomes words of its own vocabulary, by convolutions (Esser 2021, arXiv 2012.09841).
pub fn chameleon(around: &Around<'_>) -> Parts {
    const KEY: &str = "channel_multiplier";
    let config = around.config.part("vq_config");
    if config.get("attn_resolutions").is_some() {
        return not_built("Attention among patches of some sizes (attn_resolutions)");
    }
    if config.text("attn_type").is_some_and(|name| name != "vanilla") {
        return not_built("Another attention among patches (attn_type)");
    }
    let base = config.size("channels", &["base_channels"])?;
    let latent = config.size("latent", &["latent_channels"])?;
    let colours = config.size("colours", &["in_channels"])?;
    let blocks = config.size("blocks", &["num_res_blocks"])?.value;
    let code = config.size("code", &["embed_dim"])?;
    let codes = config.size("codes", &["num_embeddings"])?;
    let times = config.counts(KEY)?;
    if blocks > 64 || !(1..=16).contains(&times.len()) {
        return Err(ModelError::Inconsistent(format!(
            "{blocks} blocks at each of {} levels; no quantiser has so many.",
            times.len()
        )));
    }
    let twice = if config.flag("double_latent", false)? { 2 } else { 1 };
    let mut all = Convolutions::new("model.vqmodel.").conv("encoder.conv_in", &base, &colours);
    let mut width = base.clone();
    let last = times.len() - 1;
    for (level, times) in times.iter().enumerate() {
        whole(KEY, &serde_json::json!(times), 1, MOST_DIMENSION)?;
        let out = Quantity::product("channels", &[&base, &Quantity::config("times", KEY, *times)]);
        for block in 0..blocks {
            all = all.residual(&format!("encoder.down.{level}.block.{block}"), &out, &width);
            width = out.clone();
        }
        if level != last {
            all = all.conv(&format!("encoder.down.{level}.downsample.conv"), &width, &width);
        }
    }
    let tower = all
        .middle("encoder.mid", &width)
        .norm("encoder.norm_out", &width)
        .conv("encoder.conv_out", &latent.times("latent", twice), &width)
        .point("quant_conv", &code, &latent)
        .point("post_quant_conv", &latent, &code);
    let table =
        Stack::once(Vision, "Codes of images", "model.").tensor("vqmodel.quantize.embedding.weight", &[&codes, &code]);
    Ok(vec![tower.finish(), table.finish()])
}

/// BLIP: the tower that BLIP-2 took over, with a bias of queries, keys and values.
pub fn blip(around: &Around<'_>) -> Parts {
    let names = around.whole.get("architectures").and_then(Value::as_array);
    let writes = |name: &str| name == "BlipForConditionalGeneration";
    let first = names.and_then(|names| names.first()).and_then(Value::as_str);
    if let Some(name) = first.filter(|name| name.starts_with("Blip") && !writes(name)) {
        return not_built(&format!("The class {}", name.chars().take(80).collect::<String>()));
    }
    let vision = around.config.part("vision_config").with("qkv_bias", Value::Bool(true));
    super::qformer::eye(&vision)
}

/// Florence-2 (Xiao 2023, arXiv 2311.06242): DaViT before BART, one matrix, tables of rows and columns.
pub fn florence(around: &Around<'_>) -> Parts {
    const PREFIX: &str = "model.multi_modal_projector.";
    // The wrapper's word decides of the head, the language model's of its tables.
    let apart = |config: &Config| config.get(TIE).is_some_and(|tied| *tied == false);
    if apart(&around.whole) || apart(around.config) {
        return not_built("A head or tables of its own (tie_word_embeddings)");
    }
    let vision = around.config.part("vision_config");
    let last = vision.counts("embed_dim")?.last().copied().unwrap_or(0);
    let width = Quantity::config("vision_hidden", "embed_dim", last);
    let out = vision.size("projection", &["projection_dim"])?;
    let places = vision.size("places", &["max_position_embeddings"])?;
    let half = Quantity::quotient("half", &width, &Quantity::architecture("two", 2, "rows and columns"));
    let rest = Quantity::config("other half", "embed_dim", last.saturating_sub(half.value));
    let mut parts = tower(&vision, "model.vision_tower.")?;
    let projector = Stack::once(Vision, "Projector", PREFIX)
        .patches()
        .tensor("image_position_embed.row_embeddings.weight", &[&places, &half])
        .tensor("image_position_embed.column_embeddings.weight", &[&places, &rest])
        .linear("image_projection", &out, &width, false)
        .norm("image_proj_norm", Norm::Layer, &out);
    parts.push(projector.finish());
    Ok(parts)
}
