//! Muse's towers: patches with a table of positions, and convolutions over sound.

use serde_json::Value;

use super::{Parts, channels, fixed, heads};
use crate::model::blocks::{Norm, Stack, Vit};
use crate::model::component::Component::{Audio, Vision};
use crate::model::config::{Config, whole, wrong};
use crate::model::error::ModelError;
use crate::model::media::Stage;
use crate::model::operator::Span;
use crate::units::Quantity;

/// Patches as flat rows, a norm before and after the layers.
pub fn vision(config: &Config, prefix: &str) -> Parts {
    let hidden = config.size("hidden", &["hidden_size"])?;
    let width = config.size("intermediate", &["intermediate_size"])?;
    let layers = config.size("layers", &["num_hidden_layers"])?;
    let patch = config.size("patch", &["patch_size"])?;
    let frames = config.size("frames", &["patch_temporal"])?;
    let flat = Quantity::product("patch_values", &[&channels(config)?, &frames, &patch, &patch]);
    let rows = config.size("rows", &["pos_emb_height"])?;
    let columns = config.size("columns", &["pos_emb_width"])?;
    let places = Quantity::product("positions", &[&rows, &columns]);
    let first = Stack::once(Vision, "Patch embedding", prefix)
        .patches()
        .linear("patch_embedder.patch_embedding", &hidden, &flat, false)
        .tensor("patch_embedder.position_embedding_table.weight", &[&places, &hidden])
        .norm("ln_pre", Norm::Layer, &hidden);
    let layer = Stack::repeated(Vision, "Vision layers", format!("{prefix}layers.{{i}}."), &layers);
    let heads = heads(config)?;
    let whole = match config.names("layer_types")? {
        Some(names) => names.iter().filter(|name| **name == "full_attention").count() as u64,
        // Every fourth and the last.
        None => layers.value.div_ceil(4),
    };
    let layer = layer.patches().vit(&Vit {
        span: Span::Squares {
            side: rows.clone(),
            whole: Quantity::config("layers that see all", "layer_types", whole),
            layers: layers.clone(),
        },
        qkv: &["attn.q_proj", "attn.k_proj", "attn.v_proj"],
        output: "attn.proj",
        norms: &["norm1", "norm2"],
        ..Vit::clip(&hidden, &heads, &width)
    });
    let last = Stack::once(Vision, "Vision norm", prefix)
        .patches()
        .norm("ln_post", Norm::Layer, &hidden);
    Ok(vec![first.finish(), layer.finish(), last.finish()])
}

/// A list of sizes, of the config or of its class.
fn list(config: &Config, key: &'static str, layers: usize) -> Result<Vec<u64>, ModelError> {
    let given = config.get(key).or_else(|| config.class_default(key));
    let Some(Value::Array(items)) = given else {
        let none = Value::Null;
        return Err(wrong(key, given.unwrap_or(&none), "a list of sizes"));
    };
    if items.len() < layers {
        return Err(ModelError::Inconsistent(format!(
            "{key} has {} entries for {layers} layers.",
            items.len()
        )));
    }
    items
        .iter()
        .take(layers)
        .map(|item| whole(key, item, 1, 1 << 24))
        .collect()
}

/// Stages of convolutions, each of which joins frames before it.
pub fn audio(config: &Config, prefix: &str) -> Parts {
    let layers = config.size("layers", &["num_hidden_layers"])?;
    if layers.value > 64 {
        return Err(ModelError::OutOfRange {
            key: "num_hidden_layers".to_owned(),
            found: layers.value.to_string(),
            least: 1,
            most: 64,
        });
    }
    let stages = layers.value as usize;
    let kernel = config.size("kernel", &["conv_kernel_size"])?;
    let ratio = config.size("mlp_ratio", &["mlp_ratio"])?;
    let widths = list(config, "hidden_sizes", stages)?;
    let patches = list(config, "patch_sizes", stages)?;
    let depths = list(config, "depths", stages)?;
    let one = fixed("channels of a filter", 1, "a filter for each channel");
    let mut before = one.clone();
    let mut parts = Vec::new();
    // Each stage joins frames; a position is what the last one leaves.
    let mut frames = patches.iter().fold(1_u64, |all, patch| all.saturating_mul(*patch));
    for (at, ((width, patch), depth)) in widths.iter().zip(&patches).zip(&depths).enumerate() {
        let width = Quantity::config("hidden", "hidden_sizes", *width);
        let joined = before.times("joined", *patch);
        let wide = Quantity::product("intermediate", &[&width, &ratio]);
        let stage = format!("{prefix}layers.{at}.");
        frames /= patch;
        let rows = Stage::Times(fixed("frames", frames, "frames of a position at this stage"));
        parts.push(
            Stack::once(Audio, "Frames joined", format!("{stage}patch_embedder."))
                .over(rows.clone())
                .linear("proj", &width, &joined, true)
                .norm("norm", Norm::Rms, &width)
                .finish(),
        );
        let count = Quantity::config("blocks", "depths", *depth);
        parts.push(
            Stack::repeated(Audio, "Audio blocks", format!("{stage}conv_blocks.{{i}}."), &count)
                .over(rows)
                .kernel("conv", &[&width, &one, &kernel], true)
                .norm("norm", Norm::Rms, &width)
                .block("MLP")
                .linear("mlp.fc1", &wide, &width, true)
                .activation(&wide)
                .linear("mlp.fc2", &width, &wide, true)
                .finish(),
        );
        before = width;
    }
    let out = config.size("output", &["out_hidden_size"])?;
    parts.push(
        Stack::once(Audio, "Audio projector", prefix)
            .patches()
            .norm("norm", Norm::Rms, &before)
            .linear("proj", &out, &before, true)
            .norm("post_proj_norm", Norm::Rms, &out)
            .finish(),
    );
    Ok(parts)
}
