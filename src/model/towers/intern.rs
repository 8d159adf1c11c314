//! InternViT (Chen 2023, arXiv 2312.14238), also behind Qianfan-OCR.

use super::{Parts, and_one, channels, fixed, heads, pair, patches, with_class};
use crate::model::blocks::{Biases, Norm, Stack, Vit};
use crate::model::component::Component::Vision;
use crate::model::config::Config;
use crate::model::error::ModelError;

/// A class token, positions, layers whose halves are scaled, a norm where patches are not averaged.
pub fn tower(config: &Config, prefix: &str) -> Parts {
    let hidden = config.size("hidden", &["hidden_size"])?;
    let width = config.size("intermediate", &["intermediate_size"])?;
    let heads = heads(config)?;
    let layers = config.size("layers", &["num_hidden_layers"])?;
    let positions = and_one("positions", &patches(config, "image_size", "patch_size")?);
    let (down, across) = pair(config, "patch_size")?;
    let one = fixed("one", 1, "one for every image");
    let norm = match config.text("norm_type").unwrap_or("layer_norm") {
        "layer_norm" => Norm::Layer,
        "rms_norm" => Norm::Rms,
        other => {
            return Err(ModelError::NotBuilt {
                model_type: config.model_type().to_owned(),
                what: format!("The norm \"{}\"", other.chars().take(40).collect::<String>()),
            });
        }
    };
    let mut embeddings = Stack::once(Vision, "Patch embedding", prefix)
        .patches()
        .tensor("embeddings.cls_token", &[&one, &one, &hidden]);
    if config.flag("use_mask_token", false)? {
        embeddings = embeddings.tensor("embeddings.mask_token", &[&one, &one, &hidden]);
    }
    if config.flag("use_absolute_position_embeddings", true)? {
        embeddings = embeddings.tensor("embeddings.position_embeddings", &[&one, &positions, &hidden]);
    }
    let embeddings = embeddings.kernel(
        "embeddings.patch_embeddings.projection",
        &[&hidden, &channels(config)?, &down, &across],
        true,
    );
    let bias = config.flag("attention_bias", false)?;
    let head_norm =
        config
            .flag("use_qk_norm", false)?
            .then_some((["attention.q_norm", "attention.k_norm"], Norm::Rms, &hidden));
    let layer = Stack::repeated(
        Vision,
        "Vision layers",
        format!("{prefix}encoder.layer.{{i}}."),
        &layers,
    )
    .over(with_class())
    .vit(&Vit {
        qkv: &["attention.q_proj", "attention.k_proj", "attention.v_proj"],
        output: "attention.projection_layer",
        norms: &["layernorm_before", "layernorm_after"],
        norm,
        head_norm,
        scales: &["lambda_1", "lambda_2"],
        bias: Biases {
            qv: bias,
            k: bias,
            ..Biases::ALL
        },
        ..Vit::clip(&hidden, &heads, &width)
    });
    let mut parts = vec![embeddings.finish(), layer.finish()];
    if !config.flag("use_mean_pooling", true)? {
        parts.push(
            Stack::once(Vision, "Vision norm", prefix)
                .over(with_class())
                .norm("layernorm", Norm::Layer, &hidden)
                .finish(),
        );
    }
    Ok(parts)
}
