//! Molmo 2's vision tower and its adapter, which pools patches with attention.

use super::{Parts, channels, heads, pair, patches};
use crate::model::blocks::{Biases, Stack, Vit};
use crate::model::component::Component::Vision;
use crate::model::config::Config;
use crate::model::error::ModelError;
use crate::model::media::Stage;
use crate::model::operator::Span;
use crate::units::Quantity;

/// Queries and keys, all heads.
fn widths(config: &Config) -> Result<(Quantity, Quantity), ModelError> {
    let heads = config.size("heads", &["num_attention_heads"])?;
    let kv = config.size_or("kv_heads", &["num_key_value_heads"], || heads.renamed("kv_heads"))?;
    let head = config.size("head_dim", &["head_dim"])?;
    Ok((
        Quantity::product("q_width", &[&heads, &head]),
        Quantity::product("k_width", &[&kv, &head]),
    ))
}

/// Flat patches, positions, layers with biases.
pub fn tower(config: &Config, prefix: &str) -> Parts {
    let hidden = config.size("hidden", &["hidden_size"])?;
    let width = config.size("intermediate", &["intermediate_size"])?;
    let layers = config.size("layers", &["num_hidden_layers"])?;
    let (down, across) = pair(config, "patch_size")?;
    let flat = Quantity::product("patch_values", &[&channels(config)?, &down, &across]);
    let positions = match config.optional("positions", &["num_position_embeddings"])? {
        Some(positions) => positions,
        None => patches(config, "image_size", "patch_size")?,
    };
    let (queries, keys) = widths(config)?;
    let bias = config.flag("attention_bias", true)?;
    let embeddings = Stack::once(Vision, "Patch embedding", prefix)
        .patches()
        .tensor("positional_embedding", &[&positions, &hidden])
        .linear("patch_embedding", &hidden, &flat, true);
    let layer = Stack::repeated(Vision, "Vision layers", format!("{prefix}layers.{{i}}."), &layers);
    let heads = heads(config)?;
    let layer = layer.patches().vit(&Vit {
        queries: &queries,
        keys: &keys,
        output: "self_attn.o_proj",
        bias: Biases {
            qv: bias,
            k: bias,
            output: bias,
            mlp: true,
        },
        ..Vit::clip(&hidden, &heads, &width)
    });
    Ok(vec![embeddings.finish(), layer.finish()])
}

/// The adapter: features of several layers side by side, pooled, then a gated MLP into the language model.
pub fn adapter(config: &Config, prefix: &str) -> Parts {
    let hidden = config.size("hidden", &["hidden_size"])?;
    let width = config.size("intermediate", &["intermediate_size"])?;
    let text = config.size("text_hidden", &["text_hidden_size"])?;
    let tapped = super::features(config)?;
    let input = Quantity::product("features", &[&hidden, &tapped]);
    let (queries, keys) = widths(config)?;
    let (bias, mlp) = (config.flag("attention_bias", true)?, config.flag("mlp_bias", false)?);
    // A square of two by two patches is pooled: its mean asks, all four are seen.
    let four = Quantity::architecture("patches of a square", 4, "two by two");
    let square = Stage::Each(four.clone());
    let heads = heads(config)?;
    let adapter = Stack::once(Vision, "Vision adapter", prefix)
        .over(Stage::Gathered(four))
        .linear("image_pooling_2d.k_proj", &keys, &input, bias)
        .linear("image_pooling_2d.v_proj", &keys, &input, bias)
        .over(Stage::Tokens)
        .linear("image_pooling_2d.q_proj", &queries, &input, bias)
        .attend(heads.as_ref(), &queries, &keys, Span::Part(square))
        .linear("image_pooling_2d.o_proj", &hidden, &queries, bias)
        .block("Gated MLP")
        .linear("image_projector.gate_proj", &width, &hidden, mlp)
        .linear("image_projector.up_proj", &width, &hidden, mlp)
        .gated(&width, None)
        .linear("image_projector.down_proj", &text, &width, false);
    Ok(vec![adapter.finish()])
}
