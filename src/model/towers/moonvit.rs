//! MoonViT of Kimi K2.5 and K3 (Kimi Team 2025, arXiv 2504.07491, for the tower itself).

use super::{Parts, channels, heads, pair};
use crate::model::blocks::{Biases, Norm, Stack, Vit};
use crate::model::component::Component::Vision;
use crate::model::config::Config;

/// A table of positions that is interpolated, layers with one matrix for queries, keys and values, a norm.
pub fn tower(config: &Config, prefix: &str) -> Parts {
    let hidden = config.size("hidden", &["vt_hidden_size", "hidden_size"])?;
    let width = config.size("intermediate", &["vt_intermediate_size", "intermediate_size"])?;
    let heads = heads(config)?;
    let layers = config.size("layers", &["vt_num_hidden_layers", "num_hidden_layers"])?;
    let (down, across) = pair(config, "patch_size")?;
    let high = config.size("position_rows", &["init_pos_emb_height", "pos_emb_height"])?;
    let wide = config.size("position_columns", &["init_pos_emb_width", "pos_emb_width"])?;
    // K3 says by keys what K2.5 takes for granted: LayerNorm and biases.
    let norm = if config.text("norm_type") == Some("rmsnorm") {
        Norm::Rms
    } else {
        Norm::Layer
    };
    let queries = config.size_or("qkv_hidden", &["qkv_hidden_size"], || hidden.clone())?;
    let (attention, linear) = (config.flag("attn_bias", true)?, config.flag("linear_bias", true)?);
    let patches = config.flag("patch_embed_proj_bias", true)?;
    let bias = Biases {
        qv: attention,
        k: attention,
        output: attention,
        mlp: linear,
    };
    let embeddings = Stack::once(Vision, "Patch embedding", prefix)
        .patches()
        .kernel(
            "patch_embed.proj",
            &[&hidden, &channels(config)?, &down, &across],
            patches,
        )
        .tensor("patch_embed.pos_emb.weight", &[&high, &wide, &hidden]);
    let blocks = format!("{prefix}encoder.blocks.{{i}}.");
    let layer = Stack::repeated(Vision, "Vision layers", blocks, &layers)
        .patches()
        .vit(&Vit {
            queries: &queries,
            keys: &queries,
            qkv: &["wqkv"],
            output: "wo",
            mlp: &["mlp.fc0", "mlp.fc1"],
            norms: &["norm0", "norm1"],
            norm,
            bias,
            ..Vit::clip(&hidden, &heads, &width)
        });
    let last = Stack::once(Vision, "Vision norm", prefix)
        .patches()
        .norm("encoder.final_layernorm", norm, &hidden);
    Ok(vec![embeddings.finish(), layer.finish(), last.finish()])
}
