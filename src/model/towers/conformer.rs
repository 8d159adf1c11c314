//! Audio towers of Gemma 3n and 4: a conformer (Gulati 2020, arXiv 2005.08100) behind two convolutions.

use serde_json::Value;

use super::{Parts, fixed, spectrum};
use crate::model::blocks::{Norm, Stack};
use crate::model::component::Component::Audio;
use crate::model::config::{Config, whole, wrong};
use crate::model::error::ModelError;
use crate::model::media::Stage;
use crate::model::operator::Span;
use crate::units::{Origin, Quantity, Unit};

/// Keys and module names in which the two differ.
struct Names {
    layers: &'static str,
    heads: &'static str,
    kernel: &'static str,
    channels: &'static str,
    convolutions: [&'static str; 2],
    layer: &'static str,
    halves: [&'static str; 2],
    /// Per-head scale, relative positions, q, k, v, output.
    attention: [&'static str; 6],
    norms: [&'static str; 3],
    /// Keys of a block of positions, and of those before and after it that it sees.
    windows: [&'static str; 3],
    /// What stands behind the name of a linear layer that may be clipped.
    clipped: &'static str,
}

const THIRD: Names = Names {
    layers: "conf_num_hidden_layers",
    heads: "conf_num_attention_heads",
    kernel: "conf_conv_kernel_size",
    channels: "sscp_conv_channel_size",
    convolutions: ["conv_0", "conv_1"],
    layer: "conformer.{i}.",
    halves: ["ffw_layer_start", "ffw_layer_end"],
    attention: [
        "attention.attn.per_dim_scale",
        "attention.attn.relative_position_embedding.pos_proj",
        "attention.attn.q_proj",
        "attention.attn.k_proj",
        "attention.attn.v_proj",
        "attention.post",
    ],
    norms: ["attention.pre_attn_norm", "attention.post_norm", "norm"],
    windows: [
        "conf_attention_chunk_size",
        "conf_attention_context_left",
        "conf_attention_context_right",
    ],
    clipped: "",
};

const FOURTH: Names = Names {
    layers: "num_hidden_layers",
    heads: "num_attention_heads",
    kernel: "conv_kernel_size",
    channels: "subsampling_conv_channels",
    convolutions: ["layer0", "layer1"],
    layer: "layers.{i}.",
    halves: ["feed_forward1", "feed_forward2"],
    attention: [
        "self_attn.per_dim_scale",
        "self_attn.relative_k_proj",
        "self_attn.q_proj.linear",
        "self_attn.k_proj.linear",
        "self_attn.v_proj.linear",
        "self_attn.post.linear",
    ],
    norms: ["norm_pre_attn", "norm_post_attn", "norm_out"],
    windows: [
        "attention_chunk_size",
        "attention_context_left",
        "attention_context_right",
    ],
    clipped: ".linear",
};

/// Gemma 3n.
pub fn third(config: &Config, prefix: &str) -> Parts {
    // Two convolutions halve the mel bins twice, each rounded up.
    if ["sscp_conv_kernel_size", "sscp_conv_stride_size"].iter().any(|key| {
        config
            .get(key)
            .is_some_and(|value| config.class_default(key) != Some(value))
    }) {
        return Err(ModelError::NotBuilt {
            model_type: config.model_type().to_owned(),
            what: "A subsampling with other kernels or strides".to_owned(),
        });
    }
    let bins = config.size("mel_bins", &["input_feat_size"])?;
    let left = fixed(
        "bins_left",
        bins.value.div_ceil(2).div_ceil(2),
        "mel bins after two strides of 2",
    );
    build(config, prefix, &THIRD, Some(left), Some(bins))
}

/// Gemma 4: one more projection at the end.
pub fn fourth(config: &Config, prefix: &str) -> Parts {
    let mut parts = build(config, prefix, &FOURTH, None, None)?;
    let hidden = config.size("hidden", &["hidden_size"])?;
    let output = config.size("output", &["output_proj_dims"])?;
    parts.push(
        Stack::once(Audio, "Audio output", prefix)
            .patches()
            .linear("output_proj", &output, &hidden, true)
            .finish(),
    );
    Ok(parts)
}

fn build(config: &Config, prefix: &str, names: &Names, left: Option<Quantity>, bins: Option<Quantity>) -> Parts {
    let hidden = config.size("hidden", &["hidden_size"])?;
    let layers = config.size("layers", std::slice::from_ref(&names.layers))?;
    let heads = config.size("heads", std::slice::from_ref(&names.heads))?;
    let kernel = config.size("kernel", std::slice::from_ref(&names.kernel))?;
    let (first, second) = channels(config, names.channels)?;
    let head = Quantity::quotient("head_dim", &hidden, &heads);
    let seen = seen(config, names.windows)?;
    let one = fixed("one", 1, "one channel of sound");
    let three = fixed("kernel", 3, "kernels of 3 by 3");
    // Without a number of bins, a quarter of the first convolution's channels stands for those left.
    let left = left.unwrap_or_else(|| Quantity::quotient("bins_left", &first, &fixed("four", 4, "two strides of 2")));
    let flat = Quantity::product("subsampled", &[&left, &second]);
    // Bins before the strides: as given, or four for each that is left.
    let bins = bins.map_or(left.value.saturating_mul(4), |bins| bins.value);
    let [zero, next] = names.convolutions;
    let subsample = Stack::once(
        Audio,
        "Audio subsampling",
        format!("{prefix}subsample_conv_projection."),
    )
    .over(spectrum(1, bins))
    .kernel(&format!("{zero}.conv"), &[&first, &one, &three, &three], false)
    .norm(&format!("{zero}.norm"), Norm::Rms, &first)
    .activation(&first)
    .over(spectrum(2, bins))
    .kernel(&format!("{next}.conv"), &[&second, &first, &three, &three], false)
    .norm(&format!("{next}.norm"), Norm::Rms, &second)
    .activation(&second)
    .patches()
    .linear("input_proj_linear", &hidden, &flat, false);
    let (double, wide) = (hidden.times("double", 2), hidden.times("intermediate", 4));
    let layer = Stack::repeated(Audio, "Conformer layers", format!("{prefix}{}", names.layer), &layers);
    let mut layer = layer.patches();
    let clipped = |module: &str| format!("{module}{}", names.clipped);
    let half = |stack: Stack, half: &str| {
        stack
            .block("MLP")
            .norm(&format!("{half}.pre_layer_norm"), Norm::Rms, &hidden)
            .linear(&clipped(&format!("{half}.ffw_layer_1")), &wide, &hidden, false)
            .activation(&wide)
            .linear(&clipped(&format!("{half}.ffw_layer_2")), &hidden, &wide, false)
            .norm(&format!("{half}.post_layer_norm"), Norm::Rms, &hidden)
    };
    let [begin, end] = names.halves;
    let [scale, distances, q, k, v, post] = names.attention;
    let [before, after, last] = names.norms;
    layer = half(layer, begin)
        .over(Stage::Each(seen.distances.clone()))
        .linear(distances, &hidden, &hidden, false)
        .patches()
        .block("Attention")
        .norm(before, Norm::Rms, &hidden)
        .tensor(scale, &[&head])
        .linear(q, &hidden, &hidden, false)
        .linear(k, &hidden, &hidden, false)
        .linear(v, &hidden, &hidden, false)
        .attend(Some(&heads), &hidden, &hidden, Span::Near(seen.context.clone()))
        .compared("relative scores", &seen.distances, &hidden)
        .linear(post, &hidden, &hidden, false)
        .norm(after, Norm::Rms, &hidden)
        .block("Convolution")
        .norm("lconv1d.pre_layer_norm", Norm::Rms, &hidden)
        .linear(&clipped("lconv1d.linear_start"), &double, &hidden, false)
        .gated(&hidden, None)
        .kernel("lconv1d.depthwise_conv1d", &[&hidden, &one, &kernel], false)
        .norm("lconv1d.conv_norm", Norm::Rms, &hidden)
        .activation(&hidden)
        .linear(&clipped("lconv1d.linear_end"), &hidden, &hidden, false);
    let layer = half(layer, end).block("RMSNorm").norm(last, Norm::Rms, &hidden);
    Ok(vec![subsample.finish(), layer.finish()])
}

/// What a position sees: its block and those around it; and how many distances that makes.
struct Seen {
    context: Quantity,
    distances: Quantity,
}

/// Source: transformers 5.23 `Gemma3nAudioAttention` (`context_size`) and `Gemma3nAudioRelativePositionEmbedding`.
fn seen(config: &Config, [block, left, right]: [&'static str; 3]) -> Result<Seen, ModelError> {
    let of = |key: &'static str, usual: u64| {
        let found = config.optional("window", &[key])?;
        Ok(found.map_or(usual, |found| found.value))
    };
    let (block, before, after) = (of(block, 12)?, of(left, 13)?.saturating_sub(1), of(right, 0)?);
    let around = before.saturating_add(after);
    Ok(Seen {
        context: fixed(
            "context",
            block.saturating_add(around).max(1),
            "a block and what it sees before and after it",
        ),
        distances: fixed("distances", around.saturating_add(1), "distances that it sees"),
    })
}

/// Channels of the two convolutions.
fn channels(config: &Config, key: &'static str) -> Result<(Quantity, Quantity), ModelError> {
    let given = config.get(key);
    let value = given.or_else(|| config.class_default(key)).unwrap_or(&Value::Null);
    let Some([first, second]) = value.as_array().map(Vec::as_slice) else {
        return Err(wrong(key, value, "a list of two numbers"));
    };
    let size = |value| {
        Ok(Quantity {
            name: "channels".into(),
            value: whole(key, value, 1, 1 << 32)?,
            unit: Unit::Count,
            origin: if given.is_some() {
                Origin::Config(key.into())
            } else {
                Origin::ClassDefault(key.into())
            },
        })
    };
    Ok((size(first)?, size(second)?))
}
