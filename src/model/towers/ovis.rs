//! Ovis 2's vision tower (arXiv 2405.20797): AIMv2 layers and a head over a vocabulary of visual words.

use super::{Parts, channels, fixed, heads, pair, patches};
use crate::model::blocks::{Biases, Norm, Stack, Vit};
use crate::model::component::Component::Vision;
use crate::model::config::Config;
use crate::model::media::Stage;
use crate::units::Quantity;

/// Patches with a norm, gated layers, a head with a norm over the visual vocabulary.
pub fn tower(config: &Config, prefix: &str) -> Parts {
    let hidden = config.size("hidden", &["hidden_size"])?;
    let width = config.size("intermediate", &["intermediate_size"])?;
    let heads = heads(config)?;
    let layers = config.size("layers", &["num_hidden_layers"])?;
    let (down, across) = pair(config, "patch_size")?;
    let positions = patches(config, "image_size", "patch_size")?;
    let inner = format!("{prefix}transformer.");
    let embeddings = Stack::once(Vision, "Patch embedding", inner.as_str())
        .patches()
        .kernel(
            "embeddings.patch_embedding",
            &[&hidden, &channels(config)?, &down, &across],
            true,
        )
        .tensor("embeddings.position_embedding.weight", &[&positions, &hidden])
        .norm("embeddings.rms_norm", Norm::Rms, &hidden);
    let (qkv, mlp) = (config.flag("qkv_bias", false)?, config.flag("mlp_bias", false)?);
    let layer = Stack::repeated(
        Vision,
        "Vision layers",
        format!("{inner}encoder.layers.{{i}}."),
        &layers,
    )
    .patches()
    .vit(&Vit {
        qkv: &["attention.q_proj", "attention.k_proj", "attention.v_proj"],
        output: "attention.out_proj",
        mlp: &["ffn.gate_proj", "ffn.up_proj", "ffn.down_proj"],
        norms: &["rms_norm1", "rms_norm2"],
        norm: Norm::Rms,
        bias: Biases {
            qv: qkv,
            k: qkv,
            output: qkv,
            mlp,
        },
        ..Vit::clip(&hidden, &heads, &width)
    });
    let last = Stack::once(Vision, "Vision norm", inner.as_str())
        .patches()
        .norm("rms_norm", Norm::Rms, &hidden);
    let vocabulary = config.size("visual_vocabulary", &["vocab_size"])?;
    let marks = config.size("marks", &["num_visual_indicator_tokens"])?;
    let words = Quantity::difference("visual_words", &vocabulary, &marks);
    let stride = config.size_or("stride", &["hidden_stride"], || fixed("stride", 1, "no stride"))?;
    let input = Quantity::product("strided", &[&hidden, &stride, &stride]);
    let head = Stack::once(Vision, "Visual vocabulary", prefix)
        .over(Stage::Squares(stride))
        .linear("head_linear", &words, &input, false)
        .norm("head_norm", Norm::Layer, &words);
    Ok(vec![embeddings.finish(), layer.finish(), last.finish(), head.finish()])
}
