//! Wrappers with towers of their own.

use super::Around;
use crate::model::blocks::{Norm, Stack};
use crate::model::component::Component::Vision;
use crate::model::config::Config;
use crate::model::error::ModelError;
use crate::model::media::Stage;
use crate::model::operator::Span;
use crate::model::towers::{Parts, adapter, heads, pair, tower};
use crate::units::Quantity;

fn width(vision: &Config) -> Result<Quantity, ModelError> {
    vision.size("vision_hidden", &["hidden_size"])
}

fn fixed(name: &'static str, value: u64) -> Quantity {
    Quantity::architecture(name, value, "the same in every such model")
}

/// Features of a square of patches side by side; the side is a factor, or one over a ratio.
fn shuffled(vision: &Quantity, side: &Quantity) -> Quantity {
    Quantity::product("shuffled", &[vision, side, side])
}

/// Idefics 2 (arXiv 2405.02246): a gated projection, then a perceiver that reads all patches into a few latents.
pub fn idefics2(around: &Around<'_>) -> Parts {
    let vision = around.config.part("vision_config");
    let perceiver = around.config.part("perceiver_config");
    let text = around.text;
    let inner = around.config.size("intermediate", &["intermediate_size"])?;
    // Its class sets the perceiver's width to that of the text.
    let hidden = text.clone();
    let heads = perceiver.size("heads", &["resampler_n_heads"])?;
    let head = perceiver.size("head_dim", &["resampler_head_dim"])?;
    let groups = perceiver.size("kv_heads", &["num_key_value_heads"])?;
    let depth = perceiver.size("layers", &["resampler_depth"])?;
    let latents = perceiver.size("latents", &["resampler_n_latents"])?;
    let queries = Quantity::product("q_width", &[&heads, &head]);
    let keys = Quantity::product("k_width", &[&groups, &head]);
    let wide = hidden.times("intermediate", 4);
    let read = Stage::Each(latents.clone());
    let mut parts = tower(&vision, "model.vision_model.")?;
    let projection = Stack::once(Vision, "Projector", "model.connector.")
        .patches()
        .linear("modality_projection.gate_proj", &inner, &width(&vision)?, false)
        .linear("modality_projection.up_proj", &inner, &width(&vision)?, false)
        .gated(&inner, None)
        .linear("modality_projection.down_proj", text, &inner, false)
        .over(read.clone())
        .tensor("perceiver_resampler.latents", &[&latents, &hidden])
        .norm("perceiver_resampler.norm", Norm::Rms, &hidden);
    // Latents ask; patches and latents side by side are seen.
    let prefix = "model.connector.perceiver_resampler.layers.{i}.";
    let all = Stage::Plus(latents.clone());
    let layer = Stack::repeated(Vision, "Perceiver layers", prefix, &depth)
        .patches()
        .norm("input_context_norm", Norm::Rms, &hidden)
        .over(all.clone())
        .linear("self_attn.k_proj", &keys, &hidden, false)
        .linear("self_attn.v_proj", &keys, &hidden, false)
        .over(read)
        .norm("input_latents_norm", Norm::Rms, &hidden)
        .linear("self_attn.q_proj", &queries, &hidden, false)
        .attend(Some(&heads), &queries, &keys, Span::Part(all))
        .linear("self_attn.o_proj", &hidden, &queries, false)
        .block("Gated MLP")
        .norm("post_attention_layernorm", Norm::Rms, &hidden)
        .linear("mlp.gate_proj", &wide, &hidden, false)
        .linear("mlp.up_proj", &wide, &hidden, false)
        .gated(&wide, None)
        .linear("mlp.down_proj", &hidden, &wide, false);
    parts.extend([projection.finish(), layer.finish()]);
    Ok(parts)
}

/// Idefics 3 (arXiv 2408.12637) and SmolVLM: a shuffle of pixels and one matrix.
pub fn idefics3(around: &Around<'_>) -> Parts {
    let vision = around.config.part("vision_config");
    let side = around.whole.size("scale", &["scale_factor"])?;
    let mut parts = tower(&vision, "model.vision_model.")?;
    parts.push(
        Stack::once(Vision, "Projector", "model.connector.modality_projection.")
            .over(Stage::Squares(side.clone()))
            .linear("proj", around.text, &shuffled(&width(&vision)?, &side), false)
            .finish(),
    );
    Ok(parts)
}

/// LFM 2-VL: SigLIP 2 and two layers, with or without a norm before them.
pub fn lfm2(around: &Around<'_>) -> Parts {
    let vision = around.config.part("vision_config");
    let side = around.whole.size("downsampling", &["downsample_factor"])?;
    let inner = around.whole.size("projector", &["projector_hidden_size"])?;
    let input = shuffled(&width(&vision)?, &side);
    let bias = around.whole.flag("projector_bias", true)?;
    let mut parts = tower(&vision, "model.vision_tower.vision_model.")?;
    let mut projector = Stack::once(Vision, "Projector", "model.multi_modal_projector.").over(Stage::Squares(side));
    if around.whole.flag("projector_use_layernorm", true)? {
        projector = projector.norm("layer_norm", Norm::Layer, &input);
    }
    let projector = projector
        .linear("linear_1", &inner, &input, bias)
        .activation(&inner)
        .linear("linear_2", around.text, &inner, bias);
    parts.push(projector.finish());
    Ok(parts)
}

/// InternVL: a shuffle of pixels, a norm, two layers.
pub fn intern(around: &Around<'_>) -> Parts {
    let vision = around.config.part("vision_config");
    let side = inverse(&around.whole, "downsample_ratio")?;
    let input = shuffled(&width(&vision)?, &side);
    let mut parts = tower(&vision, "vision_tower.")?;
    parts.push(
        Stack::once(Vision, "Projector", "multi_modal_projector.")
            .over(Stage::Squares(side))
            .norm("layer_norm", Norm::Layer, &input)
            .linear("linear_1", around.text, &input, true)
            .activation(around.text)
            .linear("linear_2", around.text, around.text, true)
            .finish(),
    );
    Ok(parts)
}

/// One over a ratio between zero and one, such as 0.5: patches that are joined on each side.
pub fn inverse(config: &Config, key: &'static str) -> Result<Quantity, ModelError> {
    let value = config.get(key).or_else(|| config.class_default(key));
    let ratio = value.and_then(serde_json::Value::as_f64).unwrap_or(0.5);
    let side = 1.0 / ratio;
    if !(1.0..=1024.0).contains(&side) || (side - side.round()).abs() > 1e-6 {
        return Err(ModelError::Inconsistent(format!(
            "{key} is {ratio}; it must be one over a whole number."
        )));
    }
    Ok(Quantity::config("joined patches", key, side.round() as u64))
}

/// Llama 4: the tower has its own adapter; one matrix follows.
pub fn llama4(around: &Around<'_>) -> Parts {
    let vision = around.config.part("vision_config");
    let output = vision.size("vision_output", &["vision_output_dim"])?;
    let mut parts = tower(&vision, "vision_model.")?;
    parts.push(
        Stack::once(Vision, "Projector", "multi_modal_projector.")
            .over(Stage::Squares(fixed("joined patches", 2)))
            .linear("linear_1", around.text, &output, false)
            .finish(),
    );
    Ok(parts)
}

/// Llama 3.2 Vision: one layer from the features of several depths.
pub fn mllama(around: &Around<'_>) -> Parts {
    let vision = around.config.part("vision_config");
    let output = vision.size("vision_output", &["vision_output_dim"])?;
    let mut parts = tower(&vision, "vision_model.")?;
    parts.push(
        Stack::once(Vision, "Projector", "")
            .over(Stage::Plus(fixed("class token", 1)))
            .linear("multi_modal_projector", around.text, &output, true)
            .finish(),
    );
    Ok(parts)
}

/// Kimi K2.5: a norm and two layers over merged patches.
pub fn kimi(around: &Around<'_>) -> Parts {
    let vision = around.config.part("vision_config");
    let hidden = vision.size("vision_hidden", &["vt_hidden_size", "hidden_size"])?;
    let normed = match around.whole.optional("projection", &["projection_hidden_size"])? {
        Some(width) => width,
        None => vision.size_or("projection", &["mm_hidden_size"], || hidden.clone())?,
    };
    let (down, across) = pair(&vision, "merge_kernel_size")?;
    let merged = Quantity::product("merged", &[&hidden, &down, &across]);
    let mut parts = tower(&vision, "vision_tower.")?;
    parts.push(
        Stack::once(Vision, "Projector", "mm_projector.")
            .patches()
            .norm("pre_norm", Norm::Layer, &normed)
            .over(Stage::Squares(down))
            .linear("proj.0", &merged, &merged, true)
            .activation(&merged)
            .linear("proj.2", around.text, &merged, true)
            .finish(),
    );
    Ok(parts)
}

/// Kimi K3: two layers over merged patches without biases, and a norm after them.
pub fn kimi_k3(around: &Around<'_>) -> Parts {
    let vision = around.config.part("vision_config");
    let normed = vision.size_or("text_hidden", &["text_hidden_size"], || around.text.clone())?;
    let hidden = vision.size("vision_hidden", &["mm_hidden_size", "vt_hidden_size"])?;
    let (down, across) = pair(&vision, "merge_kernel_size")?;
    let merged = Quantity::product("merged", &[&hidden, &down, &across]);
    let mut parts = crate::model::towers::kimi_tower(&vision, "vision_tower.")?;
    parts.push(
        Stack::once(Vision, "Projector", "mm_projector.")
            .over(Stage::Squares(down))
            .linear("proj.0", &merged, &merged, false)
            .activation(&merged)
            .linear("proj.2", around.text, &merged, false)
            .norm("post_norm", Norm::Rms, &normed)
            .finish(),
    );
    Ok(parts)
}

/// DeepSeek-VL (arXiv 2403.05525).
pub fn deepseek(around: &Around<'_>) -> Parts {
    let vision = around.config.part("vision_config");
    let mut parts = tower(&vision, "model.vision_model.")?;
    parts.push(
        Stack::once(Vision, "Projector", "model.aligner.")
            .patches()
            .linear("linear1", around.text, &width(&vision)?, true)
            .activation(around.text)
            .linear("linear2", around.text, around.text, true)
            .finish(),
    );
    Ok(parts)
}

/// VideoLLaMA 3 (arXiv 2501.13106).
pub fn video_llama(around: &Around<'_>) -> Parts {
    let vision = around.config.part("vision_config");
    let mut parts = tower(&vision, "model.vision_model.")?;
    parts.push(
        Stack::once(Vision, "Projector", "model.projector.")
            .over(Stage::Tokens)
            .linear("readout.0", around.text, &width(&vision)?, true)
            .activation(around.text)
            .linear("readout.2", around.text, around.text, true)
            .finish(),
    );
    Ok(parts)
}

/// Ovis 2: a table of visual words.
pub fn ovis(around: &Around<'_>) -> Parts {
    let vision = around.config.part("vision_config");
    let words = vision.size("visual_vocabulary", &["vocab_size"])?;
    let hidden = around
        .whole
        .size_or("hidden", &["hidden_size"], || around.text.clone())?;
    let mut parts = tower(&vision, "model.vision_tower.")?;
    parts.push(
        Stack::once(Vision, "Visual words", "model.")
            .over(Stage::Tokens)
            .turned("visual_embeddings_table.weight", &hidden, &words)
            .finish(),
    );
    Ok(parts)
}

/// GOT-OCR 2: two convolutions that double the channels, and one layer.
pub fn got(around: &Around<'_>) -> Parts {
    let vision = around.config.part("vision_config");
    let channels = vision.size("channels", &["output_channels"])?;
    let two = channels.times("channels twice", 2);
    let three = fixed("kernel", 3);
    let mut parts = tower(&vision, "model.vision_tower.")?;
    parts.push(
        Stack::once(Vision, "Projector", "model.multi_modal_projector.")
            .over(Stage::Squares(fixed("stride", 2)))
            .kernel("conv_upsampler1", &[&two, &channels, &three, &three], false)
            .over(Stage::Tokens)
            .kernel("conv_upsampler2", &[around.text, &two, &three, &three], false)
            .linear("multimodal_projector", around.text, around.text, true)
            .finish(),
    );
    Ok(parts)
}

/// Molmo 2.
pub fn molmo(around: &Around<'_>) -> Parts {
    let vision = around.config.part("vision_config");
    let mut parts = tower(&vision, "model.vision_tower.")?;
    let config = around.config.part("adapter_config");
    parts.extend(adapter(&config, "model.multi_modal_projector.")?);
    Ok(parts)
}

/// Aria (arXiv 2410.05993): learned queries read the patches, then two matrices.
pub fn aria(around: &Around<'_>) -> Parts {
    let vision = around.config.part("vision_config");
    let hidden = width(&vision)?;
    let queries = around
        .whole
        .size("queries", &["max_value_projector_patch_to_query_dict"])?;
    let text = around.text;
    let mut parts = tower(&vision, "vision_tower.")?;
    let projector = Stack::once(Vision, "Projector", "multi_modal_projector.").tensor("query", &[&queries, &hidden]);
    let heads = heads(&vision)?;
    // Keys and values of every patch; the learned queries ask.
    let projector = projector
        .patches()
        .norm("cross_attn.layer_norm_kv", Norm::Layer, &hidden)
        .linear("cross_attn.k_proj", &hidden, &hidden, false)
        .linear("cross_attn.v_proj", &hidden, &hidden, false)
        .keys_and_values(
            [
                "cross_attn.multihead_attn.in_proj_weight",
                "cross_attn.multihead_attn.in_proj_bias",
            ],
            &hidden,
        )
        .over(Stage::Tokens)
        .norm("cross_attn.layer_norm", Norm::Layer, &hidden)
        .linear("cross_attn.q_proj", &hidden, &hidden, false)
        .queries(&hidden)
        .attend(heads.as_ref(), &hidden, &hidden, Span::Part(Stage::Patches))
        .linear("cross_attn.multihead_attn.out_proj", &hidden, &hidden, true)
        .linear("cross_attn.linear", &hidden, &hidden, true)
        .block("MLP")
        .norm("layer_norm", Norm::Layer, &hidden)
        .linear("feed_forward.linear_in", text, &hidden, false)
        .activation(text)
        .linear("feed_forward.linear_out", text, text, false);
    parts.push(projector.finish());
    Ok(parts)
}
