//! MoonViT of Kimi K2.5 (Kimi Team 2025, arXiv 2504.07491, for the tower itself).

use super::{Parts, channels, pair};
use crate::model::blocks::{Biases, Norm, Stack, Vit};
use crate::model::component::Component::Vision;
use crate::model::config::Config;

/// A table of positions that is interpolated, layers with one matrix for queries, keys and values, a norm.
pub fn tower(config: &Config, prefix: &str) -> Parts {
    let hidden = config.size("hidden", &["vt_hidden_size", "hidden_size"])?;
    let width = config.size("intermediate", &["vt_intermediate_size", "intermediate_size"])?;
    let layers = config.size("layers", &["vt_num_hidden_layers", "num_hidden_layers"])?;
    let (down, across) = pair(config, "patch_size")?;
    let high = config.size("position_rows", &["init_pos_emb_height", "pos_emb_height"])?;
    let wide = config.size("position_columns", &["init_pos_emb_width", "pos_emb_width"])?;
    let embeddings = Stack::once(Vision, "Patch embedding", prefix)
        .kernel("patch_embed.proj", &[&hidden, &channels(config)?, &down, &across], true)
        .tensor("patch_embed.pos_emb.weight", &[&high, &wide, &hidden]);
    let blocks = format!("{prefix}encoder.blocks.{{i}}.");
    let layer = Stack::repeated(Vision, "Vision layers", blocks, &layers).vit(&Vit {
        hidden: &hidden,
        queries: &hidden,
        keys: &hidden,
        width: &width,
        qkv: &["wqkv"],
        output: "wo",
        mlp: &["mlp.fc0", "mlp.fc1"],
        norms: &["norm0", "norm1"],
        norm: Norm::Layer,
        head_norm: None,
        scales: &[],
        bias: Biases::ALL,
    });
    let last = Stack::once(Vision, "Vision norm", prefix).norm("encoder.final_layernorm", Norm::Layer, &hidden);
    Ok(vec![embeddings.finish(), layer.finish(), last.finish()])
}
