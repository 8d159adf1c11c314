//! Gemma 4's vision tower: a small Gemma over patches, with a table of positions for each axis.

use super::{Parts, fixed};
use crate::model::blocks::{Biases, Norm, Stack, Vit};
use crate::model::component::Component::Vision;
use crate::model::config::Config;
use crate::model::operator::Span;
use crate::units::Quantity;

/// Patches without a bias, four norms a layer, a norm on each head of queries and keys.
pub fn tower(config: &Config, prefix: &str) -> Parts {
    let hidden = config.size("hidden", &["hidden_size"])?;
    let width = config.size("intermediate", &["intermediate_size"])?;
    let layers = config.size("layers", &["num_hidden_layers"])?;
    let patch = config.size("patch", &["patch_size"])?;
    let positions = config.size("positions", &["position_embedding_size"])?;
    let heads = config.size("heads", &["num_attention_heads"])?;
    let kv = config.size_or("kv_heads", &["num_key_value_heads"], || heads.renamed("kv_heads"))?;
    let head = config.size_or("head_dim", &["head_dim"], || {
        Quantity::quotient("head_dim", &hidden, &heads)
    })?;
    let (axes, colours) = (
        fixed("axes", 2, "height and width"),
        fixed("colours", 3, "red, green and blue"),
    );
    let flat = Quantity::product("patch_values", &[&colours, &patch, &patch]);
    let embeddings = Stack::once(Vision, "Patch embedding", prefix)
        .patches()
        .tensor("patch_embedder.position_embedding_table", &[&axes, &positions, &hidden])
        .linear("patch_embedder.input_proj", &hidden, &flat, false);
    let layer = Stack::repeated(
        Vision,
        "Vision layers",
        format!("{prefix}encoder.layers.{{i}}."),
        &layers,
    )
    .patches()
    .vit(&Vit {
        hidden: &hidden,
        heads: Some(&heads),
        span: Span::Both,
        queries: &Quantity::product("q_width", &[&heads, &head]),
        keys: &Quantity::product("k_width", &[&kv, &head]),
        width: &width,
        qkv: &[
            "self_attn.q_proj.linear",
            "self_attn.k_proj.linear",
            "self_attn.v_proj.linear",
        ],
        output: "self_attn.o_proj.linear",
        mlp: &["mlp.gate_proj.linear", "mlp.up_proj.linear", "mlp.down_proj.linear"],
        norms: &[
            "input_layernorm",
            "post_attention_layernorm",
            "pre_feedforward_layernorm",
            "post_feedforward_layernorm",
        ],
        norm: Norm::Rms,
        head_norm: Some((["self_attn.q_norm", "self_attn.k_norm"], Norm::Rms, &head)),
        distances: None,
        scales: &[],
        bias: Biases::NONE,
    });
    Ok(vec![embeddings.finish(), layer.finish()])
}
