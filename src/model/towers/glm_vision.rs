//! GLM's vision towers: 4.1V and 4.5V (arXiv 2507.01006), GLM-OCR, and GLM-5.3 Flash, which is that of GLM-OCR with a merger
//! of its own width.

use super::{Parts, channels, patches};
use crate::model::blocks::{Biases, Norm, Stack, Vit};
use crate::model::component::Component::Vision;
use crate::model::config::Config;
use crate::model::media::Stage;
use crate::model::operator::Span;
use crate::units::Quantity;

/// Patches of two frames, layers with a gated MLP, a convolution that halves each side, a gated merger.
/// The first form has learned positions and a merger as wide as `intermediate_size`; the other a norm on each head
/// and a merger of its own width.
pub fn tower(config: &Config, prefix: &str, first: bool) -> Parts {
    let hidden = config.size("hidden", &["hidden_size"])?;
    let width = config.size("intermediate", &["intermediate_size"])?;
    let out = config.size("output", &["out_hidden_size"])?;
    let layers = config.size("layers", &["depth"])?;
    let patch = config.size("patch", &["patch_size"])?;
    let frames = config.size("frames", &["temporal_patch_size"])?;
    let side = config.size("merge", &["spatial_merge_size"])?;
    let heads = config.size("heads", &["num_heads"])?;
    let head = Quantity::quotient("head_dim", &hidden, &heads);
    let bias = config.flag("attention_bias", false)?;
    let dims = [&hidden, &channels(config)?, &frames, &patch, &patch];
    let mut embeddings =
        Stack::once(Vision, "Patch embedding", prefix)
            .patches()
            .kernel("patch_embed.proj", &dims, true);
    if first {
        let positions = patches(config, "image_size", "patch_size")?;
        embeddings = embeddings
            .tensor("embeddings.position_embedding.weight", &[&positions, &hidden])
            .norm("post_conv_layernorm", Norm::Rms, &hidden);
    }
    // The first form keeps its config's intermediate_size for the merger; its layers are as wide as the output.
    let inner = if first { &out } else { &width };
    let layer = Stack::repeated(Vision, "Vision layers", format!("{prefix}blocks.{{i}}."), &layers)
        .patches()
        .vit(&Vit {
            hidden: &hidden,
            heads: Some(&heads),
            span: Span::Both,
            queries: &hidden,
            keys: &hidden,
            width: inner,
            qkv: &["attn.qkv"],
            output: "attn.proj",
            mlp: &["mlp.gate_proj", "mlp.up_proj", "mlp.down_proj"],
            norms: &["norm1", "norm2"],
            norm: Norm::Rms,
            head_norm: (!first).then_some((["attn.q_norm", "attn.k_norm"], Norm::Rms, &head)),
            distances: None,
            scales: &[],
            bias: Biases {
                qv: bias,
                k: bias,
                output: !first && bias,
                mlp: !first && bias,
            },
        });
    let last = Stack::once(Vision, "Vision norm", prefix)
        .patches()
        .norm("post_layernorm", Norm::Rms, &hidden)
        .over(Stage::Squares(side.clone()))
        .kernel("downsample", &[&out, &hidden, &side, &side], true);
    let merged = match config.optional("merger_width", &["projection_intermediate_size"])? {
        Some(own) if !first => own,
        _ if first => width,
        _ => Quantity::product("merger_width", &[&out, &channels(config)?]),
    };
    let merger = Stack::once(Vision, "Merger", format!("{prefix}merger."))
        .over(Stage::Squares(side.clone()))
        .linear("proj", &out, &out, false)
        .norm("post_projection_norm", Norm::Layer, &out)
        .activation(&out)
        .block("Gated MLP")
        .linear("gate_proj", &merged, &out, false)
        .linear("up_proj", &merged, &out, false)
        .gated(&merged, None)
        .linear("down_proj", &out, &merged, false);
    Ok(vec![
        embeddings.finish(),
        layer.finish(),
        last.finish(),
        merger.finish(),
    ])
}
