//! Audio towers of Qwen 2.5-Omni (arXiv 2503.20215) and Qwen 3-Omni (arXiv 2509.17765).

use super::whisper::{convolutions, layer, shape};
use super::{Parts, fixed};
use crate::model::blocks::{Norm, Stack};
use crate::model::component::Component::Audio;
use crate::model::config::Config;
use crate::units::Quantity;

/// Qwen 2.5-Omni: Whisper without stored positions, a projection, two marks for begin and end.
pub fn second(config: &Config, prefix: &str) -> Parts {
    let of = shape(config)?;
    let output = config.size("output", &["output_dim"])?;
    let marks = fixed("marks", 2, "begin and end of sound");
    let first = convolutions(&of, prefix).tensor("audio_bos_eos_token.weight", &[&marks, &output]);
    let last = Stack::once(Audio, "Audio projection", prefix)
        .norm("ln_post", Norm::Layer, &of.hidden)
        .linear("proj", &output, &of.hidden, true);
    Ok(vec![first.finish(), layer(&of, prefix, false).finish(), last.finish()])
}

/// Qwen 3-Omni: three convolutions in two dimensions, each halving the bins, and two projections.
pub fn third(config: &Config, prefix: &str) -> Parts {
    let of = shape(config)?;
    let output = config.size("output", &["output_dim"])?;
    let channels = config.size("channels", &["downsample_hidden_size"])?;
    let (one, three) = (
        fixed("one", 1, "one channel of sound"),
        fixed("kernel", 3, "kernels of 3 by 3"),
    );
    let left = of.bins.value.div_ceil(2).div_ceil(2).div_ceil(2);
    let left = fixed("bins_left", left, "mel bins after three strides of 2");
    let flat = Quantity::product("subsampled", &[&channels, &left]);
    let first = Stack::once(Audio, "Audio convolutions", prefix)
        .kernel("conv2d1", &[&channels, &one, &three, &three], true)
        .kernel("conv2d2", &[&channels, &channels, &three, &three], true)
        .kernel("conv2d3", &[&channels, &channels, &three, &three], true)
        .linear("conv_out", &of.hidden, &flat, false);
    let last = Stack::once(Audio, "Audio projection", prefix)
        .norm("ln_post", Norm::Layer, &of.hidden)
        .linear("proj1", &of.hidden, &of.hidden, true)
        .linear("proj2", &output, &of.hidden, true);
    Ok(vec![first.finish(), layer(&of, prefix, true).finish(), last.finish()])
}
