//! CLIP's vision tower (Radford 2021, arXiv 2103.00020).

use super::{Parts, and_one, channels, heads, pair, patches, with_class};
use crate::model::blocks::{Norm, Stack, Vit};
use crate::model::component::Component::Vision;
use crate::model::config::Config;

/// A class token, learned positions, a norm before and after the layers.
pub fn tower(config: &Config, prefix: &str) -> Parts {
    let hidden = config.size("hidden", &["hidden_size"])?;
    let width = config.size("intermediate", &["intermediate_size"])?;
    let layers = config.size("layers", &["num_hidden_layers"])?;
    let heads = heads(config)?;
    let positions = and_one("positions", &patches(config, "image_size", "patch_size")?);
    let (down, across) = pair(config, "patch_size")?;
    let embeddings = Stack::once(Vision, "Patch embedding", prefix)
        .patches()
        .tensor("embeddings.class_embedding", &[&hidden])
        .kernel(
            "embeddings.patch_embedding",
            &[&hidden, &channels(config)?, &down, &across],
            false,
        )
        .tensor("embeddings.position_embedding.weight", &[&positions, &hidden])
        .over(with_class())
        .norm("pre_layrnorm", Norm::Layer, &hidden);
    let layer = Stack::repeated(
        Vision,
        "Vision layers",
        format!("{prefix}encoder.layers.{{i}}."),
        &layers,
    )
    .over(with_class())
    .vit(&Vit::clip(&hidden, &heads, &width));
    let last =
        Stack::once(Vision, "Vision norm", prefix)
            .over(with_class())
            .norm("post_layernorm", Norm::Layer, &hidden);
    Ok(vec![embeddings.finish(), layer.finish(), last.finish()])
}
