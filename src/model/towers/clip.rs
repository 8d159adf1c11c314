//! CLIP's vision tower (Radford 2021, arXiv 2103.00020).

use super::{Parts, and_one, channels, pair, patches};
use crate::model::blocks::{Norm, Stack, Vit};
use crate::model::component::Component::Vision;
use crate::model::config::Config;

/// A class token, learned positions, a norm before and after the layers.
pub fn tower(config: &Config, prefix: &str) -> Parts {
    let hidden = config.size("hidden", &["hidden_size"])?;
    let width = config.size("intermediate", &["intermediate_size"])?;
    let layers = config.size("layers", &["num_hidden_layers"])?;
    let positions = and_one("positions", &patches(config, "image_size", "patch_size")?);
    let (down, across) = pair(config, "patch_size")?;
    let embeddings = Stack::once(Vision, "Patch embedding", prefix)
        .tensor("embeddings.class_embedding", &[&hidden])
        .kernel(
            "embeddings.patch_embedding",
            &[&hidden, &channels(config)?, &down, &across],
            false,
        )
        .tensor("embeddings.position_embedding.weight", &[&positions, &hidden])
        .norm("pre_layrnorm", Norm::Layer, &hidden);
    let layer = Stack::repeated(
        Vision,
        "Vision layers",
        format!("{prefix}encoder.layers.{{i}}."),
        &layers,
    )
    .vit(&Vit::clip(&hidden, &width));
    let last = Stack::once(Vision, "Vision norm", prefix).norm("post_layernorm", Norm::Layer, &hidden);
    Ok(vec![embeddings.finish(), layer.finish(), last.finish()])
}
