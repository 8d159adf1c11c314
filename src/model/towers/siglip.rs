//! SigLIP's vision tower (Zhai 2023, arXiv 2303.15343) and the towers made from it.

use super::{Parts, channels, fixed, heads, pair, patches};
use crate::model::blocks::{Norm, Stack, Vit};
use crate::model::component::Component::Vision;
use crate::model::config::Config;
use crate::model::media::Stage;
use crate::model::operator::Span;
use crate::units::Quantity;

/// How the relatives differ.
#[derive(Clone, Copy, Debug)]
pub struct Form {
    /// A key that may switch the pooling head off; none where there never is one.
    head: Option<&'static str>,
    /// Where positions are counted.
    positions: Positions,
}

#[derive(Clone, Copy, Debug)]
enum Positions {
    /// One for each patch of the image.
    Grid,
    /// As many as `num_patches`; patches come as flat rows.
    Given,
    /// None: rotary.
    None,
}

impl Form {
    /// The original.
    pub const SIGLIP: Self = Self {
        head: Some("vision_use_head"),
        positions: Positions::Grid,
    };
    /// SigLIP 2 with native aspect ratios (arXiv 2502.14786).
    pub const SIGLIP2: Self = Self {
        head: Some("vision_use_head"),
        positions: Positions::Given,
    };
    /// The same without the pooling head.
    pub const SIGLIP2_HEADLESS: Self = Self {
        head: None,
        positions: Positions::Given,
    };
    /// Without the pooling head.
    pub const HEADLESS: Self = Self {
        head: None,
        positions: Positions::Grid,
    };
    /// Without the head and with rotary positions.
    pub const WITHOUT_POSITIONS: Self = Self {
        head: None,
        positions: Positions::None,
    };
}

/// Patches with a bias, positions, layers, a norm, and maybe a head that pools with attention.
pub fn tower(config: &Config, prefix: &str, form: Form) -> Parts {
    let hidden = config.size("hidden", &["hidden_size"])?;
    let width = config.size("intermediate", &["intermediate_size"])?;
    let heads = heads(config)?;
    let layers = config.size("layers", &["num_hidden_layers"])?;
    let (down, across) = pair(config, "patch_size")?;
    let channels = channels(config)?;
    let mut embeddings = Stack::once(Vision, "Patch embedding", prefix).patches();
    embeddings = match form.positions {
        Positions::Given => {
            let flat = Quantity::product("patch_values", &[&channels, &down, &across]);
            let positions = config.size("positions", &["num_patches"])?;
            embeddings
                .linear("embeddings.patch_embedding", &hidden, &flat, true)
                .tensor("embeddings.position_embedding.weight", &[&positions, &hidden])
        }
        Positions::Grid => {
            let positions = patches(config, "image_size", "patch_size")?;
            embeddings
                .kernel(
                    "embeddings.patch_embedding",
                    &[&hidden, &channels, &down, &across],
                    true,
                )
                .tensor("embeddings.position_embedding.weight", &[&positions, &hidden])
        }
        Positions::None => embeddings.kernel(
            "embeddings.patch_embedding",
            &[&hidden, &channels, &down, &across],
            true,
        ),
    };
    let layer = Stack::repeated(
        Vision,
        "Vision layers",
        format!("{prefix}encoder.layers.{{i}}."),
        &layers,
    )
    .patches()
    .vit(&Vit::clip(&hidden, &heads, &width));
    let last = Stack::once(Vision, "Vision norm", prefix)
        .patches()
        .norm("post_layernorm", Norm::Layer, &hidden);
    let mut parts = vec![embeddings.finish(), layer.finish(), last.finish()];
    let head = form.head.map_or(Ok(false), |key| config.flag(key, true))?;
    if head {
        let probe = fixed("probe", 1, "one learned query");
        let once = Stage::Each(probe.clone());
        let head = Stack::once(Vision, "Pooling head", format!("{prefix}head."))
            .patches()
            .tensor("probe", &[&probe, &probe, &hidden])
            .keys_and_values(["attention.in_proj_weight", "attention.in_proj_bias"], &hidden)
            .over(once)
            .queries(&hidden)
            .attend(heads.as_ref(), &hidden, &hidden, Span::Part(Stage::Patches))
            .linear("attention.out_proj", &hidden, &hidden, true)
            .norm("layernorm", Norm::Layer, &hidden)
            .linear("mlp.fc1", &width, &hidden, true)
            .activation(&width)
            .linear("mlp.fc2", &hidden, &width, true);
        parts.push(head.finish());
    }
    Ok(parts)
}
