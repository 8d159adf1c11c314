//! Towers of Phi-4-multimodal (arXiv 2503.01743): SigLIP with a pooling head, and a conformer for speech.

use super::siglip::{Form, tower as siglip};
use super::{Parts, fixed, spectrum};
use crate::model::blocks::{Norm, Stack};
use crate::model::component::Component::{Audio, Vision};
use crate::model::config::Config;
use crate::model::error::ModelError;
use crate::model::media::Stage;
use crate::model::operator::Span;
use crate::units::Quantity;

/// Images: the tower, two learned marks, two layers into the language model.
pub fn vision(config: &Config, prefix: &str, text: &Quantity) -> Parts {
    let hidden = config.size("hidden", &["hidden_size"])?;
    let one = fixed("one", 1, "one mark");
    let mut parts = siglip(config, &format!("{prefix}img_processor."), Form::SIGLIP)?;
    let projector = Stack::once(Vision, "Projector", prefix)
        .over(Stage::Squares(fixed("pooled", 2, "squares of patches are averaged")))
        .tensor("global_img_feature_extensor", &[&one, &one, &hidden])
        .tensor("sub_img_feature_extensor", &[&one, &one, &one, &hidden])
        .linear("img_projection_up", text, &hidden, true)
        .activation(text)
        .linear("img_projection_down", text, text, true);
    parts.push(projector.finish());
    Ok(parts)
}

/// Keys that change shapes in ways that are not counted; other values than the class's own are refused.
const USUAL: [&str; 9] = [
    "bias_symmetric",
    "depthwise_multiplier",
    "depthwise_separable_out_channel",
    "ext_pw_out_channel",
    "nemo_conv_channels",
    "time_reduction",
    "downsample_rate",
    "nemo_final_size",
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
    let mut embed = Stack::once(Audio, "Audio convolutions", encoder.as_str())
        .over(spectrum(1, bins.value))
        .kernel("embed.conv.0", &[&hidden, &one, &three, &three], true)
        .activation(&hidden);
    for (level, deep, point) in [(2, "embed.conv.2", "embed.conv.3"), (3, "embed.conv.5", "embed.conv.6")] {
        embed = embed
            .over(spectrum(level, bins.value))
            .kernel(deep, &[&hidden, &one, &three, &three], true)
            .kernel(point, &[&hidden, &hidden, &one, &one], true)
            .activation(&hidden);
    }
    let distances = distance.times("distances", 2);
    let embed = embed.patches().linear("embed.out", &hidden, &flat, true).tensor(
        "relative_attention_bias_layer.bias_values.weight",
        &[&distances, &heads],
    );
    let (double, gated) = (hidden.times("double", 2), width.times("gate_and_up", 2));
    let layer = Stack::repeated(Audio, "Conformer layers", format!("{encoder}encoders.{{i}}."), &layers).patches();
    let half = |stack: Stack, half: &str| {
        stack
            .block("Gated MLP")
            .norm(&format!("{half}.layer_norm"), Norm::Layer, &hidden)
            .linear(&format!("{half}.gate_up_proj"), &gated, &hidden, true)
            .gated(&width, None)
            .linear(&format!("{half}.down_proj"), &hidden, &width, true)
    };
    let layer = half(layer, "feed_forward_in")
        .block("Attention")
        .norm("layer_norm_att", Norm::Layer, &hidden)
        .linear("self_attn.q_proj", &hidden, &hidden, true)
        .linear("self_attn.k_proj", &hidden, &hidden, true)
        .linear("self_attn.v_proj", &hidden, &hidden, true)
        .attend(Some(&heads), &hidden, &hidden, Span::Both)
        .linear("self_attn.o_proj", &hidden, &hidden, true)
        .block("Convolution")
        .norm("conv.layer_norm", Norm::Layer, &hidden)
        .tensor("conv.glu.b1", &[&one, &hidden, &one])
        .tensor("conv.glu.b2", &[&one, &hidden, &one])
        .kernel("conv.glu.ext_pw_conv_1d", &[&double, &hidden, &one], true)
        .gated(&hidden, None)
        .kernel("conv.dw_sep_conv_1d.dw_conv", &[&hidden, &one, &kernel], true)
        .kernel("conv.dw_sep_conv_1d.pw_conv", &[&hidden, &hidden, &one], true)
        .activation(&hidden)
        .kernel("conv.ext_pw_conv_1d", &[&hidden, &hidden, &one], true);
    let layer = half(layer, "feed_forward_out")
        .block("LayerNorm")
        .norm("layer_norm", Norm::Layer, &hidden);
    // Of the two projectors one reads: which depends on whether there is an image besides.
    let mut projector = Stack::once(Audio, "Projector", prefix);
    for (of, stage) in [("speech", Stage::Patches), ("vision_speech", Stage::Still)] {
        projector = projector
            .over(stage)
            .linear(&format!("up_proj_for_{of}"), text, &hidden, true)
            .activation(text)
            .linear(&format!("down_proj_for_{of}"), text, text, true);
    }
    Ok(vec![embed.finish(), layer.finish(), projector.finish()])
}
