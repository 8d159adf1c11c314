//! Pixtral's vision tower (Agrawal 2024, arXiv 2410.07073): no biases, gated MLPs, rotary positions in two dimensions.

use super::{Parts, channels, heads, pair};
use crate::model::blocks::{Biases, Norm, Stack, Vit};
use crate::model::component::Component::Vision;
use crate::model::config::Config;

/// Patches, a norm, layers.
pub fn tower(config: &Config, prefix: &str) -> Parts {
    let hidden = config.size("hidden", &["hidden_size"])?;
    let width = config.size("intermediate", &["intermediate_size"])?;
    let heads = heads(config)?;
    let layers = config.size("layers", &["num_hidden_layers"])?;
    let (down, across) = pair(config, "patch_size")?;
    let embeddings = Stack::once(Vision, "Patch embedding", prefix)
        .patches()
        .kernel("patch_conv", &[&hidden, &channels(config)?, &down, &across], false)
        .norm("ln_pre", Norm::Rms, &hidden);
    let prefix = format!("{prefix}transformer.layers.{{i}}.");
    let layer = Stack::repeated(Vision, "Vision layers", prefix, &layers)
        .patches()
        .vit(&Vit {
            qkv: &["attention.q_proj", "attention.k_proj", "attention.v_proj"],
            output: "attention.o_proj",
            mlp: &[
                "feed_forward.gate_proj",
                "feed_forward.up_proj",
                "feed_forward.down_proj",
            ],
            norms: &["attention_norm", "ffn_norm"],
            norm: Norm::Rms,
            bias: Biases::NONE,
            ..Vit::clip(&hidden, &heads, &width)
        });
    Ok(vec![embeddings.finish(), layer.finish()])
}
