//! Whisper's encoder (Radford 2022, arXiv 2212.04356) as an audio tower.

use super::{Parts, fixed, heads, spectrum};
use crate::model::blocks::{Biases, Norm, Stack, Vit};
use crate::model::component::Component::Audio;
use crate::model::config::Config;
use crate::model::error::ModelError;
use crate::model::operator::Span;
use crate::units::Quantity;

/// Dimensions which the towers made from Whisper share.
#[derive(Debug)]
pub struct Shape {
    /// Width of the residual stream.
    pub hidden: Quantity,
    /// Width of the MLP.
    pub width: Quantity,
    /// Layers.
    pub layers: Quantity,
    /// Heads, where they are known.
    pub heads: Option<Quantity>,
    /// Bins of the spectrum.
    pub bins: Quantity,
}

/// Reads them.
pub fn shape(config: &Config) -> Result<Shape, ModelError> {
    Ok(Shape {
        hidden: config.size("hidden", &["d_model", "hidden_size"])?,
        width: config.size("intermediate", &["encoder_ffn_dim", "intermediate_size"])?,
        layers: config.size("layers", &["encoder_layers", "num_hidden_layers"])?,
        heads: heads(config)?,
        bins: config.size("mel_bins", &["num_mel_bins"])?,
    })
}

/// The layer: keys have no bias, unless they do.
pub fn layer(of: &Shape, prefix: &str, k: bool, span: Span) -> Stack {
    Stack::repeated(Audio, "Audio layers", format!("{prefix}layers.{{i}}."), &of.layers)
        .patches()
        .vit(&Vit {
            span,
            mlp: &["fc1", "fc2"],
            norms: &["self_attn_layer_norm", "final_layer_norm"],
            bias: Biases { k, ..Biases::ALL },
            ..Vit::clip(&of.hidden, &of.heads, &of.width)
        })
}

/// Two convolutions over the spectrum.
pub fn convolutions(of: &Shape, prefix: &str) -> Stack {
    let three = fixed("kernel", 3, "kernels of 3 frames");
    Stack::once(Audio, "Audio convolutions", prefix)
        .over(spectrum(0, 1))
        .kernel("conv1", &[&of.hidden, &of.bins, &three], true)
        .activation(&of.hidden)
        .patches()
        .kernel("conv2", &[&of.hidden, &of.hidden, &three], true)
        .activation(&of.hidden)
}

/// Convolutions, a stored table of positions, layers, a norm.
pub fn tower(config: &Config, prefix: &str) -> Parts {
    let of = shape(config)?;
    let positions = config.size("positions", &["max_source_positions"])?;
    let first = convolutions(&of, prefix).tensor("embed_positions.weight", &[&positions, &of.hidden]);
    let last = Stack::once(Audio, "Audio norm", prefix)
        .patches()
        .norm("layer_norm", Norm::Layer, &of.hidden);
    Ok(vec![
        first.finish(),
        layer(&of, prefix, false, Span::Both).finish(),
        last.finish(),
    ])
}
