//! Towers of Phi-4-multimodal (arXiv 2503.01743): SigLIP with a pooling head, and a conformer for speech.

use super::siglip::{Form, tower as siglip};
use super::{Parts, fixed};
use crate::model::blocks::{Norm, Stack};
use crate::model::component::Component::{Audio, Vision};
use crate::model::config::Config;
use crate::model::error::ModelError;
use crate::units::Quantity;

/// Images: the tower, two learned marks, two layers into the language model.
pub fn vision(config: &Config, prefix: &str, text: &Quantity) -> Parts {
    let hidden = config.size("hidden", &["hidden_size"])?;
    let one = fixed("one", 1, "one mark");
    let mut parts = siglip(config, &format!("{prefix}img_processor."), Form::SIGLIP)?;
    let projector = Stack::once(Vision, "Projector", prefix)
        .tensor("global_img_feature_extensor", &[&one, &one, &hidden])
        .tensor("sub_img_feature_extensor", &[&one, &one, &one, &hidden])
        .linear("img_projection_up", text, &hidden, true)
        .linear("img_projection_down", text, text, true);
    parts.push(projector.finish());
    Ok(parts)
}

/// Keys that change shapes in ways that are not counted; other values than the class's own are refused.
const USUAL: [&str; 7] = [
    "bias_symmetric",
    "depthwise_multiplier",
    "depthwise_separable_out_channel",
    "ext_pw_out_channel",
    "nemo_conv_channels",
    "time_reduction",
    "hidden_size",
];

/// Speech: convolutions that shorten it eightfold, conformer layers, two pairs of layers into the language model.
pub fn audio(config: &Config, prefix: &str, text: &Quantity) -> Parts {
    let other = USUAL.iter().find(|key| {
        config
            .get(key)
            .is_some_and(|value| config.class_default(key) != Some(value))
    });
    if let Some(key) = other {
        return Err(ModelError::NotBuilt {
            model_type: config.model_type().to_owned(),
            what: format!("A speech tower with another {key}"),
        });
    }
    let hidden = config.size("hidden", &["hidden_size"])?;
    let width = config.size("intermediate", &["intermediate_size"])?;
    let layers = config.size("layers", &["num_blocks"])?;
    let heads = config.size("heads", &["num_attention_heads"])?;
    let kernel = config.size("kernel", &["kernel_size"])?;
    let bins = config.size("mel_bins", &["input_size"])?;
    let distance = config.size("distance", &["bias_max_distance"])?;
    let (one, three) = (
        fixed("one", 1, "one channel of sound"),
        fixed("kernel", 3, "kernels of 3 by 3"),
    );
    let left = fixed("bins_left", bins.value.div_ceil(8), "mel bins after three strides of 2");
    let flat = Quantity::product("subsampled", &[&hidden, &left]);
    let encoder = format!("{prefix}encoder.");
    let mut embed = Stack::once(Audio, "Audio convolutions", encoder.as_str()).kernel(
        "embed.conv.0",
        &[&hidden, &one, &three, &three],
        true,
    );
    for (deep, point) in [("embed.conv.2", "embed.conv.3"), ("embed.conv.5", "embed.conv.6")] {
        embed = embed.kernel(deep, &[&hidden, &one, &three, &three], true).kernel(
            point,
            &[&hidden, &hidden, &one, &one],
            true,
        );
    }
    let distances = distance.times("distances", 2);
    let embed = embed.linear("embed.out", &hidden, &flat, true).tensor(
        "relative_attention_bias_layer.bias_values.weight",
        &[&distances, &heads],
    );
    let (double, gated) = (hidden.times("double", 2), width.times("gate_and_up", 2));
    let mut layer = Stack::repeated(Audio, "Conformer layers", format!("{encoder}encoders.{{i}}."), &layers);
    for half in ["feed_forward_in", "feed_forward_out"] {
        layer = layer
            .norm(&format!("{half}.layer_norm"), Norm::Layer, &hidden)
            .linear(&format!("{half}.gate_up_proj"), &gated, &hidden, true)
            .linear(&format!("{half}.down_proj"), &hidden, &width, true);
    }
    for module in ["q_proj", "k_proj", "v_proj", "o_proj"] {
        layer = layer.linear(&format!("self_attn.{module}"), &hidden, &hidden, true);
    }
    for module in ["conv.layer_norm", "layer_norm_att", "layer_norm"] {
        layer = layer.norm(module, Norm::Layer, &hidden);
    }
    let layer = layer
        .tensor("conv.glu.b1", &[&one, &hidden, &one])
        .tensor("conv.glu.b2", &[&one, &hidden, &one])
        .kernel("conv.glu.ext_pw_conv_1d", &[&double, &hidden, &one], true)
        .kernel("conv.dw_sep_conv_1d.dw_conv", &[&hidden, &one, &kernel], true)
        .kernel("conv.dw_sep_conv_1d.pw_conv", &[&hidden, &hidden, &one], true)
        .kernel("conv.ext_pw_conv_1d", &[&hidden, &hidden, &one], true);
    let mut projector = Stack::once(Audio, "Projector", prefix);
    for of in ["speech", "vision_speech"] {
        projector = projector
            .linear(&format!("up_proj_for_{of}"), text, &hidden, true)
            .linear(&format!("down_proj_for_{of}"), text, text, true);
    }
    Ok(vec![embed.finish(), layer.finish(), projector.finish()])
}
