//! Audio towers of Qwen 2.5-Omni (arXiv 2503.20215) and Qwen 3-Omni (arXiv 2509.17765).

use super::whisper::{Shape, convolutions, layer, shape};
use super::{Parts, fixed, halved, spectrum};
use crate::model::blocks::{Norm, Stack};
use crate::model::component::Component::Audio;
use crate::model::config::Config;
use crate::model::error::ModelError;
use crate::model::media::Stage;
use crate::model::operator::Span;
use crate::units::Quantity;

/// Qwen 2.5-Omni: Whisper without stored positions, a projection, two marks for begin and end.
pub fn second(config: &Config, prefix: &str) -> Parts {
    let of = shape(config)?;
    let output = config.size("output", &["output_dim"])?;
    let marks = fixed("marks", 2, "begin and end of sound");
    let first = convolutions(&of, prefix).tensor("audio_bos_eos_token.weight", &[&marks, &output]);
    let last = Stack::once(Audio, "Audio projection", prefix)
        .over(Stage::Squares(fixed("pooled", 2, "pairs of positions are averaged")))
        .norm("ln_post", Norm::Layer, &of.hidden)
        .linear("proj", &output, &of.hidden, true);
    Ok(vec![
        first.finish(),
        layer(&of, prefix, false, windows(config, &of, 1)?).finish(),
        last.finish(),
    ])
}

/// Qwen 3-Omni: two projections at the end.
pub fn third(config: &Config, prefix: &str) -> Parts {
    let output = config.size("output", &["output_dim"])?;
    three(config, prefix, "Audio projection", |of, last| {
        last.linear("proj1", &of.hidden, &of.hidden, true)
            .activation(&of.hidden)
            .linear("proj2", &output, &of.hidden, true)
    })
}

/// Qwen3-ASR: the projections stand beside it.
pub fn asr(config: &Config, prefix: &str) -> Parts {
    three(config, prefix, "Audio norm", |_, last| last)
}

/// Three convolutions in two dimensions, each halving the bins, layers, a norm and what follows it.
fn three(config: &Config, prefix: &str, title: &'static str, after: impl Fn(&Shape, Stack) -> Stack) -> Parts {
    let of = shape(config)?;
    let channels = config.size("channels", &["downsample_hidden_size"])?;
    let (one, three) = (
        fixed("one", 1, "one channel of sound"),
        fixed("kernel", 3, "kernels of 3 by 3"),
    );
    let left = fixed(
        "bins_left",
        halved(of.bins.value, 3),
        "mel bins after three strides of 2",
    );
    let flat = Quantity::product("subsampled", &[&channels, &left]);
    let first = Stack::once(Audio, "Audio convolutions", prefix)
        .over(spectrum(1, of.bins.value))
        .kernel("conv2d1", &[&channels, &one, &three, &three], true)
        .activation(&channels)
        .over(spectrum(2, of.bins.value))
        .kernel("conv2d2", &[&channels, &channels, &three, &three], true)
        .activation(&channels)
        .over(spectrum(3, of.bins.value))
        .kernel("conv2d3", &[&channels, &channels, &three, &three], true)
        .activation(&channels)
        .patches()
        .linear("conv_out", &of.hidden, &flat, false);
    let last = Stack::once(Audio, title, prefix)
        .patches()
        .norm("ln_post", Norm::Layer, &of.hidden);
    Ok(vec![
        first.finish(),
        layer(&of, prefix, true, inferred(config, &of)?).finish(),
        after(&of, last).finish(),
    ])
}

/// Positions that see each other: of `n_window` frames on each side, two frames to a position.
fn windows(config: &Config, of: &Shape, positions: u64) -> Result<Span, ModelError> {
    let window = config.size("window", &["n_window"])?;
    Ok(square(window.value.saturating_mul(positions), "n_window", of))
}

/// The same where reading takes wider windows: `n_window_infer` frames, of which each chunk of `2 · n_window` is convolved alone.
fn inferred(config: &Config, of: &Shape) -> Result<Span, ModelError> {
    let chunk = config.size("chunk", &["n_window"])?.value.saturating_mul(2).max(1);
    let wide = config.size("window", &["n_window_infer"])?.value;
    let positions = (wide / chunk).saturating_mul(halved(chunk, 3)).max(1);
    Ok(square(positions, "n_window_infer", of))
}

fn square(side: u64, key: &'static str, of: &Shape) -> Span {
    Span::Squares {
        side: Quantity::config("window", key, side),
        whole: fixed("whole layers", 0, "every layer has windows"),
        layers: of.layers.clone(),
    }
}
